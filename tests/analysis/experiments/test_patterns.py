"""Patterns of layers that fit none are refused when a recipe is planned."""

from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import Plan

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
HEAD = """
[[model]]
name = "net"
path = "digits-resnet8.safetensors"
[[data]]
name = "test"
path = "digits"
normalise = "digits"
split = "test"
"""
MEASURE = '[measure]\ndata = "test"\nwhat = ["accuracy"]\n'
CUT = '[[step]]\nname = "cut"\nmethod = "prune.magnitude"\nof = ["net"]\n'
AGAIN = '[[step]]\nname = "again"\nmethod = "prune.magnitude"\nof = ["cut"]\n'
TAUGHT = '[[step]]\nname = "taught"\nmethod = "distil.features"\nof = ["cut"]\nteacher = "net"\ndata = "test"\n'


def planned(text: str) -> Plan:
    return plan(anchored(parse_recipe(HEAD + text), DEMO))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            CUT + 'layers = ["layr2.*"]',
            "net/cut: There is no layer to prune that fits 'layr2.*'. Did you mean",
        ),
        (CUT + "amounts = {linea = 0.5}", "no layer to prune that fits 'linea'. Did you mean 'linear'"),
        (CUT + 'layers = [["layer1.*"], ["layer9.*"]]', "net/cut-layer9.*: There is no layer to prune that fits"),
        (CUT + AGAIN + 'layers = ["bn1"]', "net/cut/again: There is no layer to prune that fits 'bn1'"),
        (CUT + TAUGHT + 'layers = ["layer1", "laier2"]', "There is no layer 'laier2'. Did you mean 'layer2'"),
        (CUT + TAUGHT + 'teacher_layers = ["layer2.*.konv1"]', "no layer that fits 'layer2.*.konv1'. Did you mean"),
        (MEASURE + 'layers = ["stages", "layer7"]', "net: There is no layer 'layer7'. Did you mean 'layer"),
    ],
)
def test_a_pattern_that_fits_no_layer_is_refused_with_the_nearest_name(text: str, problem: str) -> None:
    with pytest.raises(UserError) as refused:
        planned(text)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        CUT + 'layers = ["layer2.*", "linear"]\namounts = {"layer2.*" = 0.2}',
        CUT + AGAIN + 'layers = "each"',
        CUT + TAUGHT + 'layers = ["stages", "layer2.*.conv1", "kind:Linear"]',
        MEASURE + 'layers = ["stages", "kind:Conv2d"]',
    ],
)
def test_patterns_that_fit_are_planned(text: str) -> None:
    assert planned(text).trials


def test_a_network_that_nobody_recognises_has_only_its_weights_to_fit(tmp_path: Path) -> None:
    import torch

    torch.save({"one.weight": torch.zeros(2, 2)}, tmp_path / "net.pt")
    head = HEAD.replace("digits-resnet8.safetensors", str(tmp_path / "net.pt"))
    assert plan(anchored(parse_recipe(head + CUT + 'layers = ["one"]'), DEMO)).trials
    with pytest.raises(UserError, match="no layer to prune that fits 'two'"):
        plan(anchored(parse_recipe(head + CUT + 'layers = ["two"]'), DEMO))
