"""Comparisons against numpy."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from graftwork.analysis.models import compare, open_checkpoint


def test_figures_equal_numpys(tmp_path: Path) -> None:
    torch.manual_seed(0)
    a = {"x.weight": torch.randn(6, 5), "y.weight": torch.randn(4), "only": torch.ones(1), "n": torch.ones(2, 2)}
    b = {"x.weight": a["x.weight"] + 0.5 * torch.randn(6, 5), "y.weight": a["y.weight"].half(), "n": torch.ones(3)}
    a["x.weight"][:2] = 0
    b["x.weight"][1:3] = 0
    for name, state in (("a", a), ("b", b)):
        save_file(state, tmp_path / f"{name}.safetensors")
    first, second = (open_checkpoint(tmp_path / f"{name}.safetensors") for name in "ab")
    (found,) = compare(first, [second])
    assert (found["missing"], found["extra"], found["reshaped"]) == (["only"], [], ["n"])
    x, y = (np.asarray(s["x.weight"].double()) for s in (a, b))
    figures = found["tensors"]["x.weight"]
    assert figures["relative"] == pytest.approx(np.linalg.norm(x - y) / np.linalg.norm(x))
    assert figures["cosine"] == pytest.approx((x * y).sum() / np.linalg.norm(x) / np.linalg.norm(y))
    assert figures["flipped"] == pytest.approx((x * y < 0).sum() / (x * y != 0).sum())
    assert figures["equal"] == pytest.approx((x == y).mean())
    assert figures["mask_overlap"] == pytest.approx(1 / 3)
    whole = [np.concatenate([np.asarray(s[n].double()).ravel() for n in ("x.weight", "y.weight")]) for s in (a, b)]
    assert found["total"]["relative"] == pytest.approx(np.linalg.norm(whole[0] - whole[1]) / np.linalg.norm(whole[0]))


def test_a_checkpoint_equals_itself(tmp_path: Path) -> None:
    save_file({"w": torch.randn(3, 3)}, tmp_path / "a.safetensors")
    one = open_checkpoint(tmp_path / "a.safetensors")
    (found,) = compare(one, [one])
    assert found["total"] == {
        "relative": 0.0,
        "cosine": pytest.approx(1.0),
        "flipped": 0.0,
        "equal": 1.0,
        "mask_overlap": None,
    }
