import errno
import json
import os
from pathlib import Path
from typing import Any, Never

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import TensorSpec, open_checkpoint, write_checkpoint
from graftwork.analysis.models.safetensors_file import DTYPES


def specs_of(state: dict[str, Tensor]) -> dict[str, TensorSpec]:
    return {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}


def write(path: Path, state: dict[str, Tensor], metadata: dict[str, Any] | None = None) -> Path:
    write_checkpoint(path, specs_of(state), state.__getitem__, metadata or {})
    return path


def raw(tensor: Tensor) -> Tensor:
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def every_dtype() -> dict[str, Tensor]:
    """Return a tensor of three numbers of each dtype, so that narrow ones leave the wide ones unaligned in order."""
    return {code: (torch.arange(3) % 2).to(dtype) for code, dtype in reversed(list(DTYPES.items()))}


def test_the_safetensors_library_reads_every_dtype(tmp_path: Path) -> None:
    state = every_dtype()
    read = load_file(write(tmp_path / "a.safetensors", state))
    assert set(read) == set(state)
    for name, tensor in state.items():
        assert read[name].dtype == tensor.dtype
        assert torch.equal(raw(read[name]), raw(tensor)), name


def test_our_reader_gives_back_what_was_written_in_order(tmp_path: Path) -> None:
    state = every_dtype()
    checkpoint = open_checkpoint(write(tmp_path / "a.safetensors", state))
    assert list(checkpoint.specs) == list(state)
    assert checkpoint.specs == specs_of(state)
    assert all(torch.equal(raw(checkpoint.tensor(name)), raw(state[name])) for name in state)


def test_views_and_odd_shapes_are_written_as_they_look(state: dict[str, Tensor], tmp_path: Path) -> None:
    state |= {"empty": torch.empty(0, 3), "conjugate": torch.tensor([1 + 2j]).conj(), "shared": state["half"]}
    state["parameter"] = torch.nn.Parameter(torch.ones(2))
    read = load_file(write(tmp_path / "a.safetensors", state))
    for name, tensor in state.items():
        assert torch.equal(read[name], tensor), name


def test_metadata_is_kept(tmp_path: Path) -> None:
    metadata = {"operations": [{"method": "prune", "share": 0.5}], "heads": 4}
    path = write(tmp_path / "a.safetensors", {"w": torch.ones(2)}, metadata)
    assert open_checkpoint(path).metadata == {"format": "pt", "graftwork": metadata}
    with safe_open(path, "pt") as file:
        assert file.metadata()["format"] == "pt"


def test_tensors_are_asked_for_one_at_a_time(tmp_path: Path) -> None:
    state = every_dtype()
    asked: list[str] = []

    def tensor(name: str) -> Tensor:
        asked.append(name)
        return state[name]

    write_checkpoint(tmp_path / "a.safetensors", specs_of(state), tensor, {})
    assert asked == list(state)


@pytest.mark.parametrize("wrong", [torch.ones(3), torch.ones(2, dtype=torch.float64)])
def test_a_tensor_unlike_its_spec_leaves_the_old_file(tmp_path: Path, wrong: Tensor) -> None:
    path = write(tmp_path / "a.safetensors", {"w": torch.zeros(2)})
    before = path.read_bytes()
    with pytest.raises(ValueError, match="'w' is"):
        write_checkpoint(path, {"w": TensorSpec((2,), torch.float32)}, lambda _: wrong, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(_: str) -> Never:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(tmp_path / "a.safetensors", {"w": TensorSpec((2,), torch.float32)}, interrupt, {})
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> Never:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left"):
        write(tmp_path / "a.safetensors", {"w": torch.ones(2)})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        write(tmp_path / "none" / "a.safetensors", {"w": torch.ones(2)})


def test_a_dtype_that_the_format_lacks_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="complex128"):
        write(tmp_path / "a.safetensors", {"w": torch.ones(2, dtype=torch.complex128)})


def test_every_tensor_is_aligned_to_its_numbers(tmp_path: Path) -> None:
    state = every_dtype()
    content = write(tmp_path / "a.safetensors", state).read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    for name, tensor in state.items():
        assert (start + header[name]["data_offsets"][0]) % tensor.itemsize == 0, name


def test_metadata_with_nothing_in_it_comes_back(tmp_path: Path) -> None:
    content = {"operation": {"seed": None, "list": [1, None]}}
    state = every_dtype()
    write_checkpoint(tmp_path / "a.safetensors", specs_of(state), state.__getitem__, content)
    assert open_checkpoint(tmp_path / "a.safetensors").metadata["graftwork"] == content
