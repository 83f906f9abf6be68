"""Whatever a file holds, opening it gives a checkpoint or one clear sentence, and never runs its code."""

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import open_checkpoint

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.arange(4)}


class Hostile:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.trace,)


def refused(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        open_checkpoint(path)
    assert caught.value.problem.endswith(".")
    assert caught.value.next_step.endswith(".")
    return caught.value


def opens_or_explains(path: Path) -> None:
    try:
        checkpoint = open_checkpoint(path)
    except UserError:
        return
    for name in checkpoint.specs:
        assert tuple(checkpoint.tensor(name).shape) == checkpoint.specs[name].shape


def header(entries: object, data: bytes = b"") -> bytes:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + data


def torch_bytes(content: object, *, zipped: bool) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=zipped)
    return stream.getvalue()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_hostile_torch_file_is_refused_by_name(tmp_path: Path, zipped: bool) -> None:
    trace = tmp_path / "trace"
    torch.save({"state_dict": STATE, "x": Hostile(trace)}, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    assert "pathlib" in refused(tmp_path / "a.pt").problem or "getattr" in refused(tmp_path / "a.pt").problem
    assert not trace.exists()


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


def test_a_pickled_module_is_refused_by_name(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "a.pt")
    assert "torch.nn.modules.linear.Linear" in refused(tmp_path / "a.pt").problem


def test_a_program_without_a_graph_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/data.pkl", b"")
        archive.writestr("a/constants.pkl", b"")
    assert "truncated, damaged" in refused(tmp_path / "a.pt").problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a checkpoint of a known format"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"PK\x03\x04" + bytes(50), "truncated or damaged"),
        (b"\x80\x02}", "truncated, damaged"),
        (header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}), "end at byte"),
        (header({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}, bytes(8)), "shape"),
        (header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, bytes(12)), "gaps"),
        (header({"a": {"dtype": "F33", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)), "F33"),
        (header({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}, bytes(8)), "lacks"),
        (header({"a": {"dtype": "F32", "shape": [0, 2**70], "data_offsets": [0, 0]}}), "shape"),
        (header({"a": 3}), "lacks"),
        (header(b'{"a":' + b"[" * 100_000), "not JSON"),
        ((2**40).to_bytes(8, "little") + b"{}", "claims"),
        (header({}), "no tensors"),
        (torch_bytes({}, zipped=True), "no tensors"),
        (torch_bytes({"epoch": 3}, zipped=False), "no tensors"),
        (torch_bytes(torch.ones(3), zipped=True), "holds a Tensor"),
        (torch_bytes([1, 2], zipped=True), "holds a list"),
        (torch_bytes({"a": torch.eye(3).to_sparse()}, zipped=True), "sparse"),
        (torch_bytes({"a": torch.ones(3, device="meta")}, zipped=True), "without data"),
    ],
)
def test_each_damage_has_its_sentence(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "a.bin").write_bytes(content)
    assert problem in refused(tmp_path / "a.bin").problem


def test_a_content_that_holds_itself_is_refused(tmp_path: Path) -> None:
    content: dict[str, Any] = {"w": torch.ones(2)}
    content["model"] = content
    torch.save(content, tmp_path / "a.pt")
    refused(tmp_path / "a.pt")


def test_a_foreign_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("letter.txt", b"hello")
    assert "not one that torch.save wrote" in refused(tmp_path / "a.zip").problem


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    assert "holds no checkpoint" in refused(tmp_path).problem
    assert "There is no file" in refused(tmp_path / "none.pt").problem


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


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
SIDES = st.lists(st.integers(-1, 5) | st.integers(2**30, 2**70), max_size=4)
OFFSETS = st.lists(st.integers(-4, 40), min_size=2, max_size=2)
DTYPES = st.sampled_from(["F32", "I64", "BOOL", "BF16", "F4"])
ENTRIES = st.fixed_dictionaries({"dtype": DTYPES | ANYTHING, "shape": SIDES | ANYTHING, "data_offsets": OFFSETS})
NAMES = st.sampled_from(["__metadata__", "conv1.weight", "layer1.0.conv1.weight", "module.", "head.weight", ""])
HEADERS = st.dictionaries(NAMES | st.text(max_size=5), ENTRIES | ANYTHING, max_size=4)


@settings(max_examples=300)
@given(data=st.binary(max_size=200) | st.builds(header, HEADERS, st.binary(max_size=40)))
def test_any_safetensors_header_opens_or_explains(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.safetensors"
    path.write_bytes(data)
    opens_or_explains(path)


@settings(max_examples=300)
@given(zipped=st.booleans(), where=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_torch_file_with_a_changed_byte_opens_or_explains(
    tmp_path_factory: pytest.TempPathFactory, zipped: bool, where: int, byte: int
) -> None:
    data = bytearray(torch_bytes({"state_dict": STATE, "epoch": 3}, zipped=zipped))
    data[where % len(data)] = byte
    path = tmp_path_factory.getbasetemp() / "fuzz.pt"
    path.write_bytes(data)
    opens_or_explains(path)
