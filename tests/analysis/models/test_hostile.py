"""Hostile and broken files: one clear sentence each, nothing run, nothing written, little memory taken.

What a single header or pickle may say wrongly is in ``test_refusals``, ``test_folders`` and ``test_pickles``.
"""

import io
import json
import os
import pickle
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save, save_file

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import describe, open_checkpoint

from .test_refusals import Hostile, header, opens_or_explains, torch_bytes

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.arange(4)}
Damage = Callable[[Path], object]
DAMAGES: dict[str, tuple[Damage, str]] = {}


def damage(sentence: str) -> Callable[[Damage], Damage]:
    """Register what makes a hostile file at a path, and a part of the sentence that it must get."""

    def register(make: Damage) -> Damage:
        DAMAGES[make.__name__.replace("_", " ")] = (make, sentence)
        return make

    return register


def canary(path: Path) -> Path:
    """Return the file that appears if anything of a hostile file runs."""
    return path.parent.parent / "canary"


def parts(content: object = STATE) -> dict[str, bytes]:
    """Return the parts of a file that torch wrote, by name."""
    with zipfile.ZipFile(io.BytesIO(torch_bytes(content, zipped=True))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path: Path, content: dict[str, bytes], packed: tuple[str, ...] = ()) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED if name in packed else zipfile.ZIP_STORED)


def with_pickle(path: Path, data: bytes, **extra: bytes) -> None:
    zipped(path, parts() | {"archive/data.pkl": data} | {f"archive/{name}": part for name, part in extra.items()})


# What is no checkpoint at all


@damage("web page")
def a_page_of_an_error(path: Path) -> None:
    path.write_text("\n <!DOCTYPE html><html><body>404</body></html>")


@damage("gzip")
def a_gzip_file(path: Path) -> None:
    path.write_bytes(b"\x1f\x8b\x08" + bytes(100))


@damage("7z")
def a_7z_file(path: Path) -> None:
    path.write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))


@damage("xz")
def an_xz_file(path: Path) -> None:
    path.write_bytes(b"\xfd7zXZ\0" + bytes(100))


@damage("GGUF")
def a_gguf_file(path: Path) -> None:
    path.write_bytes(b"GGUF\x03\0\0\0" + bytes(100))


