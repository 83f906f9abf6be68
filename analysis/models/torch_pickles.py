"""What the pickles in torch's files may name, and what stands in for it: tensors that stay in the file, plain values.

Names and arguments are those of ``torch._utils``; nothing of torch is called with what a file says.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from .arrays import Array, number_type
from .pickle_objects import Name, PickleError, Record, Vocabulary
from .stored import Storage, StoredTensor, Unreadable, stored

_KINDS: Mapping[str, torch.dtype | None] = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
    "UntypedStorage": None,
    "QInt8Storage": torch.qint8,
    "QUInt8Storage": torch.quint8,
    "QInt32Storage": torch.qint32,
    "QUInt4x2Storage": torch.quint4x2,
    "QUInt2x4Storage": torch.quint2x4,
}
_STORAGES = {
    f"{module}.{name}": dtype for name, dtype in _KINDS.items() for module in ("torch", "torch.cuda", "torch.storage")
}
_DTYPES = {str(value): value for value in vars(torch).values() if isinstance(value, torch.dtype)}
_CLASSES = {
    "torch.Tensor",
    "torch._tensor.Tensor",
    "torch.nn.parameter.Parameter",
    "torch.nn.parameter.Buffer",
    "numpy.ndarray",
    "torch.serialization._get_layout",
    "torch.per_tensor_affine",
    "torch.per_channel_affine",
}
_PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath", "Path")


def storage(identifier: Any) -> Storage:
    """Return the storage of a persistent identifier: ``('storage', class, key, device, count[, view])``."""
    match identifier:
        case ("storage", Name(dotted), str(key), str(), int(count), *view) if count >= 0 and not any(view):
            return Storage(key, _STORAGES[dotted], count)
        case _:
            raise PickleError("a storage is named in an unknown way")


def _tensor(place: Any, offset: Any, shape: Any, steps: Any, *rest: Any) -> StoredTensor | Unreadable:
    if isinstance(place, Record):
        return Unreadable("pickled without torch.save")
    if not isinstance(place, Storage) or place.dtype is None:
        raise PickleError("a tensor's storage has no number type")
    return stored(place, place.dtype, offset, shape, steps, **_flags(rest[2] if len(rest) > 2 else None))


def _typed_tensor(
    place: Any, offset: Any, shape: Any, steps: Any, _grad: Any, _hooks: Any, dtype: Any, metadata: Any = None
) -> StoredTensor:
    return stored(place, _dtype(dtype), offset, shape, steps, **_flags(metadata))


def _flags(metadata: Any) -> dict[str, bool]:
    given = metadata if isinstance(metadata, dict) else {}
    return {"conjugate": bool(given.get("conj")), "negative": bool(given.get("neg"))}


def _dtype(name: Any) -> torch.dtype:
    if not isinstance(name, Name) or name.dotted not in _DTYPES:
        raise PickleError("a tensor's number type is unknown")
    return _DTYPES[name.dotted]


def _of_type(build: Any, _kind: Any, arguments: Any, _state: Any) -> Any:
    """Stand in for tensors with attributes of their own, which are left out."""
    if not isinstance(build, Name):
        raise PickleError("a tensor is built in an unknown way")
    return TENSORS[build.dotted](*arguments) if build.dotted in TENSORS else Record(build.dotted, tuple(arguments))


def _unreadable(kind: str) -> Callable[..., Unreadable]:
    return lambda *_: Unreadable(kind)


def _first(value: Any, *_: Any) -> Any:
    return value


def _scalar(kind: Any, data: Any = b"") -> Any:
    """Return numpy's number of that dtype as Python's; None if it is of another kind."""
    dtype = number_type(kind)
    raw = data.encode("latin1") if isinstance(data, str) else data
    return None if dtype is None else np.frombuffer(raw, dtype, count=1)[0].item()


def _buffer(data: Any, kind: Any, shape: Any, order: Any) -> Array:
    """Stand in for how newer pickles have an array: its bytes, dtype, shape, and ``F`` where columns come first."""
    return Array("numpy.ndarray", state=(1, shape, kind, order == "F", data))


def _reconstructed(kind: Any, _base: Any = None, state: Any = None) -> Record:
    """Stand in for how the oldest protocols make an object of a class."""
    if not isinstance(kind, Name):
        raise PickleError("an object has no class")
    return Record(kind.dotted, () if state is None else (state,), items=dict(state) if isinstance(state, dict) else {})


def _made(kind: Any, *arguments: Any) -> Any:
    """Stand in for ``kind.__new__(kind, *arguments)``."""
    return VOCABULARY.call(kind, arguments)


def _dictionary(items: Any = ()) -> dict[Any, Any]:
    if isinstance(items, dict):
        return dict(items)
    return {key: value for key, value in items if isinstance(key, str | int)}


def _sequence(items: Any = ()) -> list[Any]:
    return list(items) if isinstance(items, list | tuple | set | frozenset) else []


def _encoded(text: Any = "", _encoding: Any = None) -> bytes:
    return text.encode("latin1") if isinstance(text, str) else b""


def _of_numpy(name: str) -> list[str]:
    return [f"numpy.{core}.{name}" for core in ("core", "_core")]


def _joined(*parts: Any) -> str:
    return "/".join(part for part in parts[:64] if isinstance(part, str))


TENSORS: Mapping[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _typed_tensor,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._utils._rebuild_qtensor": _unreadable("quantised"),
    "torch._utils._rebuild_sparse_tensor": _unreadable("sparse"),
    "torch._utils._rebuild_sparse_csr_tensor": _unreadable("sparse"),
    "torch._utils._rebuild_nested_tensor": _unreadable("nested"),
    "torch._utils._rebuild_meta_tensor_no_storage": _unreadable("without data"),
}
BUILDERS: Mapping[str, Callable[..., Any]] = {
    **TENSORS,
    "torch._tensor._rebuild_from_type_v2": _of_type,
    "torch.serialization._get_layout": _first,
    "torch.Size": _sequence,
    "torch.device": lambda *parts: ":".join(map(str, parts[:2])),
    "torch.Generator": lambda *_: None,
    "collections.OrderedDict": _dictionary,
    "collections.defaultdict": lambda *_: {},
    "collections.Counter": _dictionary,
    "collections.deque": _sequence,
    **dict.fromkeys(("builtins.set", "builtins.frozenset", "builtins.list", "builtins.tuple"), _sequence),
    "builtins.dict": _dictionary,
    **dict.fromkeys(("builtins.bytes", "builtins.bytearray", "_codecs.encode"), _encoded),
    "builtins.complex": lambda real=0.0, imaginary=0.0: complex(float(real), float(imaginary)),
    **dict.fromkeys(_of_numpy("multiarray.scalar"), _scalar),
    **dict.fromkeys(_of_numpy("multiarray._reconstruct"), lambda *_: Array("numpy.ndarray")),
    **dict.fromkeys(_of_numpy("numeric._frombuffer"), _buffer),
    "torch.torch_version.TorchVersion": _first,
    "copyreg._reconstructor": _reconstructed,
    "copyreg.__newobj__": _made,
    **{f"{module}.{name}": _joined for name in _PATHS for module in ("pathlib", "pathlib._local")},
}
_LISTS = [
    f"torch.jit._pickle.{name}"
    for name in ("build_intlist", "build_tensorlist", "build_doublelist", "build_boollist", "restore_type_tag")
]
_MENTIONED = _STORAGES.keys() | _CLASSES | _DTYPES.keys()

VOCABULARY = Vocabulary(BUILDERS, persistent=storage)
PROGRAM = Vocabulary(
    {**BUILDERS, **dict.fromkeys(_LISTS, _first)},
    lambda name: name in _MENTIONED or name.startswith("__torch__."),
    storage,
)
