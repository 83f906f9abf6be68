"""Entries and the layers that they stand for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graftwork.analysis.errors import UserError
from graftwork.analysis.layers import Layer, LayerTree, split_entries

TREE = LayerTree(
    (
        Layer("conv1", "Conv2d", 72),
        Layer("layer1", "Sequential", 200),
        Layer("layer1.0", "Block", 100),
        Layer("layer1.0.conv1", "Conv2d", 50),
        Layer("layer1.1", "Block", 100),
        Layer("layer1.1.conv1", "Conv2d", 50),
        Layer("linear", "Linear", 10),
    ),
    ("layer1",),
)


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ("conv1", ("conv1",)),
        ("layer1.*.conv1", ("layer1.0.conv1", "layer1.1.conv1")),
        ("kind:Conv2d", ("conv1", "layer1.0.conv1", "layer1.1.conv1")),
        ("stages", ("layer1",)),
        ("logits", ()),
    ],
)
def test_an_entry_stands_for_its_layers(entry: str, names: tuple[str, ...]) -> None:
    assert TREE.named(entry) == names


@pytest.mark.parametrize("entry", ["layer9", "kind:Conv3d", "layer2.*"])
def test_an_entry_for_nothing_is_refused(entry: str) -> None:
    with pytest.raises(UserError, match=r"layer"):
        TREE.named(entry)


def test_a_tick_that_an_entry_covers_changes_nothing() -> None:
    assert TREE.with_layer(("kind:Conv2d",), "conv1") == ("kind:Conv2d",)
    assert TREE.with_layer(("kind:Conv2d",), "linear") == ("kind:Conv2d", "linear")


def test_taking_one_of_a_pattern_leaves_the_names_of_the_others() -> None:
    entries = ("logits", "kind:Conv2d", "linear")
    assert TREE.without_layer(entries, "conv1") == ("logits", "layer1.0.conv1", "layer1.1.conv1", "linear")


names = st.sampled_from([layer.name for layer in TREE.layers])
entries = st.lists(
    st.one_of(names, st.sampled_from(["stages", "kind:Conv2d", "layer1*", "features"])), unique=True
).map(tuple)


@given(entries, names)
def test_ticks_and_entries_stay_in_step(chosen: tuple[str, ...], name: str) -> None:
    before = TREE.chosen(chosen)
    assert TREE.chosen(TREE.with_layer(chosen, name)) == before | {name}
    assert TREE.chosen(TREE.without_layer(chosen, name)) == before - {name}


def test_a_comma_list_is_split() -> None:
    assert split_entries(" stages, conv1 ,,stages") == ("stages", "conv1")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", [layer.name for layer in TREE.layers]),
        ("LINEAR", ["linear"]),
        ("1.conv", ["layer1", "layer1.1", "layer1.1.conv1"]),
        ("block", ["layer1", "layer1.0", "layer1.0.conv1", "layer1.1", "layer1.1.conv1"]),
        ("nothing", []),
    ],
)
def test_a_search_keeps_what_is_above_and_below(text: str, names: list[str]) -> None:
    assert [layer.name for layer in TREE.holding(text).layers] == names
