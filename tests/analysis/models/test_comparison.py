"""Comparisons against numpy."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.models import compare, describe, open_checkpoint, statistics
from graftwork.analysis.worker.tasks import Desk, compare_checkpoints, inspect


@pytest.mark.parametrize("piece", [7, 1 << 22])
def test_figures_equal_numpys(piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "_PIECE", piece)
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


def test_values_that_are_no_numbers_leave_figures_out(tmp_path: Path) -> None:
    save_file({"w": torch.tensor([1.0, float("nan")])}, tmp_path / "a.safetensors")
    one = open_checkpoint(tmp_path / "a.safetensors")
    (found,) = compare(one, [one])
    assert found["total"]["relative"] is None
    assert found["total"]["equal"] == 0.5
    json.dumps(found, allow_nan=False)


def test_a_network_is_compared_with_its_own_average(tmp_path: Path) -> None:
    torch.save({"model": {"w": torch.ones(4)}, "ema": {"w": torch.full((4,), 0.5)}}, tmp_path / "a.pt")
    desk, name = Desk(torch.device("cpu")), str(tmp_path / "a.pt")
    (found,) = compare_checkpoints(desk, {"paths": [name, f"{name}#ema"]}, Quiet())
    assert found["total"]["relative"] == 0.5
    assert inspect(desk, {"path": f"{name}#ema"}, Quiet())["metadata"]["opened"] == "ema"
    assert inspect(desk, {"path": name, "weights": "ema"}, Quiet())["metadata"]["opened"] == "ema"


def test_a_file_whose_name_has_the_mark_of_weights_is_itself(tmp_path: Path) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / "a#ema")
    assert inspect(Desk(torch.device("cpu")), {"path": str(tmp_path / "a#ema")}, Quiet())["tensors"] == 1


def test_complex_weights_are_compared_as_their_parts(tmp_path: Path) -> None:
    a, b = torch.randn(5, 4, dtype=torch.complex64), torch.randn(5, 4, dtype=torch.complex64)
    save_file({"x.weight": a}, tmp_path / "a.safetensors")
    save_file({"x.weight": b}, tmp_path / "b.safetensors")
    first, second = (open_checkpoint(tmp_path / f"{name}.safetensors") for name in "ab")
    (found,) = compare(first, [second])
    x, y = (torch.view_as_real(tensor).flatten().double() for tensor in (a, b))
    assert found["total"]["relative"] == pytest.approx(float((x - y).norm() / x.norm()))
    assert found["total"]["cosine"] == pytest.approx(float(torch.cosine_similarity(x, y, dim=0)))
    assert found["total"]["equal"] == 0
    assert describe(tmp_path / "a.safetensors")["parameters"] == 20
    assert describe(tmp_path / "a.safetensors")["norm"]["l2"] == pytest.approx(float(x.norm()))
