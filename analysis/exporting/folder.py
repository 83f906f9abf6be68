"""As a folder that timm or transformers loads: settings, weights in shards, tokenizer, card."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..models import TensorSpec, write_checkpoint
from ..models.libraries import library_builder, library_network, loaded
from ..models.libraries.of_transformers import plain_settings
from .card import write_card
from .carried import carry
from .outgoing import Outgoing
from .settings import settings_after

_DTYPE_KEYS = ("dtype", "torch_dtype")


def check(outgoing: Outgoing) -> None:
    """Demand a network that its library can build as it is now.

    Raises
    ------
    UserError
        If it cannot, with the reason.
    """
    outgoing.model.skeleton()
    _published(outgoing)


def write(outgoing: Outgoing, draft: Path) -> None:
    """Write the folder, its weights shard by shard."""
    published = _published(outgoing)
    draft.mkdir()
    (draft / "config.json").write_text(json.dumps(published.config, indent=2) + "\n", encoding="utf-8")
    _write_weights(outgoing, published, draft)
    carry(outgoing.origin.source or outgoing.model.files[0], draft)
    write_card(outgoing, draft / "README.md")


def opened(outgoing: Outgoing, draft: Path) -> nn.Module | None:
    """Return what the library's own loader makes of the folder."""
    return loaded(_published(outgoing).network, draft)


@dataclass(frozen=True)
class _Published:
    """A model as its library has it: which network, its settings, and what it calls each tensor."""

    network: str
    config: Mapping[str, Any]
    names: Mapping[str, str]


def _published(outgoing: Outgoing) -> _Published:
    model = outgoing.model
    network, settings = settings_after(model)
    config = _typed(plain_settings(settings), model.specs)
    builder = library_builder(network, model.specs, {"config": config}, _prefix(network, config))
    return _Published(network, config, builder.names)


def _prefix(network: str, config: Mapping[str, Any]) -> str:
    """Return what a library puts before the names of a network's body, which a file of the body alone leaves out."""
    kind = getattr(library_network(network, config).recipe, "kind", None)
    prefix = getattr(kind, "base_model_prefix", "")
    return f"{prefix}." if prefix else ""


def _typed(config: dict[str, Any], specs: Mapping[str, TensorSpec]) -> dict[str, Any]:
    """Return settings that say the widest type of the tensors where they say one: the loader converts to it."""
    floats = [spec.dtype for spec in specs.values() if spec.dtype.is_floating_point]
    widest = str(max(floats, key=lambda dtype: dtype.itemsize, default=torch.float32)).removeprefix("torch.")
    return config | {key: widest for key in _DTYPE_KEYS if config.get(key) is not None}


def _write_weights(outgoing: Outgoing, published: _Published, draft: Path) -> None:
    sizes = {name: spec.size * spec.dtype.itemsize for name, spec in outgoing.model.specs.items()}
    most = outgoing.choice.shard_size if published.network.startswith("transformers:") else None
    shards, placed = list(_shards(sizes, most)), dict[str, str]()
    for number, shard in enumerate(shards, 1):
        file = "model.safetensors" if len(shards) == 1 else f"model-{number:05}-of-{len(shards):05}.safetensors"
        held = {published.names[name]: name for name in shard}
        outgoing.ticket.progress(len(placed), len(sizes), file)
        _write_shard(outgoing, held, draft / file)
        placed |= dict.fromkeys(held, file)
    if len(shards) > 1:
        index = {"metadata": {"total_size": sum(sizes.values())}, "weight_map": placed}
        (draft / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def _write_shard(outgoing: Outgoing, held: Mapping[str, str], path: Path) -> None:
    """Write tensors, by their names in the library each with that in the model."""

    def tensor(called: str) -> Tensor:
        outgoing.ticket.check()
        return outgoing.model.tensor(held[called])

    specs = {called: outgoing.model.specs[name] for called, name in held.items()}
    write_checkpoint(path, specs, tensor, {"lineage": outgoing.lineage()})


def _shards(sizes: Mapping[str, int], most: int | None) -> Iterator[list[str]]:
    """Give the names that lie in one file, in order: as many as it may hold, or one that is larger."""
    shard: list[str] = []
    for name, size in sizes.items():
        if shard and most is not None and sum(sizes[other] for other in shard) + size > most:
            yield shard
            shard = []
        shard.append(name)
    yield shard
