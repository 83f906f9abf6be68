"""Pieces of pickles that run code, or take all memory or time, where a program builds what they name.

Each leaves one object on the stack. ``trap`` is a module that leaves a file behind when it is imported or called.
"""

import io
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import torch

PLACE = "the-place-of-a-hostile-object"
TENSOR = torch.arange(6.0).reshape(2, 3)
BOOM = b"ctrap\nboom\n"
MADE = BOOM + b")R"


def text(value: str) -> bytes:
    return b"X" + len(value.encode()).to_bytes(4, "little") + value.encode()


def stacked(module: str, attribute: str) -> bytes:
    return text(module) + text(attribute) + b"\x93"


def called(module: str, attribute: str, argument: str = "touch canary") -> bytes:
    return stacked(module, attribute) + text(argument) + b"\x85R"


class Trapped:
    """Has whatever its pickle is made of done by ``trap``."""

    def __init__(self, *reduced: Any) -> None:
        self.reduced = reduced

    def __reduce_ex__(self, _: Any) -> Any:
        return self.reduced


def boomed(*rest: Any) -> bytes:
    """Return what Python itself writes of an object that is reduced to a call."""
    return pickle.dumps(Trapped(print, (), *rest), 2)[2:-1].replace(b"c__builtin__\nprint\n", BOOM)


CALLS = """
os.system posix.system nt.system os.popen os.remove subprocess.Popen subprocess.check_output builtins.eval
builtins.exec builtins.compile builtins.open builtins.__import__ builtins.getattr builtins.setattr
builtins.delattr builtins.globals builtins.breakpoint builtins.input importlib.import_module runpy.run_path
runpy.run_module pickle.loads _pickle.loads cloudpickle.loads dill.loads marshal.loads shelve.open torch.load
torch.jit.load torch.hub.load torch.classes.load_library torch.ops.load_library torch.utils.cpp_extension.load
torch.storage._load_from_bytes torch._utils._import_dotted_name torch.fx.graph_module.reduce_graph_module
torch.package.PackageImporter numpy.load numpy.core.multiarray.fromfile numpy.ctypeslib.load_library
ctypes.CDLL functools.partial functools.reduce operator.attrgetter operator.methodcaller itertools.accumulate
types.FunctionType types.CodeType code.interact pty.spawn pdb.run timeit.timeit cProfile.run shutil.rmtree
pathlib.Path.touch tempfile.mktemp socket.create_connection urllib.request.urlopen webbrowser.open asyncio.run
multiprocessing.Process threading.Thread signal.raise_signal sys.exit atexit.register gc.collect
site.addsitedir logging.config.fileConfig sqlite3.connect zipfile.ZipFile tarfile.open trap.boom trap.Trap
trap.Trap.make
""".split()  # noqa: SIM905 - a list would take a line for each

OPCODES: dict[str, bytes] = {
    "REDUCE": MADE,
    "NEWOBJ": BOOM + b")\x81",
    "NEWOBJ_EX": BOOM + b")}\x92",
    "NEWOBJ_EX with keywords": BOOM + b")}" + text("a") + b"K\x01s\x92",
    "INST": b"(itrap\nboom\n",
    "OBJ": b"(" + BOOM + b"o",
    "STACK_GLOBAL": stacked("trap", "boom") + b")R",
    "a name alone": BOOM,
    "BUILD with a state": MADE + b"}" + text("x") + b"K\x01sb",
    "BUILD with slots": MADE + b"N}" + text("x") + b"K\x01s\x86b",
    "BUILD with what a class is": MADE + b"}(" + text("__class__") + BOOM + text("__dict__") + b"}ub",
    "BUILD of a class": BOOM + b"}" + text("__init__") + BOOM + b"sb",
    "BUILD of one of torch's functions": b"ctorch._utils\n_rebuild_tensor_v2\n}" + text("__code__") + BOOM + b"sb",
    "BUILD twice": MADE + b"}b}" + text("x") + MADE + b"sb",
    "SETITEM": MADE + text("x") + BOOM + b"s",
    "SETITEMS": MADE + b"(" + text("x") + MADE + b"K\x02K\x03u",
    "APPEND": MADE + MADE + b"a",
    "APPENDS": MADE + b"(" + MADE + b"K\x01e",
    "ADDITEMS": MADE + b"(" + MADE + b"K\x01\x90",
    "a call of what a call gave": MADE + b")R",
    "a method of what a call gave": b"cbuiltins\ngetattr\n" + MADE + text("boom") + b"\x86R)R",
    "a name in the memo": BOOM + b"q\xfa0h\xfa)R",
    "a place of the memo taken twice": BOOM + b"q\xfaK\x01q\xfa00" + BOOM + b"r\xff\xff\xff\xff0j\xff\xff\xff\xff)R",
    "a class that holds itself": MADE + b"q\xfa}" + text("self") + b"h\xfasb",
    "arguments that hold the object": b"]q\xfa" + BOOM + b"h\xfa\x85R" + b"q\xfb" + b"h\xfah\xfba",
    "an object for a key": b"}" + MADE + b"K\x01s",
    "an object in a set": b"\x8f(" + MADE + b"\x90",
    "copyreg's own": b"ccopyreg\n__newobj__\n" + BOOM + b"\x85R",
    "copyreg's first": b"ccopy_reg\n_reconstructor\n" + BOOM + b"c__builtin__\nobject\nN\x87R",
    "a list of another class": b"ccollections\ndeque\n(" + MADE + b"l\x85R",
    "a function with a default": b"ccollections\ndefaultdict\n" + BOOM + b"\x85R" + text("x") + b"K\x01s",
    "reduced to a call": boomed(),
    "reduced with a state": boomed({"x": 1}),
    "reduced with a state and a setter": pickle.dumps(Trapped(dict, (), {"x": 1}, None, None, print), 2)[2:-1].replace(
        b"c__builtin__\nprint\n", BOOM
    ),
    "reduced with items": boomed(None, iter([1, 2]), iter([("a", 1)])),
}

