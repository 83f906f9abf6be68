"""Whatever a file holds, opening it gives a checkpoint or one clear sentence, and never runs its code."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save, save_file

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import describe, open_checkpoint

from ..broken import Hostile
from .broken_checkpoints import STATE, header, torch_bytes
from .networks import built


def refused(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        open_checkpoint(path)
    assert caught.value.problem.endswith(".")
    assert caught.value.next_step.endswith(".")
    return caught.value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_hostile_pickle_is_refused(tmp_path: Path, protocol: int) -> None:
    trace = tmp_path / "trace"
    data = pickle.dumps({"x": Hostile(trace)}, protocol=protocol)
    (tmp_path / "a.pth").write_bytes(data)
    problem = refused(tmp_path / "a.pth").problem
    assert not trace.exists()
    assert protocol < 2 or "would run" in problem
    pickle.loads(data)
    assert trace.exists(), "the pickle was harmless, so the test showed nothing"


def test_a_content_that_holds_itself_is_refused(tmp_path: Path) -> None:
    content: dict[str, Any] = {"w": torch.ones(2)}
    content["model"] = content
    torch.save(content, tmp_path / "a.pt")
    refused(tmp_path / "a.pt")


@pytest.mark.parametrize("content", [save(STATE), torch_bytes(STATE, zipped=True), torch_bytes(STATE, zipped=False)])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, content: bytes) -> None:
    for length in [*range(0, len(content) - 1, 37), len(content) - 1]:
        (tmp_path / "a.bin").write_bytes(content[:length])
        refused(tmp_path / "a.bin")


def test_a_file_that_shrinks_after_opening_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(save(STATE))
    checkpoint = open_checkpoint(path)
    path.write_bytes(save(STATE)[:-40])
    with pytest.raises(UserError, match="shorter"):
        [checkpoint.tensor(name) for name in STATE]
    path.unlink()
    with pytest.raises(UserError, match="no longer"):
        checkpoint.tensor("b")


# What opens nevertheless


def test_tensors_without_elements_open_in_every_format(tmp_path: Path) -> None:
    empty = {"none": torch.empty(0, 3), "some": torch.ones(2)}
    for content in (save(empty), torch_bytes(empty, zipped=True), torch_bytes(empty, zipped=False)):
        (tmp_path / "a.bin").write_bytes(content)
        assert open_checkpoint(tmp_path / "a.bin").tensor("none").shape == (0, 3)


LAUGHS = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))])


FRONTS = [f"{LAUGHS}\nlicense: *a11", f"{LAUGHS}\nmodel-index: *a11", "license: " + "[" * 9999]


@pytest.mark.parametrize("front", FRONTS)
def test_a_card_without_end_is_left_out(front: str, tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "model.safetensors")
    (tmp_path / "README.md").write_text(f"---\n{front}\n---\n")
    (tmp_path / "config.json").write_text("[" * 100_000)
    told = describe(tmp_path)
    assert not told["card"] or not told["card"]["claims"]
    assert told["metadata"] == {}


def test_values_that_share_one_another_without_end_are_left_out(tmp_path: Path) -> None:
    shared: list[Any] = [1]
    for _ in range(60):
        shared = [shared, shared]
    torch.save({"state_dict": STATE, "history": shared, "epoch": 3}, tmp_path / "a.pt")
    assert open_checkpoint(tmp_path / "a.pt").metadata == {"epoch": 3}


def test_numbers_that_are_none_open_and_are_counted(tmp_path: Path) -> None:
    save_file({"w": torch.tensor([[1.0, float("nan")], [float("inf"), 0.0]])}, tmp_path / "a.safetensors")
    (layer,) = describe(tmp_path / "a.safetensors", statistics=True)["layers"]
    assert (layer["not_finite"], layer["zeros"]) == (2, 1)


@pytest.mark.parametrize("change", [{"fc.weight": (0, 16), "fc.bias": (0,)}, {"layer2.0.conv1.weight": (8, 4, 3, 2)}])
def test_no_classes_and_wrong_shapes_open_and_cannot_be_run(change: dict[str, Any], tmp_path: Path) -> None:
    wrong = {name: torch.ones(shape) for name, shape in change.items()}
    torch.save(built("resnet_cifar").module.state_dict() | wrong, tmp_path / "a.pt")
    checkpoint = open_checkpoint(tmp_path / "a.pt")
    assert all(checkpoint.specs[name].shape == shape for name, shape in change.items())
    with pytest.raises(UserError, match="fit no known family"):
        checkpoint.network()


def test_a_name_without_end_is_cut_where_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(header({"x" * 10**6: 3}))
    told = refused(tmp_path / "a.safetensors").problem
    assert len(told) < 1000
    assert told.startswith("'a.safetensors' is a damaged")
    assert told.endswith("lacks dtype, shape or offsets.")
