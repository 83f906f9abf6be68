"""Networks of transformers, by their classes and a ``config.json``: classifiers, language models, encoders."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import reduce
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import UserError
from ..architecture import Architecture, Sizes, TensorSpec
from ..padding import MASKED
from ..parts.attention import masked_mean
from .structure import ends_of, layers_in, name_of

_LANGUAGE = ("ForCausalLM", "LMHeadModel", "ForMaskedLM")
_CLASSIFIERS = ("ForSequenceClassification", "ForImageClassification", "ForImageClassificationWithTeacher")
_KINDS = (*_LANGUAGE, *_CLASSIFIERS, "Model")
_FOREIGN = ("auto_map", "quantization_config", "use_pretrained_backbone")  # settings that fetch or change weights
_LENGTH = 512  # tokens of an input, at most
_POSITIONS = ("position_embeddings", "embed_positions", "wpe")


@dataclass(frozen=True)
class TransformersNetwork:
    """A network by its class, and the settings that it is made with."""

    kind: Any
    config: Any
    told: Mapping[str, Any]

    def build(self) -> nn.Module:
        """Return the module: tokens (n, length) or images (n, channels, height, width) to one tensor.

        That is the logits, or of an encoder its pooled output, of tokens the mean of the real ones.
        """
        return _of_one_tensor(self.kind(deepcopy(self.config)))

    def describe(self, module: nn.Module) -> Architecture:
        """Return what is known of the module."""
        name, classes = self.kind.__name__, self._classes()
        blocks = max(_lists(module).items(), key=lambda item: _size(item[1]), default=("", nn.ModuleList()))
        stages = ends_of([f"{blocks[0]}.{number}" for number in range(len(blocks[1]))])
        widths = getattr(self.config, "hidden_sizes", None) or [getattr(self.config, "hidden_size", 0)]
        config = {
            "network": f"transformers:{name}",
            "config": dict(self.told),
            "depth": layers_in(module),
            "widths": [int(width) for width in widths],
        }
        head = _head(module, classes) if classes else None
        if self.kind.main_input_name == "pixel_values":
            return Architecture("transformers", name, config, classes, _image(self.config), head, stages)
        vocabulary = int(self.config.vocab_size)
        told, placed = _told_length(self.config), _places(module)
        most = min(told, placed) if placed else None
        shape = (min(most or told, _LENGTH),)
        sizes = Sizes(1, most) if most else None
        return Architecture("transformers", name, config, classes, shape, head, stages, "tokens", vocabulary, sizes)

    def heeds(self, setting: str) -> bool:
        """Return whether its class has a setting, or makes another one of it."""
        if setting in ("model_type", "architectures") or hasattr(type(self.config)(), setting):
            return True
        left = {key: value for key, value in self.told.items() if key != setting}
        without, whole = (_made(self.kind, told).to_dict() for told in (left, self.told))
        return setting not in _FOREIGN and without != {key: value for key, value in whole.items() if key != setting}

    def renamed(self, module: nn.Module, names: Iterable[str]) -> list[str]:
        """Return what the library makes of the names in a file; before release 5 they were its own."""
        try:
            from transformers.conversion_mapping import get_model_conversion_mapping
            from transformers.core_model_loading import WeightRenaming
        except ImportError:
            return list(names)
        changes = [change for change in get_model_conversion_mapping(module) if isinstance(change, WeightRenaming)]
        return [reduce(lambda called, change: change.rename_source_key(called)[0], changes, name) for name in names]

    def _classes(self) -> int:
        if self.kind.__name__.endswith(_LANGUAGE):
            return int(self.config.vocab_size)
        return int(self.config.num_labels) if self.kind.__name__.endswith(_CLASSIFIERS) else 0


def find(
    library: Any, name: str, config: Mapping[str, Any], specs: Mapping[str, TensorSpec] | None
) -> TransformersNetwork:
    """Return a network of transformers, made as a ``config.json`` says.

    Raises
    ------
    UserError
        If transformers has no such class, it is of another kind, or its settings are not told.
    """
    kind = getattr(library, name, None)
    if not (isinstance(kind, type) and issubclass(kind, library.PreTrainedModel)):
        raise UserError(
            f"transformers {library.__version__} has no network '{name}'.",
            "Mend the name, or install a newer transformers.",
        )
    if "model_type" not in config:
        raise UserError(f"'{name}' needs its settings.", "Put the config.json that it was saved with beside it.")
    made = _made(kind, config)
    _check_kind(kind, made)
    return TransformersNetwork(kind, made, config)


def _made(kind: Any, told: Mapping[str, Any]) -> Any:
    made = kind.config_class.from_dict(plain_settings(told))
    made.use_cache, made.return_dict = False, True
    return made


def load(library: Any, name: str, folder: Path) -> nn.Module:
    """Return the network of a folder as the library's own loader gives it, on the CPU.

    Raises
    ------
    UserError
        If tensors are missing there, or have no place.
    """
    kind: Any = getattr(library, name)
    library.utils.logging.disable_progress_bar()
    module, told = kind.from_pretrained(folder, local_files_only=True, output_loading_info=True)
    wrong = [str(found) for key in ("missing_keys", "unexpected_keys", "mismatched_keys") for found in told[key]]
    if wrong:
        raise UserError(f"transformers finds '{wrong[0]}' missing or out of place.", "Export .safetensors instead.")
    module.config.use_cache, module.config.return_dict = False, True
    return _of_one_tensor(module)


def _of_one_tensor(module: Any) -> nn.Module:
    """Return a module of transformers that takes one tensor and gives one."""
    setattr(module, MASKED, getattr(module.config, "pad_token_id", None))
    module.register_forward_pre_hook(_Inputs(type(module)), with_kwargs=True)
    module.register_forward_hook(_output, with_kwargs=True)
    return module  # type: ignore[no-any-return]


def plain_settings(value: Any) -> Any:
    """Return settings without those that name code, other weights or other arithmetic."""
    if not isinstance(value, Mapping):
        return [plain_settings(item) for item in value] if isinstance(value, list) else value
    kept = (key for key in value if key not in _FOREIGN and not key.endswith("_implementation"))
    return {key: plain_settings(value[key]) for key in kept}


def _check_kind(kind: Any, config: Any) -> None:
    several = getattr(config, "is_encoder_decoder", False) or bool(getattr(config, "sub_configs", None))
    several = several or bool(getattr(config, "backbone", None))
    takes = kind.main_input_name in ("input_ids", "pixel_values")
    if several or not takes or not kind.__name__.endswith(_KINDS):
        raise UserError(
            f"'{kind.__name__}' is no classifier, language model or encoder of one kind of input.",
            "Keep to methods and measures on weights.",
        )


@dataclass(frozen=True)
class _Inputs:
    """Gives a module its inputs by name, with the mask of the real tokens where it takes one and looks ahead."""

    kind: Any

    def __call__(self, module: nn.Module, args: tuple[Tensor], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        name, pad = self.kind.main_input_name, getattr(module, MASKED)
        given = {name: args[0]}
        causal = self.kind.__name__.endswith(("ForCausalLM", "LMHeadModel"))
        takes = name == "input_ids" and "attention_mask" in signature(self.kind.forward).parameters
        if takes and not causal and pad is not None and not args[0].is_meta:
            given["attention_mask"] = (args[0] != pad).long()
        return (), kwargs | given


def _output(module: nn.Module, args: tuple[()], kwargs: dict[str, Any], output: Any) -> Tensor:
    """Return the one tensor of what a module gives."""
    if getattr(output, "logits", None) is not None:
        logits: Tensor = output.logits
        return logits
    hidden: Tensor = output.last_hidden_state
    if "input_ids" in kwargs:
        return masked_mean(hidden, kwargs.get("attention_mask", torch.ones_like(kwargs["input_ids"])))
    pooled = getattr(output, "pooler_output", None)
    if pooled is None:
        return hidden.mean(1) if hidden.ndim == 3 else hidden.mean((2, 3))
    flat: Tensor = pooled.flatten(1)
    return flat


def _lists(module: nn.Module) -> dict[str, nn.ModuleList]:
    return {name: part for name, part in module.named_modules() if isinstance(part, nn.ModuleList)}


def _size(part: nn.Module) -> int:
    return sum(parameter.numel() for parameter in part.parameters())


def _head(module: Any, classes: int) -> str | None:
    """Return the name of the last linear layer that gives the classes."""
    linear = [part for part in module.modules() if isinstance(part, nn.Linear) and part.out_features == classes]
    return name_of(module, linear[-1]) if linear else None


def _image(config: Any) -> tuple[int, ...]:
    size = getattr(config, "image_size", 224)
    sides = tuple(size) if isinstance(size, list | tuple) else (size, size)
    return (int(getattr(config, "num_channels", 3)), *map(int, sides))


def _told_length(config: Any) -> int:
    """Return how many tokens an input may have, as the settings say."""
    told = (getattr(config, key, None) for key in ("max_position_embeddings", "n_positions"))
    return next((length for length in told if isinstance(length, int) and length > 0), _LENGTH)


def _places(module: nn.Module) -> int | None:
    """Return how many tokens have a position to look up; some networks number them from after that of the padding."""
    found = (part for name, part in module.named_modules() if name.endswith(_POSITIONS))
    table = next((part for part in found if isinstance(part, nn.Embedding)), None)
    if table is None:
        return None
    return table.num_embeddings - (0 if table.padding_idx is None else table.padding_idx + 1)
