"""Numbers of every kind come back as they were written; what has no plain numbers is refused by name."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import describe, open_checkpoint
from graftwork.analysis.models.safetensors_file import DTYPES

from .test_refusals import header

EVERY = [*DTYPES.values(), torch.complex128]


def raw(tensor: Tensor) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def bits(dtype: torch.dtype) -> Tensor:
    """Return a (2, 3) tensor of that dtype with every byte different, bool aside."""
    count = 6 * dtype.itemsize
    values = torch.arange(count, dtype=torch.uint8) % 2 if dtype is torch.bool else torch.arange(count).to(torch.uint8)
    return values.view(dtype).reshape(2, 3).clone()


@pytest.mark.parametrize("zipped", [True, False])
def test_torch_files_give_every_dtype_and_view_back(zipped: bool, tmp_path: Path) -> None:
    state = {str(dtype): bits(dtype) for dtype in EVERY}
    state |= {"turned": bits(torch.float32).T, "part": torch.arange(20.0)[3:18].reshape(3, 5)[:, ::2]}
    torch.save(state, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    checkpoint = open_checkpoint(tmp_path / "a.pt")
    assert list(checkpoint.specs) == list(state)
    for name, tensor in state.items():
        assert (checkpoint.specs[name].dtype, checkpoint.specs[name].shape) == (tensor.dtype, tuple(tensor.shape))
        assert raw(checkpoint.tensor(name)) == raw(tensor), name


@pytest.mark.parametrize("zipped", [True, False])
def test_conjugate_and_negative_views_are_resolved(zipped: bool, tmp_path: Path) -> None:
    state = {"conjugate": torch.tensor([1 + 2j, -3j]).conj(), "negative": torch.tensor([1 + 2j, -3j]).conj().imag}
    torch.save(state, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    checkpoint = open_checkpoint(tmp_path / "a.pt")
    assert all(torch.equal(checkpoint.tensor(name), tensor) for name, tensor in state.items())


def test_parameters_subclasses_and_shared_storages_are_plain_tensors(tmp_path: Path) -> None:
    weight = torch.nn.Parameter(torch.arange(4.0))
    marked = torch.ones(2)
    marked.note = "kept by pickle"  # type: ignore[attr-defined]
    state = {"weight": weight, "tied": weight, "marked": marked, "tail": weight.detach()[2:]}
    torch.save(state, tmp_path / "a.pt")
    checkpoint = open_checkpoint(tmp_path / "a.pt")
    for name, tensor in state.items():
        read = checkpoint.tensor(name)
        assert type(read) is Tensor
        assert torch.equal(read, tensor)


def quantised() -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch has deprecated what it still writes
        return torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (quantised, "quantised"),
        (lambda: torch.eye(3).to_sparse(), "sparse"),
        (lambda: torch.ones(3, device="meta"), "without data"),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_a_tensor_without_plain_numbers_is_refused_by_name(make: Any, kind: str, zipped: bool, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save({"fine": torch.ones(2), "odd": make()}, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(UserError, match=f"'odd', which is {kind}"):
        open_checkpoint(tmp_path / "a.pt")


@pytest.mark.parametrize("name", ["q.qweight", "q.weight_packed", "q.SCB", "q.weight.quant_state.bitsandbytes__nf4"])
def test_what_quantisers_write_is_refused_by_name(name: str, tmp_path: Path) -> None:
    save_file({"fine": torch.ones(2), name: torch.ones(2, dtype=torch.uint8)}, tmp_path / "a.safetensors")
    with pytest.raises(UserError, match=f"'{name}', which is quantised"):
        open_checkpoint(tmp_path / "a.safetensors")


def test_numbers_that_share_a_byte_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(
        header({"w": {"dtype": "F4", "shape": [4], "data_offsets": [0, 2]}}, bytes(2))
    )
    with pytest.raises(UserError, match="'w' is quantised to F4"):
        open_checkpoint(tmp_path / "a.safetensors")


@pytest.mark.parametrize("dtype", EVERY, ids=str)
def test_statistics_take_every_dtype(dtype: torch.dtype, tmp_path: Path) -> None:
    torch.save({"w": torch.tensor([0, 1, 1, 1]).to(dtype)}, tmp_path / "a.pt")
    (layer,) = describe(tmp_path / "a.pt", statistics=True)["layers"]
    if dtype is not torch.float8_e8m0fnu:  # which has no zero
        assert (layer["zeros"], layer["largest"], layer["not_finite"]) == (1, 1.0, 0)
        assert layer["rms"] == pytest.approx(0.75**0.5)


def test_values_that_are_no_numbers_are_told_at_once(tmp_path: Path) -> None:
    save_file({"a": torch.tensor([1.0, float("nan")]), "b": torch.tensor([float("inf")])}, tmp_path / "a.safetensors")
    assert describe(tmp_path / "a.safetensors")["not_finite"] == 2


def test_the_libraries_that_wrote_a_checkpoint_are_named(tmp_path: Path) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text('{"transformers_version": "4.48.0", "torch_version": 3}')
    assert describe(tmp_path)["written_by"] == {"transformers": "4.48.0"}