@damage("Git LFS pointer")
def a_pointer(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


@damage("is empty")
def an_empty_file(path: Path) -> None:
    path.touch()


@damage("known format")
def nothing_but_zeros(path: Path) -> None:
    path.write_bytes(bytes(64))


@damage("empty zip")
def an_empty_archive(path: Path) -> None:
    zipped(path, {})


@damage("no checkpoint")
def an_empty_folder(path: Path) -> None:
    path.mkdir()


@damage("cannot be read")
def a_circle_of_links(path: Path) -> None:
    path.symlink_to(path)


@damage("There is no file")
def a_link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


@damage("is no file")
def a_pipe(path: Path) -> None:
    os.mkfifo(path)


@damage("is no file")
def a_device_without_end(path: Path) -> None:
    path.symlink_to("/dev/zero")


# Headers that lie


def headed(entries: Any, size: int = 16) -> Damage:
    return lambda path: path.write_bytes(header(entries, bytes(size)))


def entry(shape: Any = (2,), offsets: Any = (0, 8), dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


HEADERS: dict[str, tuple[Any, str]] = {
    "tensors that overlap": ({"a": entry(), "b": entry((3,), (4, 16))}, "overlap"),
    "a gap between tensors": ({"a": entry(), "b": entry((1,), (12, 16))}, "gaps"),
    "a tail that is no tensor": ({"a": entry()}, "end at byte"),
    "offsets beyond the file": ({"a": entry((2**40,), (0, 2**42))}, "end at byte"),
    "offsets beyond any file": ({"a": entry((2**61,), (0, 2**63))}, "end at byte"),
    "negative offsets": ({"a": entry((2,), (-8, 0)), "b": entry((4,), (0, 16))}, "gaps"),
    "offsets the wrong way round": ({"a": entry((0,), (16, 0))}, "shape"),
    "offsets that are no integers": ({"a": entry((2,), (0.0, 8.0))}, "lacks"),
    "a side that is a truth value": ({"a": entry((True, 2))}, "lacks"),
    "a side that is a text": ({"a": entry("44", (0, 16))}, "lacks"),
    "a shape beyond any memory": ({"a": entry((2**40, 2**40))}, "shape"),
    "a shape of very many sides": ({"a": entry((1,) * 100_000 + (2,), (0, 8)), "b": entry((2,), (8, 16))}, ""),
    "a list for a header": ([entry()], "not"),
    "a name given twice": (b'{"a": {}, "a": {}}', "twice"),
    "numbers that are none": (b'{"a": {"dtype": "F32", "shape": [NaN], "data_offsets": [0, 8]}}', "lacks"),
    "very deep lists": (b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "not JSON"),
    "a very long number": (b'{"a": {"dtype": "F32", "shape": [' + b"9" * 10_000 + b'], "data_offsets": [0, 8]}}', ""),
}
for _name, (_entries, _sentence) in HEADERS.items():
    if _sentence:
        DAMAGES[_name] = (headed(_entries), _sentence)


@damage("shape")
def a_zip_of_zeros_for_a_header(path: Path) -> None:
    path.write_bytes(header({"a": entry((0, 2**62, 2**62), (0, 0))}))


# Archives that lie


@damage("compressed")
def a_pickle_that_unpacks_to_a_gigabyte(path: Path) -> None:
    zipped(path, parts() | {"archive/data.pkl": bytes(1 << 27)}, ("archive/data.pkl",))


@damage("compressed")
def numbers_that_unpack_without_end(path: Path) -> None:
    zipped(path, parts() | {"archive/data/0": bytes(1 << 26)}, ("archive/data/0",))


@damage("outside itself")
def a_part_above_the_archive(path: Path) -> None:
    zipped(path, parts() | {"archive/../../canary": b"x"})


@damage("outside itself")
def a_part_at_the_root(path: Path) -> None:
    zipped(path, parts() | {"/canary": b"x"})


@damage("twice")
def a_part_named_twice(path: Path) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        for name, data in [*parts().items(), ("archive/data.pkl", pickle.dumps({"x": Hostile(canary(path))}))]:
            archive.writestr(name, data)


@damage("not where it should be")
def a_part_longer_than_the_file(path: Path) -> None:
    zipped(path, parts())
    data = bytearray(path.read_bytes())
    place = data.rindex(b"archive/data/0") - 46  # of the part's entry in the directory
    data[place + 20 : place + 28] = (2**31).to_bytes(4, "little") * 2
    path.write_bytes(data)


@damage("encrypted")
def a_part_with_a_password(path: Path) -> None:
    zipped(path, parts())
    data = bytearray(path.read_bytes())
    data[data.rindex(b"archive/data.pkl") - 46 + 8] |= 1
    path.write_bytes(data)


@damage("big-endian")
def numbers_the_other_way_round(path: Path) -> None:
    zipped(path, parts() | {"archive/byteorder": b"big"})


@damage("part 'data/0' is missing")
def numbers_that_are_missing(path: Path) -> None:
    content = parts()
    del content["archive/data/0"]
    zipped(path, content)


@damage("truncated, damaged")
def numbers_that_are_too_few(path: Path) -> None:
    zipped(path, parts() | {"archive/data/0": bytes(4)})


# Pickles that would run, or never end


@damage("would run 'builtins.getattr'")
def a_pickle_that_would_run(path: Path) -> None:
    torch.save({"a": Hostile(canary(path))}, path)


@damage("would run 'builtins.getattr'")
def a_pickle_that_would_run_in_the_older_layout(path: Path) -> None:
    torch.save({"a": Hostile(canary(path))}, path, _use_new_zipfile_serialization=False)


class Loads:
    """Unpickles a hostile pickle when it is unpickled."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __reduce__(self) -> tuple[object, tuple[bytes]]:
        return pickle.loads, (self.data,)


@damage("would run 'pickle.loads'")
def a_pickle_in_a_pickle(path: Path) -> None:
    torch.save({"w": torch.ones(2), "a": Loads(pickle.dumps(Hostile(canary(path))))}, path)


@damage("would run 'posix.system'")
def a_command(path: Path) -> None:
    with_pickle(path, f"cposix\nsystem\n(Vtouch {canary(path)}\ntR.".encode())


@damage("would run 'builtins.eval'")
def a_python_2_pickle(path: Path) -> None:
    with_pickle(path, f"(V__import__('os').mkdir('{canary(path)}')\ni__builtin__\neval\n.".encode())


@damage("would run 'posix.system'")
def a_command_in_a_program(path: Path) -> None:
    graph = f"c__torch__\nM\n)\x81}}(Va\ncposix\nsystem\n(Vtouch {canary(path)}\ntRub.".encode("latin1")
    with_pickle(path, graph, **{"constants.pkl": b"\x80\x02)."})


@damage("truncated, damaged")
def a_tensor_beyond_its_numbers(path: Path) -> None:
    with_pickle(path, parts()["archive/data.pkl"].replace(b"K\x02K\x03\x86", b"K\x02K\x7f\x86"))


@damage("truncated, damaged")
def a_tensor_with_negative_steps(path: Path) -> None:
    with_pickle(path, parts()["archive/data.pkl"].replace(b"K\x03K\x01\x86", b"K\x03J\xff\xff\xff\xff\x86"))


@damage("truncated, damaged")
def keys_that_hash_for_ever(path: Path) -> None:
    doubled = b"".join(b"q%ch%ch%c\x86" % (n, n, n) for n in range(100))
    with_pickle(path, b"\x80\x02})" + doubled + b"K\x01s.")


@damage("no tensors")
def dictionaries_that_share_one_another_without_end(path: Path) -> None:
    content: dict[str, Any] = {}
    for _ in range(60):
        content = {"model": content, "net": content, "x": content, "y": content}
    path.write_bytes(torch_bytes(content, zipped=True))


@damage("hold each other")
def a_program_that_holds_itself(path: Path) -> None:
    with_pickle(path, b"c__torch__\nM\n)\x81q\x01}Va\nh\x01sb.", **{"constants.pkl": b"\x80\x02)."})


@damage("hold each other")
def a_program_whose_modules_share_one_another_without_end(path: Path) -> None:
    module = b"c__torch__\nM\n)\x81q%c}(Va\nh%cVb\nh%cub"
    graph = b"c__torch__\nM\n)\x81q\x01" + b"".join(b"0" + module % (n, n - 1, n - 1) for n in range(2, 60))
    with_pickle(path, graph + b".", **{"constants.pkl": b"\x80\x02)."})


# Exported programs and folders that reach out


def exported(table: Any) -> Damage:
    config = json.dumps({"config": {"w": table}}).encode()
    content = {"m/archive_format": b"pt2", "m/data/weights/model_weights_config.json": config}
    return lambda path: zipped(path, content | {"m/data/weights/weight_0": bytes(16), "m/data/secret": bytes(16)})


META = {"dtype": 7, "sizes": [{"as_int": 4}], "strides": [{"as_int": 1}], "storage_offset": {"as_int": 0}, "layout": 7}
WEIGHT = {"path_name": "weight_0", "use_pickle": False, "tensor_meta": META}
DAMAGES["a weight elsewhere in the archive"] = (exported(WEIGHT | {"path_name": "../secret"}), "is missing")
DAMAGES["a weight that is a pickle"] = (exported(WEIGHT | {"use_pickle": True}), "without plain numbers")
DAMAGES["a weight beyond its part"] = (
    exported(WEIGHT | {"tensor_meta": META | {"sizes": [{"as_int": 5}]}}),
    "table of weights",
)
DAMAGES["a weight of no shape"] = (exported(WEIGHT | {"tensor_meta": META | {"sizes": 3}}), "table of weights")
DAMAGES["a weight of an unknown type"] = (exported(WEIGHT | {"tensor_meta": META | {"dtype": []}}), "table of weights")


@damage("outside its folder")
def an_index_that_leaves_its_folder(path: Path) -> None:
    path.mkdir()
    save_file(STATE, path.parent.parent / "secret.safetensors")
    (path / "model.safetensors.index.json").write_text('{"weight_map": {"b": "../../secret.safetensors"}}')


@pytest.fixture
def hostile(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, str]:
    make, sentence = DAMAGES[request.param]
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "model.bin"
    make(path)
    return path, sentence


def listing(folder: Path) -> dict[str, float]:
    return {str(path): path.lstat().st_mtime_ns for path in sorted(folder.rglob("*"))}


@pytest.mark.skipif(os.name == "nt", reason="needs pipes and links")
@pytest.mark.parametrize("hostile", DAMAGES, indirect=True)
def test_one_sentence_and_nothing_else(hostile: tuple[Path, str]) -> None:
    path, sentence = hostile
    before = listing(path.parent.parent)
    tracemalloc.start()
    try:
        with pytest.raises(UserError) as caught:
            describe(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sentence in caught.value.problem
    assert "Traceback" not in str(caught.value)
    assert caught.value.problem.endswith(".")
    assert caught.value.next_step.endswith(".")
    assert listing(path.parent.parent) == before
    assert not canary(path).exists()
    assert peak < 64 << 20


def test_there_are_many() -> None:
    assert len(DAMAGES) > 50


@pytest.mark.parametrize("name", [name for name, (_, sentence) in HEADERS.items() if not sentence])
def test_odd_headers_open_or_are_explained(name: str, tmp_path: Path) -> None:
    headed(HEADERS[name][0])(tmp_path / "a.safetensors")
    opens_or_explains(tmp_path / "a.safetensors")


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


# Anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def mutated(value: Any, data: st.DataObject) -> Any:
    """Return JSON with one of its values replaced, at any depth."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 3)):
        key = data.draw(st.sampled_from(sorted(value)))
        return value | {key: mutated(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 3)):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], mutated(value[place], data), *value[place + 1 :]]
    return data.draw(JSON)


