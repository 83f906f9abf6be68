"""Files and folders of other programs: what they are, and what to do with them instead."""

import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import UserError
from .spans import AGAIN

START = 512  # bytes that tell what a file is

_ORIGIN = "Open the checkpoint that it was made from."
_EXPORT = "Save the network's weights as safetensors."
_PYTORCH = "Save the model for PyTorch first."
_UNPACK = "Unpack it and open what it holds."
_PAGE = "is a web page, not the file itself", "Sign in where it lies, and fetch it again."

# What files begin with, from a byte on.
_MARKS: dict[tuple[int, bytes], tuple[str, str]] = {
    (0, b"\x1f\x8b"): ("is compressed with gzip", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c"): ("is a 7z archive", _UNPACK),
    (0, b"BZh"): ("is compressed with bzip2", _UNPACK),
    (0, b"\xfd7zXZ"): ("is compressed with xz", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd"): ("is compressed with Zstandard", _UNPACK),
    (0, b"Rar!"): ("is a RAR archive", _UNPACK),
    (257, b"ustar"): ("is a tar archive", _UNPACK),
    (0, b"GGUF"): ("is a GGUF file, whose numbers are packed", _ORIGIN),
    (0, b"lmgg"): ("is a GGML file, whose numbers are packed", _ORIGIN),
    (0, b"tjgg"): ("is a GGML file, whose numbers are packed", _ORIGIN),
    (0, b"\x89HDF"): ("is an HDF5 file, as Keras writes", _EXPORT),
    (4, b"TFL3"): ("is a TensorFlow Lite (TFLite) model", _ORIGIN),
    (4, b"PTMF"): ("is a TorchScript program for phones", _ORIGIN),
    (4, b"ET12"): ("is an ExecuTorch program", _ORIGIN),
    (0, b"\x7fELF"): ("is compiled code", _ORIGIN),
    (0, b"MZ"): ("is compiled code", _ORIGIN),
    (0, b"\x93NUMPY"): ("is a NumPy array, which has no name", "Save the weights by name as safetensors."),
    (0, b"PK\x05\x06"): ("is an empty zip file", AGAIN),
    (0, b"version https://git-lfs"): ("is a Git LFS pointer, not the file itself", "Fetch it with 'git lfs pull'."),
    (0, b"model_checkpoint_path:"): ("is the list of a folder of TensorFlow checkpoints", _PYTORCH),
}
# What files are called whose first bytes say little.
_NAMES: dict[str, tuple[str, str]] = {
    r".+\.onnx": ("is an ONNX model", _ORIGIN),
    r".+\.mlmodelc?": ("is a Core ML model", _ORIGIN),
    r".+\.pb": ("is a TensorFlow graph", _PYTORCH),
    r".+\.(index|data-\d+-of-\d+|meta)": ("is a part of a TensorFlow checkpoint", _PYTORCH),
    r".+\.msgpack": ("is a MessagePack file, as Flax writes", _PYTORCH),
    r".+\.distcp": ("is a part of a distributed checkpoint", "Open the folder that it lies in."),
    r".+\.(engine|plan|trt)": ("is a TensorRT engine", _ORIGIN),
    r".+\.keras": ("is a Keras model", _EXPORT),
    r".+\.npz": ("is an archive of NumPy arrays", "Save the weights as safetensors."),
}
_ONNX = re.compile(rb"\x08[\x01-\x20](\x12.[\x20-\x7e]|[\x1a\x22\x32\x3a])", re.DOTALL)  # version, then the producer
_FLAX = re.compile(rb"([\x81-\x8f]|\xde..|\xdf....)[\xa1-\xbf\xd9][\x20-\x7e]", re.DOTALL)  # a table, then a short text
_PAGES = (b"<!doctype html", b"<html", b"<error")


def check_file(path: Path, start: bytes) -> None:
    """Refuse a file that is another program's for certain, by its first bytes.

    Raises
    ------
    UserError
        If it is one; says what it is and what to do.
    """
    _refuse(path, _marked(start) or _markup(start))


def check_unknown(path: Path, start: bytes) -> None:
    """Refuse a file of no known format by its name, and by what it looks like.

    Raises
    ------
    UserError
        If it looks like one of another program's.
    """
    _refuse(path, _named(path.name) or _looking(path, start))


def check_parts(folder: Path) -> None:
    """Refuse a folder whose weights lie in parts that another program must join.

    Raises
    ------
    UserError
        If it is one; says whose and how.
    """
    _refuse(folder, _lying(folder, _PARTS))


def check_folder(folder: Path) -> None:
    """Refuse a folder that has weights for another program alone.

    Raises
    ------
    UserError
        If it is one; says whose and what to do.
    """
    _refuse(folder, _lying(folder, _ALONE))


def _refuse(path: Path, said: tuple[str, str] | None) -> None:
    if said is not None:
        raise UserError(f"'{path.name}' {said[0]}.", said[1])


def _marked(start: bytes) -> tuple[str, str] | None:
    marks = (said for (place, mark), said in _MARKS.items() if start[place:].startswith(mark))
    return next(marks, None)


def _markup(start: bytes) -> tuple[str, str] | None:
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_PAGES):
        return _PAGE
    if not text.startswith(b"<?xml"):
        return None
    if b"<net " in text:
        return "is an OpenVINO model", _ORIGIN
    return _PAGE if any(mark in text for mark in _PAGES) else ("is an XML document", _EXPORT)


def _named(name: str) -> tuple[str, str] | None:
    return next((said for pattern, said in _NAMES.items() if re.fullmatch(pattern, name.lower())), None)


def _looking(path: Path, start: bytes) -> tuple[str, str] | None:
    if _ONNX.match(start):
        return "looks like an ONNX model", _ORIGIN
    if _FLAX.match(start):
        return "is a MessagePack file, as Flax writes", _PYTORCH
    beside = path.suffix == ".bin" and path.with_suffix(".xml").is_file()
    return ("has the weights of an OpenVINO model", _ORIGIN) if beside else None


def _lying(folder: Path, signs: Mapping[str, tuple[str, str]]) -> tuple[str, str] | None:
    """Return what a folder is by the names in it, or its own."""
    names = [folder.name, *(path.name for path in folder.iterdir())]
    return next((said for sign, said in signs.items() if any(re.fullmatch(sign, name) for name in names)), None)


_PARTS = {
    r".+\.distcp": (
        "is a distributed checkpoint of torch",
        "Make one file of it with 'python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER FILE'.",
    ),
    r"zero_to_fp32\.py|(bf16_)?zero_pp_rank_\d+_.+_states\.pt": (
        "is a checkpoint of DeepSpeed, whose weights lie in parts",
        "Make one file of it with the 'zero_to_fp32.py' that DeepSpeed puts beside them.",
    ),
}
_ALONE = {
    r"saved_model\.pb(txt)?": ("is a TensorFlow SavedModel", _PYTORCH),
    r"tf_model\.h5|.+\.index|.+\.data-\d+-of-\d+": ("has weights for TensorFlow alone", _PYTORCH),
    r".+\.msgpack": ("has weights for Flax alone", _PYTORCH),
    r"_CHECKPOINT_METADATA|manifest\.ocdbt|_METADATA": ("is a checkpoint of Orbax, for JAX", _PYTORCH),
    r"rust_model\.ot": ("has weights for Rust alone", _PYTORCH),
    r"coremldata\.bin|.+\.ml(model|modelc|package)": ("is a Core ML model", _ORIGIN),
    r".+\.onnx": ("has an ONNX model alone", _ORIGIN),
    r".+\.gguf": ("has a GGUF file alone, whose numbers are packed", _ORIGIN),
    r".+\.tflite": ("has a TensorFlow Lite (TFLite) model alone", _ORIGIN),
    r".+\.(h5|keras)": ("has a Keras model alone", _EXPORT),
}
