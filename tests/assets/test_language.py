"""The language models that come along: what they claim, and that their script makes such models."""

import json

import pytest
import torch

from graftwork.analysis.data import open_data
from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.trials import DataSpec
from graftwork.assets.language import train as language

TEXT = language.HELD_OUT.read_text(encoding="utf-8")
FILES = [language.HERE / f"language-{depth}.safetensors" for depth in language.DEPTHS]


@pytest.mark.heavy("the whole held-out text goes through the network")
@pytest.mark.parametrize("depth", language.DEPTHS)
def test_each_costs_the_bits_that_it_claims(depth: int) -> None:
    checkpoint = open_checkpoint(language.HERE / f"language-{depth}.safetensors")
    assert checkpoint.architecture is not None
    assert checkpoint.architecture.title == f"GPT-2, {depth} blocks of 160"
    assert checkpoint.architecture.config["head_dim"] == 32
    stated = checkpoint.metadata["graftwork"]["bits"]
    assert language.bits(checkpoint.network(), TEXT) == pytest.approx(stated, abs=1e-3)
    assert stated < 3.0  # the character before it alone: 3.8


def test_they_are_small_and_the_characters_are_theirs() -> None:
    assert sorted(language.HERE.glob("*.safetensors")) == sorted(FILES)
    assert sum(path.stat().st_size for path in FILES) < 6_000_000
    assert json.loads((language.HERE / "characters.json").read_text(encoding="utf-8")) == language.CHARACTERS


def test_they_read_a_data_set() -> None:
    characters = str(language.HERE / "characters.json")
    spec = DataSpec(name="text", path=str(language.HELD_OUT), content="-", tokenizer=characters, length=64)
    data = open_data(spec)
    network = open_checkpoint(FILES[0]).network()
    with torch.inference_mode():
        logits = network(next(data.batches(8)))
    assert logits.shape == (8, 64, len(language.CHARACTERS) + 1)


@pytest.mark.heavy("a training")
def test_a_short_training_learns() -> None:
    tokens = language.encode(TEXT)
    before = language.bits(language.fresh(1), TEXT[:2000])
    network = language.train(1, tokens, language.Training(steps=40, batch=8))
    assert language.bits(network, TEXT[:2000]) < before - 1