CONFUSED: dict[str, bytes] = {}
for _module, _attribute in (
    ("trap", "_rebuild_tensor_v2"),
    ("trap._utils", "_rebuild_tensor_v2"),
    ("torch._utils.trap", "_rebuild_tensor_v2"),
    ("torch._utils ", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_tensor_v2.__globals__"),
    ("torch._utils", "_rebuild_tensor_v2\0"),
    ("torch", "_utils._rebuild_tensor_v3.trap"),
    ("Torch._utils", "_rebuild_parameter"),
    ("collections ", "OrderedDict"),
    ("trap.collections", "OrderedDict"),
    ("numpy.core.multiarray.trap", "_reconstruct"),
    ("", "trap"),
    ("trap", ""),
):
    CONFUSED[f"named {_module!r}, {_attribute!r}"] = stacked(_module, _attribute) + b"(" + MADE + b"K\x00))tR"


def nested(count: int, begin: bytes, end: bytes) -> bytes:
    return begin * count + b"N" + end * count


ENDLESS: dict[str, bytes] = {
    "lists in lists": b"]" * 30_000 + b"a" * 29_999,
    "tuples in tuples": nested(30_000, b"", b"\x85"),
    "calls in calls": nested(10_000, BOOM, b"\x85R"),
    "states in states": MADE * 10_000 + b"b" * 9_999,
    "dictionaries in dictionaries": b"}" + (text("a") + b"}") * 10_000 + b"s" * 10_000,
    "lists that share lists": b"]" + b"q\xfa0](h\xfah\xfae" * 200,
    "calls that share arguments": MADE + b"".join(b"q\xfa0" + BOOM + b"h\xfah\xfa\x86R" for _ in range(200)),
}

REFUSED: dict[str, bytes] = {
    "EXT1": b"\x82\x4d)R",
    "EXT2": b"\x83\x4d\x00)R",
    "EXT4": b"\x84\x4d\x00\x00\x00)R",
    "a buffer that is not there": b"\x97",
    "a read-only buffer": b"N\x98",
    "a call of a text": text("os.system") + b")R",
    "a call of a number": b"K\x01)R",
    "a call with no tuple": BOOM + b"NR",
    "a place of the memo that is empty": b"h\xf7",
    "a name that is no text": b"NN\x93",
    "a storage of another module": b"("
    + text("storage")
    + b"ctrap\nFloatStorage\n"
    + text("0")
    + text("cpu")
    + b"K\x06tQ",
    "bytes beyond any memory": b"\x8e" + b"\xff" * 7 + b"\x7f",
    "a text beyond any memory": b"\x8d" + b"\xff" * 7 + b"\x7f",
    "a number beyond any memory": b"\x8b\xff\xff\xff\x7f",
    "copies of copies": b"](" + b"N" * 9_000 + b"eq\xfa0]" + b"cbuiltins\nlist\nh\xfa\x85R0" * 5_000,
    "copies of bytes": b"c_codecs\nencode\nq\xfb0" + text("x" * 60_000) + b"q\xfa0N" + b"0h\xfbh\xfa\x85R" * 5_000,
    "keys that hash for ever": b"}N" + b"q\xfa0h\xfah\xfa\x86" * 100 + b"K\x01s",
}

OPENING = {f"a call of {name}": called(*name.rsplit(".", 1)) for name in CALLS} | OPCODES | CONFUSED | ENDLESS


def with_piece(piece: bytes, *, zipped: bool) -> bytes:
    """Return a file of torch with a tensor, and the hostile object beside it."""
    stream = io.BytesIO()
    torch.save({"w": TENSOR, "beside": PLACE}, stream, _use_new_zipfile_serialization=zipped)
    return _repacked(stream, piece) if zipped else stream.getvalue().replace(text(PLACE), piece)


def _repacked(stream: io.BytesIO, piece: bytes) -> bytes:
    packed = io.BytesIO()
    with ZipFile(stream) as before, ZipFile(packed, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(text(PLACE), piece))
    return packed.getvalue()


def trap(folder: Path) -> None:
    """Write the module that leaves a file behind."""
    touch = f"open({str(folder / 'canary')!r}, 'w').close()"
    (folder / "trap.py").write_text(f"{touch}\ndef boom(*_, **__):\n    {touch}\n")


def files_in(folder: Path) -> Iterator[tuple[str, int]]:
    return ((str(path), path.lstat().st_mtime_ns) for path in sorted(folder.rglob("*")))