@settings(max_examples=150)
@given(data=st.data())
def test_a_mutated_header_opens_or_is_explained(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = save(STATE)
    length = int.from_bytes(whole[:8], "little")
    path = tmp_path_factory.getbasetemp() / "mutated.safetensors"
    path.write_bytes(header(mutated(json.loads(whole[8 : 8 + length]), data), whole[8 + length :]))
    opens_or_explains(path)


@settings(max_examples=150)
@given(data=st.data())
def test_a_mutated_table_of_weights_opens_or_is_explained(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.pt2"
    exported(mutated(WEIGHT, data))(path)
    opens_or_explains(path)


@settings(max_examples=100)
@given(data=st.data())
def test_a_mutated_index_opens_or_is_explained(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "mutated"
    folder.mkdir(exist_ok=True)
    save_file(STATE, folder / "part.safetensors")
    index = {"metadata": {"total_size": 1}, "weight_map": dict.fromkeys(STATE, "part.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(mutated(index, data)))
    opens_or_explains(folder / "model.safetensors.index.json")


@settings(max_examples=200)
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
@pytest.mark.parametrize("form", ["safetensors", "zip", "legacy"])
def test_changed_bytes_open_or_are_explained(
    form: str, tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    whole = save(STATE) if form == "safetensors" else torch_bytes({"model": STATE}, zipped=form == "zip")
    content = bytearray(whole)
    for place, byte in changes:
        content[place % len(content)] = byte
    path = tmp_path_factory.getbasetemp() / "changed.bin"
    path.write_bytes(content)
    opens_or_explains(path)
