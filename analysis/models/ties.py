"""Tensors under several names: which of the names they are kept by, and parameters that are one again."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from .arithmetic import computable
from .tensor_file import TensorFile
from .told import told

_READS = re.compile(r"(^|\.)([^.]*emb[^.]*|shared|wte)\.weight$")
_SPEAKS = re.compile(r"(^|\.)(lm_head|embed_out|predictions\.decoder)\.weight$")
_USUALLY = ("gpt2", "bert", "distilbert", "roberta")  # whose config.json is silent where they are tied


def kept_names(ties: Mapping[str, str]) -> dict[str, str]:
    """Return ties such that a tensor is kept as the embedding that it is, if it is one; else as the first of them."""
    groups: dict[str, list[str]] = {}
    for name, held in ties.items():
        groups.setdefault(held, [held]).append(name)
    chosen = {held: next(filter(_READS.search, names), held) for held, names in groups.items()}
    return {name: chosen[held] for held, names in groups.items() for name in names if name != chosen[held]}


def equal_heads(file: TensorFile, metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the last layers that are equal to the embedding, where the settings say that transformers ties them."""
    if not _are_tied(metadata):
        return {}
    return {head: words for head, words in _pairs(file) if _equal(file, head, words)}


def tie(network: nn.Module, ties: Mapping[str, str]) -> nn.Module:
    """Return the network with one parameter for each tensor that has several names in it."""
    parameters = dict(network.named_parameters(remove_duplicate=False))
    for name, held in ties.items():
        if name in parameters and held in parameters:
            place, _, leaf = name.rpartition(".")
            setattr(network.get_submodule(place), leaf, parameters[held])
    return network


def _are_tied(metadata: Mapping[str, Any]) -> bool:
    said = told(metadata, "tie_word_embeddings")
    return said is True or (said is None and told(metadata, "model_type") in _USUALLY)


def _pairs(file: TensorFile) -> Iterator[tuple[str, str]]:
    heads = [name for name in file.specs if _SPEAKS.search(name) and name not in file.ties]
    for head in heads:
        alike = (name for name, spec in file.specs.items() if _READS.search(name) and spec == file.specs[head])
        words = next(alike, None)
        if words is not None and file.ties.get(words) != head:
            yield head, words


def _equal(file: TensorFile, head: str, words: str) -> bool:
    return torch.equal(*(computable(file.tensor(name)) for name in (head, words)))
