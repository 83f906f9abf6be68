"""Networks of timm, by the names of its registry."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

from torch import nn

from ...errors import UserError
from ..architecture import Architecture, TensorSpec
from .structure import ends_of, layers_in

_SETTINGS = ("input_size", "fixed_input_size", "pool_size")  # of its preparation, which choose among sizes
_NOT_OURS = {"features_only", "out_indices"}  # with these it gives lists of features


@dataclass(frozen=True)
class TimmNetwork:
    """A network by its name, and the options that it is made with."""

    library: Any
    name: str
    options: Mapping[str, Any]
    config: Mapping[str, Any]

    def build(self) -> nn.Module:
        """Return the module: images (n, channels, height, width) to logits (n, classes)."""
        module: nn.Module = self.library.create_model(self.name, pretrained=False, **self.options)
        self._check_pooling(module)
        return module

    def _check_pooling(self, module: Any) -> None:
        """Demand what the settings say of the whole network and timm notes, but does not build from."""
        pooling, told = getattr(module, "global_pool", None), self.config.get("global_pool")
        kind = getattr(pooling, "pool_type", pooling)
        if isinstance(told, str) and isinstance(kind, str) and kind != told:
            raise UserError(
                f"It pools by '{kind}', where its settings say '{told}'.",
                "Put global_pool into their model_args.",
            )

    def describe(self, module: nn.Module) -> Architecture:
        """Return what is known of the module; a head that is no linear layer is none."""
        published: Any = module.pretrained_cfg
        size = self.options.get("img_size", published["input_size"][1:])
        sides = tuple(size) if isinstance(size, list | tuple) else (size, size)
        modules = dict(module.named_modules())
        head = _first(published.get("classifier"))
        stages = [stage for stage in _stages(module) if stage["module"] in modules]
        config = {
            "network": f"timm:{self.name}",
            "config": dict(self.config),
            "depth": layers_in(module),
            "widths": [int(stage["num_chs"]) for stage in stages],
        }
        return Architecture(
            family="timm",
            title=self.name,
            config=config,
            classes=int(getattr(module, "num_classes", 0)),
            input_shape=(self.options.get("in_chans", published["input_size"][0]), *sides),
            head=head if isinstance(modules.get(head or ""), nn.Linear) else None,
            stages=ends_of([stage["module"] for stage in stages]),
        )

    def heeds(self, setting: str) -> bool:
        """Return whether a setting is its name or one of the options that it is made with."""
        return setting in ("architecture", "global_pool", *self.options)

    def renamed(self, module: nn.Module, names: Iterable[str]) -> list[str]:
        """Return the names as they are: timm's are those of its files."""
        return list(names)


def find(library: Any, name: str, config: Mapping[str, Any], specs: Mapping[str, TensorSpec] | None) -> TimmNetwork:
    """Return a network of timm with as many classes and channels as the tensors have, or else as the settings say.

    Raises
    ------
    UserError
        If timm has none of that name.
    """
    known = name.partition(".")[0]
    if not library.is_model(known):
        raise UserError(
            f"timm {library.__version__} has no network '{name}'.", "Mend the name, or install a newer timm."
        )
    published = library.get_pretrained_cfg(name if library.is_model_pretrained(name) else known)
    return TimmNetwork(library, name, _options(library, published, config, specs), config)


def load(library: Any, name: str, folder: Path) -> nn.Module:
    """Return the network of a folder as the library's own loader gives it, on the CPU."""
    module: nn.Module = library.create_model(f"local-dir:{folder}", pretrained=True)
    return module


def _options(
    library: Any, published: Any, config: Mapping[str, Any], specs: Mapping[str, TensorSpec] | None
) -> dict[str, Any]:
    """Return the network's own options; those that would load something are not among them."""
    classes = (
        config.get("num_classes", 0)
        if specs is None
        else _length(specs, _first(getattr(published, "classifier", None)), 0)
    )
    channels = _length(specs or {}, _first(getattr(published, "first_conv", None)), 1)
    told = _mapping(config.get("model_args"))
    reserved = signature(library.create_model).parameters.keys() | _NOT_OURS
    overlay = {key: value for key, value in _mapping(config.get("pretrained_cfg")).items() if key in _SETTINGS}
    return (
        {key: value for key, value in told.items() if key not in reserved}
        | ({"in_chans": channels} if channels else {})
        | ({"pretrained_cfg_overlay": overlay} if overlay else {})
        | {"num_classes": classes}
    )


def _length(specs: Mapping[str, TensorSpec], module: str | None, axis: int) -> int:
    spec = specs.get(f"{module}.weight")
    return spec.shape[axis] if spec and len(spec.shape) > axis else 0


def _first(names: Any) -> str | None:
    """Return a name, of several the first."""
    name = names[0] if isinstance(names, list | tuple) and names else names
    return name if isinstance(name, str) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _stages(module: nn.Module) -> list[Mapping[str, Any]]:
    told: Any = getattr(module, "feature_info", None) or []
    return list(getattr(told, "info", told))
