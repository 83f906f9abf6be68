"""The demo's networks: what ships, what it claims, and that its script makes such networks."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from graftwork.analysis.models import open_checkpoint
from graftwork.assets.demo import train as demo

FILES = [demo.HERE / f"{network.name}.safetensors" for network in demo.NETWORKS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_network_reproduces_its_stated_accuracy(path: Path) -> None:
    checkpoint = open_checkpoint(path)
    stated = checkpoint.metadata["graftwork"]
    assert demo.score(checkpoint.network()) == (stated["correct"], stated["samples"])
    assert stated["accuracy"] == stated["correct"] / stated["samples"]


@pytest.mark.parametrize("network", demo.NETWORKS, ids=lambda network: network.name)
def test_networks_for_all_digits_are_good(network: demo.Network) -> None:
    if network.base:
        pytest.skip("knows a part of the digits")
    stated = open_checkpoint(demo.HERE / f"{network.name}.safetensors").metadata["graftwork"]
    assert stated["accuracy"] >= (0.93 if network.kind == "vit" else 0.97)


def test_files_are_small_and_none_is_left_over() -> None:
    assert sorted(demo.HERE.glob("*.safetensors")) == sorted(FILES)
    assert sum(path.stat().st_size for path in FILES) < 3_000_000


def test_transformer_keeps_its_heads() -> None:
    (vit,) = (network for network in demo.NETWORKS if network.kind == "vit")
    architecture = open_checkpoint(demo.HERE / f"{vit.name}.safetensors").architecture
    assert architecture is not None
    assert architecture.config["heads"] == [3] * vit.depth


def test_average_of_the_specialists_beats_each() -> None:
    specialists = [n for n in demo.NETWORKS if n.base]
    networks = [open_checkpoint(demo.HERE / f"{n.name}.safetensors").network() for n in specialists]
    states = [network.state_dict() for network in networks]
    alone = max(demo.score(network)[0] for network in networks)
    average = {name: torch.stack([s[name].double() for s in states]).mean(0) for name in states[0]}
    networks[0].load_state_dict(average)
    assert demo.score(networks[0])[0] > alone


def test_card_has_what_the_files_say() -> None:
    card = (demo.HERE / "README.md").read_text(encoding="utf-8")
    assert "".join(demo.card_rows(demo.HERE)) in card


def test_recipe_names_files_that_ship() -> None:
    recipe = tomllib.loads((demo.HERE / "digits.toml").read_text(encoding="utf-8"))
    names = {model["name"] for model in recipe["model"]}
    assert all((demo.HERE / model["path"]).is_file() for model in recipe["model"])
    for step in recipe["step"]:
        assert {name for entry in step["of"] for name in ([entry] if isinstance(entry, str) else entry)} <= names


@pytest.mark.heavy("three trainings")
def test_training_briefly_learns_and_a_seed_fixes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)  # tests that follow would have as many
    brief = replace(demo.NETWORKS[0], training=replace(demo.NETWORKS[0].training, epochs=3))
    first, again, other = (
        demo.train(network, demo.build(network)) for network in (brief, brief, replace(brief, seed=1))
    )
    correct, samples = demo.score(first)
    assert correct > 0.7 * samples
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(first.get_parameter("conv1.weight"), other.get_parameter("conv1.weight"))


def test_shifting_moves_each_picture_whole() -> None:
    inputs = torch.zeros(50, 1, 8, 8)
    inputs[:, :, 3, 4] = 1
    moved = demo._shifted(inputs, 1, torch.Generator().manual_seed(0))
    places = moved.nonzero()[:, 2:]
    assert moved.sum((1, 2, 3)).eq(1).all()
    assert {tuple(place) for place in places.tolist()} == {(y, x) for y in (2, 3, 4) for x in (3, 4, 5)}


def test_wilson_interval_of_a_published_example() -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998) 857, table I: 81 of 263
    assert demo.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
