"""Files that ``torch.save`` wrote, read without executing anything in them.

A pickle is a program. It is run by an interpreter that knows tensors and plain containers alone, and whatever asks for
more is refused by name.
"""

import pickletools
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError
from .architecture import TensorSpec
from .plain import plain
from .weight_sets import choose_set
from .zipped import ZipReader

# Where training programs put the weights, in the order of preference.
_NESTS = ("state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params")
_NOT_WEIGHTS = re.compile(r"optim|sched|scaler|callback|loop|hyper|rng|sampler|loss", re.IGNORECASE)
_SAFE = "In an environment that you trust, load it and save its state_dict() as safetensors."
_CHECKPOINTS = "Open a safetensors file, or a state_dict that torch.save wrote."
_AGAIN = "Copy or download it again."


class TorchFile:
    """An open torch file; of a zip file, tensors stay on disk until they are read.

    Of several sets of weights, such as those that were trained and their running average, one is taken: the one that
    ``weights`` names, or else the trained one. ``metadata["weights"]`` lists them.

    Raises
    ------
    UserError
        If the file would execute code, is damaged, holds no tensors, or several sets of which none was named.
    """

    def __init__(self, path: Path, *, zipped: bool, weights: str | None = None) -> None:
        self.format = "torch zip" if zipped else "torch legacy"
        if zipped:
            _check_archive(path)
        try:
            content = _load(path, zipped)
            self._tensors, metadata = _split(content, path, weights)
        except UserError:
            raise
        except Exception as error:
            raise _refusal(path, error, zipped) from error
        self.metadata: Mapping[str, Any] = metadata
        self.specs: Mapping[str, TensorSpec] = {
            name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in self._tensors.items()
        }

    def tensor(self, name: str) -> Tensor:
        """Return a copy of one tensor."""
        return self._tensors[name].detach().clone(memory_format=torch.contiguous_format)


def _check_archive(path: Path) -> None:
    entries = ZipReader(path)
    content = entries.find("data.pkl")
    if content is None:
        raise UserError(f"'{path.name}' is a zip file, but not one that torch.save wrote.", _CHECKPOINTS)
    entries.text(content)  # refuses one that would unpack without end


def _load(path: Path, zipped: bool) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a foreign pickle's protocol is no concern of the reader
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)


def _split(content: Any, path: Path, weights: str | None) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors by name, and the JSON values beside them on the way down."""
    state, beside = _unnest(content, path, weights)
    if not isinstance(state, Mapping):
        raise UserError(f"'{path.name}' holds a {type(state).__name__}, not tensors by name.", _CHECKPOINTS)
    tensors = {name: value for name, value in state.items() if isinstance(name, str) and isinstance(value, Tensor)}
    _check_tensors(tensors, path)
    beside |= {str(key): value for key, value in state.items() if key not in tensors}
    return tensors, {key: kept for key, value in beside.items() if (kept := plain(value)) is not None}


def _unnest(state: Any, path: Path, weights: str | None) -> tuple[Any, dict[str, Any]]:
    """Go down to the mapping that holds the tensors; return it, and what lay beside the way."""
    if not isinstance(state, Mapping):
        return state, {}
    sets = [key for key, value in state.items() if isinstance(value, Mapping) and _holds_tensors(value)]
    sets = [key for key in sets if not _NOT_WEIGHTS.search(str(key))]
    if any(isinstance(value, Tensor) for value in state.values()):
        sets = [key for key in sets if key in _NESTS]
    if not sets:
        return state, {}
    nest = _chosen(sets, path, weights)
    beside = {str(key): value for key, value in state.items() if key != nest}
    if len(sets) > 1:
        beside["weights"] = [str(key) for key in sets]
    inner, nearer = _unnest(state[nest], path, None if nest == weights else weights)
    return inner, beside | nearer


def _chosen(sets: list[Any], path: Path, weights: str | None) -> Any:
    if weights in sets:
        return weights
    if len(sets) == 1:
        return sets[0]
    usual = next((key for key in _NESTS if key in sets), None)
    return usual or choose_set([str(key) for key in sets], weights, path.name)


def _holds_tensors(state: Mapping[Any, Any]) -> bool:
    return any(isinstance(v, Tensor) or (isinstance(v, Mapping) and _holds_tensors(v)) for v in state.values())


def _check_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    for name, tensor in tensors.items():
        if tensor.layout is not torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
            raise UserError(f"'{path.name}' holds '{name}', which is sparse, quantised or without data.", _SAFE)


def _refusal(path: Path, error: Exception, zipped: bool) -> UserError:
    """Return the sentence for a file that could not be loaded: what it would run, or else that it is damaged."""
    named = re.search(r"GLOBAL ([\w.]+)", str(error))
    wanted = named[1] if named else next(_stacked(path), None) if not zipped else None
    if wanted is None:
        return UserError(f"'{path.name}' is truncated, damaged or not a file of tensors.", _AGAIN)
    return UserError(f"'{path.name}' was not opened: reading it would run '{wanted}'.", _SAFE)


def _stacked(path: Path) -> Iterator[str]:
    """Yield what a pickle of the later protocols, which name objects in two strings, would import."""
    strings: list[str] = []
    try:
        with path.open("rb") as stream:
            for code, argument, _ in pickletools.genops(stream):
                if code.name == "STACK_GLOBAL":
                    yield ".".join(strings[-2:])
                elif isinstance(argument, str):
                    strings.append(argument)
    except ValueError:
        return
