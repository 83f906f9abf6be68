"""Checkpoints that must be refused, in every format."""

import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save, save_file

from ..broken import Broken, Hostile, Make, Shelf, canary, npy, repeated, zipped

CHECKPOINTS = Shelf()
FILE = "model.bin"
STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.arange(4)}


def header(entries: object, data: bytes = b"") -> bytes:
    """Return a safetensors file with a header of one's own."""
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + data


def torch_bytes(content: object, *, zipped: bool = True) -> bytes:
    """Return a file of torch.save."""
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=zipped)
    return stream.getvalue()


def parts(content: object = STATE) -> dict[str, bytes]:
    """Return the parts of a file that torch wrote, by name."""
    with zipfile.ZipFile(io.BytesIO(torch_bytes(content))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_pickle(path: Path, data: bytes, **extra: bytes) -> None:
    zipped(path, parts() | {"archive/data.pkl": data} | {f"archive/{name}": part for name, part in extra.items()})


# What is no checkpoint at all

for _name, _said, _content in (
    ("a page of an error", "web page", b"\n <!DOCTYPE html><html><body>404</body></html>"),
    ("a gzip file", "gzip", b"\x1f\x8b\x08" + bytes(100)),
    ("a 7z file", "7z", b"7z\xbc\xaf\x27\x1c" + bytes(100)),
    ("an xz file", "xz", b"\xfd7zXZ\0" + bytes(100)),
    ("a GGUF file", "GGUF", b"GGUF\x03\0\0\0" + bytes(100)),
    ("an HDF5 file", "HDF5", b"\x89HDF\r\n\x1a\n" + bytes(100)),
    ("a pointer", "Git LFS pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
    ("nothing but zeros", "known format", bytes(64)),
    ("an image", "known format", b"\x89PNG\r\n\x1a\n" + bytes(100)),
    ("a text", "known format", b"dear reader\n"),
    ("a numpy array", "NumPy array", npy([1.0])),
    ("an ONNX model", "ONNX", b"\x08\x08\x12\x07pytorch\x1a\x052.0.0:\x10" + bytes(40)),
    ("a TFLite model", "TFLite", b"\x1c\0\0\0TFL3" + bytes(50)),
    ("an OpenVINO model", "OpenVINO", b"<?xml version='1.0'?><net name='x' version='11'></net>"),
    ("another document", "XML document", b"<?xml version='1.0'?><letter/>"),
    ("an error of a store", "web page", b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>"),
    ("a table of Flax", "Flax", b"\x81\xa6params\x81\xa5Dense\x80"),
    ("compiled code", "compiled", b"\x7fELF" + bytes(60)),
    ("the start of a zip file", "truncated or damaged", b"PK\x03\x04" + bytes(100)),
    ("the start of a pickle", "truncated, damaged", b"\x80\x02}"),
):
    CHECKPOINTS.content(_name, _said, FILE, _content)


@CHECKPOINTS.file("is empty", FILE)
def an_empty_file(path: Path) -> None:
    path.touch()


@CHECKPOINTS.file("empty zip", FILE)
def an_empty_archive(path: Path) -> None:
    zipped(path, {})


@CHECKPOINTS.file("no checkpoint", FILE)
def an_empty_folder(path: Path) -> None:
    path.mkdir()


@CHECKPOINTS.file("cannot be read", FILE)
def a_circle_of_links(path: Path) -> None:
    path.symlink_to(path)


@CHECKPOINTS.file("There is no file", FILE)
def a_link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


@CHECKPOINTS.file("is no file", FILE)
def a_pipe(path: Path) -> None:
    os.mkfifo(path)


@CHECKPOINTS.file("is no file", FILE)
def a_device_without_end(path: Path) -> None:
    path.symlink_to("/dev/zero")


# Headers that lie


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
    "a list for a header": ([entry()], "not"),
    "a name given twice": (b'{"a": {}, "a": {}}', "twice"),
    "numbers that are none": (b'{"a": {"dtype": "F32", "shape": [NaN], "data_offsets": [0, 8]}}', "lacks"),
    "very deep lists": (b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "not JSON"),
    "a number type of nobody": ({"a": entry(dtype="F33")}, "F33"),
    "a shape of a negative side": ({"a": entry((-2,))}, "lacks"),
    "a shape that its bytes do not fill": ({"a": entry((3,))}, "shape"),
    "an entry that is a number": ({"a": 3}, "lacks"),
    "a header of nothing": ({}, "end at byte"),
}
for _name, (_entries, _said) in HEADERS.items():
    CHECKPOINTS.content(_name, _said, FILE, header(_entries, bytes(16)))
CHECKPOINTS.content("a file without tensors", "no tensors", FILE, header({}))
CHECKPOINTS.content("a header longer than the file", "claims", FILE, (2**40).to_bytes(8, "little") + b"{}")
CHECKPOINTS.content("a header longer than any file", "claims", FILE, b"\xff" * 8 + b"{}")
CHECKPOINTS.content("a header cut short", "claims", "model.safetensors", save(STATE)[:40])
CHECKPOINTS.content("numbers cut short", "end at byte", FILE, save(STATE)[:-1])


@CHECKPOINTS.file("shape", FILE)
def a_zip_of_zeros_for_a_header(path: Path) -> None:
    path.write_bytes(header({"a": entry((0, 2**62, 2**62), (0, 0))}))


# Archives that lie


@CHECKPOINTS.file("compressed", FILE)
def a_pickle_that_is_compressed(path: Path) -> None:
    zipped(path, parts() | {"archive/data.pkl": bytes(1 << 20)}, ("archive/data.pkl",))


@CHECKPOINTS.file("compressed", FILE)
def numbers_that_are_compressed(path: Path) -> None:
    zipped(path, parts() | {"archive/data/0": bytes(1 << 20)}, ("archive/data/0",))


@CHECKPOINTS.file("outside itself", FILE)
def a_part_above_the_archive(path: Path) -> None:
    zipped(path, parts() | {"archive/../../canary": b"x"})


@CHECKPOINTS.file("outside itself", FILE)
def a_part_at_the_root(path: Path) -> None:
    zipped(path, parts() | {"/canary": b"x"})


@CHECKPOINTS.file("twice", FILE)
def a_part_named_twice(path: Path) -> None:
    repeated(path, *parts().items(), ("archive/data.pkl", pickle.dumps({"x": Hostile(canary(path))})))


@CHECKPOINTS.file("not where it should be", FILE)
def a_part_longer_than_the_file(path: Path) -> None:
    zipped(path, parts())
    data = bytearray(path.read_bytes())
    place = data.rindex(b"archive/data/0") - 46  # of the part's entry in the directory
    data[place + 20 : place + 28] = (2**31).to_bytes(4, "little") * 2
    path.write_bytes(data)


@CHECKPOINTS.file("encrypted", FILE)
def a_part_with_a_password(path: Path) -> None:
    zipped(path, parts())
    data = bytearray(path.read_bytes())
    data[data.rindex(b"archive/data.pkl") - 46 + 8] |= 1
    path.write_bytes(data)


@CHECKPOINTS.file("big-endian", FILE)
def numbers_the_other_way_round(path: Path) -> None:
    zipped(path, parts() | {"archive/byteorder": b"big"})


@CHECKPOINTS.file("part 'data/0' is missing", FILE)
def numbers_that_are_missing(path: Path) -> None:
    content = parts()
    del content["archive/data/0"]
    zipped(path, content)


@CHECKPOINTS.file("truncated, damaged", FILE)
def numbers_that_are_too_few(path: Path) -> None:
    zipped(path, parts() | {"archive/data/0": bytes(4)})


# Pickles that would run, or never end


@CHECKPOINTS.file("would run 'builtins.getattr'", FILE)
def a_pickle_that_would_run(path: Path) -> None:
    torch.save({"a": Hostile(canary(path))}, path)


@CHECKPOINTS.file("would run 'builtins.getattr'", FILE)
def a_pickle_that_would_run_in_the_older_layout(path: Path) -> None:
    torch.save({"a": Hostile(canary(path))}, path, _use_new_zipfile_serialization=False)


class Loads:
    """Unpickles a hostile pickle when it is unpickled."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __reduce__(self) -> tuple[object, tuple[bytes]]:
        return pickle.loads, (self.data,)


@CHECKPOINTS.file("would run 'pickle.loads'", FILE)
def a_pickle_in_a_pickle(path: Path) -> None:
    torch.save({"w": Loads(pickle.dumps(Hostile(canary(path))))}, path)


@CHECKPOINTS.file("would run 'posix.system'", FILE)
def a_command(path: Path) -> None:
    with_pickle(path, f"cposix\nsystem\n(Vtouch {canary(path)}\ntR.".encode())


@CHECKPOINTS.file("would run 'builtins.eval'", FILE)
def a_python_2_pickle(path: Path) -> None:
    with_pickle(path, f"(V__import__('os').mkdir('{canary(path)}')\ni__builtin__\neval\n.".encode())


@CHECKPOINTS.file("would run 'posix.system'", FILE)
def a_command_in_a_program(path: Path) -> None:
    graph = f"c__torch__\nM\n)\x81}}(Va\ncposix\nsystem\n(Vtouch {canary(path)}\ntRub.".encode("latin1")
    with_pickle(path, graph, **{"constants.pkl": b"\x80\x02)."})


@CHECKPOINTS.file("truncated, damaged", FILE)
def a_tensor_beyond_its_numbers(path: Path) -> None:
    with_pickle(path, parts()["archive/data.pkl"].replace(b"K\x02K\x03\x86", b"K\x02K\x7f\x86"))


@CHECKPOINTS.file("truncated, damaged", FILE)
def a_tensor_with_negative_steps(path: Path) -> None:
    with_pickle(path, parts()["archive/data.pkl"].replace(b"K\x03K\x01\x86", b"K\x03J\xff\xff\xff\xff\x86"))


@CHECKPOINTS.file("truncated, damaged", FILE)
def keys_that_hash_for_ever(path: Path) -> None:
    doubled = b"".join(b"q%ch%ch%c\x86" % (n, n, n) for n in range(100))
    with_pickle(path, b"\x80\x02})" + doubled + b"K\x01s.")


@CHECKPOINTS.file("no tensors", FILE)
def dictionaries_that_share_one_another_without_end(path: Path) -> None:
    content: dict[str, Any] = {}
    for _ in range(60):
        content = {"model": content, "net": content, "x": content, "y": content}
    path.write_bytes(torch_bytes(content))


@CHECKPOINTS.file("hold each other", FILE)
def a_program_that_holds_itself(path: Path) -> None:
    with_pickle(path, b"c__torch__\nM\n)\x81q\x01}Va\nh\x01sb.", **{"constants.pkl": b"\x80\x02)."})


@CHECKPOINTS.file("hold each other", FILE)
def a_program_whose_modules_share_one_another_without_end(path: Path) -> None:
    module = b"c__torch__\nM\n)\x81q%c}(Va\nh%cVb\nh%cub"
    graph = b"c__torch__\nM\n)\x81q\x01" + b"".join(b"0" + module % (n, n - 1, n - 1) for n in range(2, 24))
    with_pickle(path, graph + b".", **{"constants.pkl": b"\x80\x02)."})


# Exported programs and folders that reach out


def exported(table: Any) -> Make:
    config = json.dumps({"config": {"w": table}}).encode()
    content = {"m/archive_format": b"pt2", "m/data/weights/model_weights_config.json": config}
    return lambda path: zipped(path, content | {"m/data/weights/weight_0": bytes(16), "m/data/secret": bytes(16)})


META = {"dtype": 7, "sizes": [{"as_int": 4}], "strides": [{"as_int": 1}], "storage_offset": {"as_int": 0}, "layout": 7}
WEIGHT = {"path_name": "weight_0", "use_pickle": False, "tensor_meta": META}
for _name, _said, _table in (
    ("a weight elsewhere in the archive", "is missing", WEIGHT | {"path_name": "../secret"}),
    ("a weight that is a pickle", "without plain numbers", WEIGHT | {"use_pickle": True}),
    ("a weight beyond its part", "table of weights", WEIGHT | {"tensor_meta": META | {"sizes": [{"as_int": 5}]}}),
    ("a weight of no shape", "table of weights", WEIGHT | {"tensor_meta": META | {"sizes": 3}}),
    ("a weight of an unknown type", "table of weights", WEIGHT | {"tensor_meta": META | {"dtype": []}}),
    ("a table of weights that is none", "table of weights", 3),
):
    CHECKPOINTS.add(_name, Broken("model.pt2", exported(_table), _said))


@CHECKPOINTS.file("tables of weights", "model.pt2")
def a_program_of_the_older_layout(path: Path) -> None:
    state = torch_bytes({"w": Hostile(canary(path))})
    zipped(path, {"serialized_exported_program.json": b"{}", "serialized_state_dict.pt": state})


@CHECKPOINTS.file("would run 'posix.system'", FILE)
def a_command_in_the_constants_of_a_program(path: Path) -> None:
    command = f"cposix\nsystem\n(Vtouch {canary(path)}\ntR.".encode()
    with_pickle(path, b"c__torch__\nM\n)\x81}b.", **{"constants.pkl": command})


# Contents that are no weights

for _name, _said, _held in (
    ("no tensors at all", "no tensors", {}),
    ("an epoch alone", "no tensors", {"epoch": 3}),
    ("a tensor without a name", "holds a Tensor", torch.ones(3)),
    ("a list", "holds a list", [1, 2]),
    ("a sparse tensor", "sparse", {"a": torch.eye(3).to_sparse()}),
    ("a tensor without data", "without data", {"a": torch.ones(3, device="meta")}),
):
    for _zipped in (True, False):
        _data = torch_bytes(_held, zipped=_zipped)
        CHECKPOINTS.content(f"{_name}, {'zip' if _zipped else 'legacy'}", _said, FILE, _data)
for _zipped in (True, False):
    _data = torch_bytes(STATE, zipped=_zipped)
    CHECKPOINTS.content(f"half of a {'zip' if _zipped else 'legacy'} file", "truncated", FILE, _data[: len(_data) // 2])


@CHECKPOINTS.file("would run 'torch.nn.modules.linear.Linear'", FILE)
def a_whole_module(path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), path)


@CHECKPOINTS.file("not one that torch.save wrote", FILE)
def a_zip_of_letters(path: Path) -> None:
    zipped(path, {"letter.txt": b"hello"})


@CHECKPOINTS.file("truncated, damaged", FILE)
def a_program_without_a_graph(path: Path) -> None:
    zipped(path, {"a/data.pkl": b"", "a/constants.pkl": b""})


@CHECKPOINTS.file("cannot be read", "model\udcff.pt")
def a_name_that_is_no_text(path: Path) -> None:
    path.symlink_to(path.name)


@CHECKPOINTS.file("There is no file", "no\nsuch\x1b[2Jfile.pt")
def a_name_that_clears_the_screen(path: Path) -> None:
    """Make nothing."""


# Folders and indices


def indexed(name: str, said: str, placed: Any, part: Make = Path.exists) -> None:
    """Register an index, with what makes the file that it may name."""

    def make(path: Path) -> None:
        path.write_text(placed if isinstance(placed, str) else json.dumps({"weight_map": placed}))
        part(path.with_name(PART))

    CHECKPOINTS.add(f"an index {name}", Broken("model.safetensors.index.json", make, said))


def sound(path: Path) -> None:
    save_file(STATE, path)


def outside(path: Path) -> None:
    sound(path.parent.parent / "secret.safetensors")
    path.symlink_to("../secret.safetensors")


PART = "part.safetensors"
for _place in (
    "../../secret.safetensors",
    "../../../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "",
    "a/../../b",
    "a\0b",
    "..\\secret",
):
    indexed(f"that names {_place!r}", "outside its folder", {"b": _place})
indexed("of a link out of its folder", "outside its folder", {"b": PART}, outside)
indexed("of a link to itself", "outside its folder", {"b": PART}, lambda path: path.symlink_to(path.name))
indexed("of a folder", "is not there", {"b": PART}, Path.mkdir)
indexed("of a pipe", "is not there", {"b": PART}, os.mkfifo)
indexed("of nothing", "does not say which", {})
indexed("of a file that is missing", "is not there", {"b": PART})
indexed("of a tensor that is missing", "lacks 'c'", {"c": PART}, sound)
indexed("of numbers", "does not say which", {"b": 3})
indexed("that is a list", "is no table", "[]")
indexed("that is cut short", "not valid JSON", '{"weight_map": {')
indexed("nested without end", "not valid JSON", "[" * 100_000)
indexed(
    "of a pickle that would run",
    "would run 'builtins.getattr'",
    {"b": PART},
    lambda path: path.write_bytes(torch_bytes({"b": Hostile(canary(path))})),
)


@CHECKPOINTS.file("holds no checkpoint", "model.pt")
def an_empty_folder_named_as_a_file(path: Path) -> None:
    path.mkdir()


@CHECKPOINTS.file("leaves its folder", "model")
def a_folder_with_a_link_out_of_it(path: Path) -> None:
    path.mkdir()
    sound(path.parent.parent / "secret.safetensors")
    (path / "model.safetensors").symlink_to("../../secret.safetensors")


@CHECKPOINTS.file("several checkpoints", "model")
def a_folder_of_several(path: Path) -> None:
    path.mkdir()
    for name in ("a", "b"):
        sound(path / f"{name}.safetensors")
