"""Opening a checkpoint of any known format, by its file, its index or its folder."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UserError
from .checkpoint import Checkpoint
from .encodings import check_plain, decoded
from .encodings.uniform import KEY
from .folder import ADAPTER, beside, weights_of
from .opening import open_file
from .recognising import is_own
from .refusals import CHECKPOINTS
from .sharded_file import INDEX, indexed_file, is_index, parted_file, series_of
from .subset import part
from .tensor_file import TensorFile

_ADAPTS = re.compile(r"(.+?)\.(lora_\w+|ia3_l|hada_w\d_[ab]|lokr_w\d)\b.*")
_PROMPTS = {"prompt_embeddings", "prompt_encoder.embedding.weight"}


def open_checkpoint(
    path: Path, weights: str | None = None, network: str | None = None, activation: str | None = None
) -> Checkpoint:
    """Open a checkpoint; nothing in it is executed, and tensors are read when they are asked for.

    Parameters
    ----------
    path : Path
        A file, the index of several files, or a folder that holds either.
    weights : str or None
        Which weights to open where there are several sets, such as ``ema``; None for the usual ones. The metadata's
        ``weights`` lists them and ``opened`` says which these are.
    network : str or None
        What builds the network: a library's, ``timm:NAME`` or ``transformers:CLASS``, or a person's own code, which is
        run; None for a recognised one, or what the file says that a library knows it by.
    activation : str or None
        What its layers are followed by, such as ``tanh``, where the file leaves that open.

    Raises
    ------
    UserError
        If there is no such file, if it is damaged or of an unknown format, if it holds no tensors, if its tensors are
        codes that cannot be decoded or made by code that it lacks, if reading it would run code, if it has no such
        weights, or several and none is the usual one, if ``network`` cannot be built or has other tensors, or if there
        is no such ``activation``, or none to declare.
    """
    place = _weights_file(path)
    file = _opened(place, weights, path)
    if not file.specs:
        raise UserError(f"'{path.name}' holds no tensors.", CHECKPOINTS)
    _check_whole(path, file)
    said = beside(place.parent)
    file = decoded(file, _quantisation(said), _stored(file.metadata))
    check_plain(path.name, file.specs, with_code=is_own(network, file.metadata))
    return Checkpoint(path, file, said, network, activation and activation.lower())


def open_stored(path: Path) -> TensorFile:
    """Open a checkpoint's tensors as they lie in its file, codes as codes and under the file's names.

    Raises
    ------
    UserError
        As `open_checkpoint`.
    """
    return _opened(_weights_file(path), None, path)


def _opened(place: Path, weights: str | None, path: Path) -> TensorFile:
    if is_index(place.name):
        return part(indexed_file(place), weights, path)
    if series_of(place.name) and path.is_dir():
        return part(parted_file(place), weights, path)
    return open_file(place, weights)


def named_weights(text: str) -> tuple[Path, str | None]:
    """Return the path and the weights of ``FILE`` or ``FILE#WEIGHTS``; a file whose name has a # comes first."""
    path, mark, weights = text.rpartition("#")
    if mark and path and weights and not Path(text).exists():
        return Path(path), weights
    return Path(text), None


def _weights_file(path: Path) -> Path:
    if is_index(path.name) and not path.name.endswith(INDEX):
        raise UserError(f"'{path.name}' is the index of a variant.", "Open the folder that it lies in.")
    try:
        return weights_of(path) if path.is_dir() else path
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"'{path}' cannot be read: {reason}.", "Check the path and its permissions.") from error


def _quantisation(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of the packer that a ``config.json`` names; none where it names none."""
    config = said.get("config")
    settings = config.get("quantization_config") if isinstance(config, Mapping) else None
    return settings if isinstance(settings, Mapping) else {}


def _stored(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what this program's entry says of tensors that lie in the file as codes."""
    own = metadata.get("graftwork")
    stored = own.get(KEY) if isinstance(own, Mapping) else None
    return stored if isinstance(stored, Mapping) else {}


def _check_whole(path: Path, file: TensorFile) -> None:
    """Refuse an adapter: it has less of its own than there are layers that it changes."""
    found = {name: match[1] for name in file.specs if (match := _ADAPTS.fullmatch(name))}
    layers = {*found.values()}
    own = [name for name in file.specs if name not in found and name.removesuffix(".alpha") not in layers]
    if _PROMPTS & file.specs.keys() or len(own) < len(layers):
        raise UserError(f"'{path.name}' is an adapter, which changes another model.", ADAPTER)
