"""The ``config.json`` of a network as it is now: blocks that were dropped are told."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from ..errors import UserError
from ..models import Checkpoint
from ..models.libraries import library_network, named_network, settings_of
from ..models.structure import Edit, Path
from ..models.structure.edits.places import at, members
from ..models.structure.plain import plain

_DEPTHS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")


def settings_after(model: Checkpoint) -> tuple[str, dict[str, Any]]:
    """Return the library's network, ``timm:NAME`` or ``transformers:CLASS``, and its settings after all edits.

    Raises
    ------
    UserError
        If nothing tells of which library it is, or the library has no settings for what was edited.
    """
    network = named_network(model.metadata)
    if network is None:
        raise UserError(
            f"No config.json says how timm or transformers would build '{model.path.name}'.",
            "Put the one that it was published with beside it, or export .safetensors or .pt2.",
        )
    edits = model.structure().edits
    for edit in edits:
        _require_held(network, edit)
    paths = [edit for edit in edits if isinstance(edit, Path)]
    settings = dict(settings_of(model.metadata))
    skeleton = plain(model.structure().base, model.metadata).skeleton() if paths else nn.Module()
    for path in paths:
        settings = _shortened(network, settings, path, skeleton)
        path.apply(skeleton, {})
    if network.startswith("timm:"):
        settings.setdefault("pretrained_cfg", {})  # without it, timm takes all settings for that
    return network, settings


def _require_held(network: str, edit: Edit) -> None:
    library = network.partition(":")[0]
    looped = isinstance(edit, Path) and len(set(edit.order)) < len(edit.order)
    if looped or not isinstance(edit, Path):
        what = "a block that is run twice" if looped else f"a {' '.join(edit.words)}"
        more = "Use --dense, or export" if edit.kind == "replace" else "Export"
        raise UserError(f"{library} cannot build {what}.", f"{more} .safetensors or .pt2.")


def _shortened(network: str, settings: dict[str, Any], path: Path, before: nn.Module) -> dict[str, Any]:
    if network.startswith("timm:"):
        return {**settings, "model_args": {**settings.get("model_args", {}), **_of_timm(path, before)}}
    whole = library_network(network, settings)
    config: Any = getattr(whole.recipe, "config", None)
    depth = len(members(at(before, path.blocks)))
    lists = {key: value for key, value in config.to_dict().items() if isinstance(value, list) and len(value) == depth}
    numbers = {key: len(path.order) for key in _DEPTHS if settings.get(key) == depth}
    told = numbers or {_depth_key(config, depth): len(path.order)}
    return {**settings, **told, **{key: [lists[key][block] for block in path.order] for key in _by_layer(lists)}}


def _depth_key(config: Any, depth: int) -> str:
    """Return what a library's settings call the number of blocks, where they leave it at its usual value."""
    told = config.to_dict()
    return next((key for key in _DEPTHS if told.get(key) == depth), _DEPTHS[0])


def _by_layer(lists: Mapping[str, list[Any]]) -> Iterator[str]:
    """Give the lists that have an entry a layer, by their names."""
    return (key for key in lists if re.search(r"layer|pattern|window", key))


def _of_timm(path: Path, before: nn.Module) -> dict[str, Any]:
    """Return the arguments of a network of timm that tell how many blocks it has, in all of its rows."""
    place = re.fullmatch(r"(.*?)(\d+)((?:\.blocks)?)", path.blocks)
    if place is None:
        return {"depth": len(path.order)}
    names = dict(before.named_modules())
    rows = [f"{place[1]}{number}{place[3]}" for number in range(100)]
    depths = [len(path.order) if row == path.blocks else len(members(names[row])) for row in rows if row in names]
    return {"depths" if place[3] else "layers": depths}
