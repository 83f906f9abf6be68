"""The interpreter of pickles agrees with Python's on data, and refuses whatever Python's would call."""

import argparse
import collections
import copyreg
import enum
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.analysis.models.pickle_objects import ForbiddenError, Name, PickleError, Record
from graftwork.analysis.models.pickles import read_pickle_bytes
from graftwork.analysis.models.torch_pickles import PROGRAM, VOCABULARY

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=300) | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


@settings(max_examples=150)
@given(value=DATA, protocol=st.sampled_from(PROTOCOLS))
def test_data_is_read_as_python_reads_it(value: Any, protocol: int) -> None:
    assert read_pickle_bytes(pickle.dumps(value, protocol), VOCABULARY) == value


def test_python_1_and_shared_and_cyclic_data() -> None:
    assert read_pickle_bytes(b"(lp0\nI1\naL2L\naF0.5\naI01\na(I3\nS'x'\ntp1\na(dp2\ng1\nI4\nsa.", VOCABULARY) == [
        *(1, 2, 0.5, True, (3, "x"), {(3, "x"): 4})
    ]
    inner: list[Any] = [1]
    inner.append(inner)
    read = read_pickle_bytes(pickle.dumps([inner, inner]), VOCABULARY)
    assert read[0] is read[1] is read[0][1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_containers_of_the_library_become_plain_ones(protocol: int) -> None:
    value = [
        collections.OrderedDict(a=1),
        collections.defaultdict(list, a=[1]),
        collections.Counter("aab"),
        collections.deque([1, 2]),
        1 + 2j,
    ]
    read = read_pickle_bytes(pickle.dumps(value, protocol), VOCABULARY)
    assert read == [{"a": 1}, {"a": [1]}, {"a": 2, "b": 1}, [1, 2], 1 + 2j]
    assert [type(item) for item in read] == [dict, dict, dict, list, complex]


NAMES = ["os.system", "builtins.eval", "builtins.getattr", "builtins.__import__", "pickle.loads", "torch.load"]
NAMES += [
    "torch.hub.load",
    "functools.partial",
    "operator.attrgetter",
    "numpy.load",
    "torch._utils._import_dotted_name",
]


def forms(module: str, attribute: str, argument: str) -> dict[str, bytes]:
    """Return pickles that call one function by every instruction that can."""
    name, text = f"{module}\n{attribute}\n".encode(), f"V{argument}\n".encode()
    stacked = b"".join(b"\x8c" + bytes([len(part)]) + part.encode() for part in (module, attribute)) + b"\x93"
    return {
        "REDUCE": b"c" + name + b"(" + text + b"tR.",
        "STACK_GLOBAL": b"\x80\x04" + stacked + b"(" + text + b"tR.",
        "INST": b"(" + text + b"i" + name + b".",
        "OBJ": b"(c" + name + text + b"o.",
        "NEWOBJ": b"\x80\x02c" + name + b"(" + text + b"t\x81.",
        "NEWOBJ_EX": b"\x80\x04" + stacked + b"(" + text + b"t}\x92.",
        "in a list": b"\x80\x02]c" + name + b"(" + text + b"tRa.",
        "memo": b"\x80\x02c" + name + b"q\x01h\x01" + b"(" + text + b"tR.",
    }


@pytest.mark.parametrize("dotted", NAMES)
@pytest.mark.parametrize("form", list(forms("", "", "")))
def test_whatever_would_be_called_is_recorded_by_name(form: str, dotted: str) -> None:
    module, _, attribute = dotted.rpartition(".")
    read = read_pickle_bytes(forms(module, attribute, "x")[form], VOCABULARY)
    record = read[0] if form == "in a list" else read
    assert (type(record), record.name, record.arguments) == (Record, dotted, ("x",))


@pytest.mark.parametrize("form", list(forms("", "", "")))
def test_a_program_may_name_its_own_classes_alone(form: str) -> None:
    with pytest.raises(ForbiddenError, match=r"os\.system"):
        read_pickle_bytes(forms("os", "system", "x")[form], PROGRAM)
    assert read_pickle_bytes(forms("__torch__", "M", "x")["REDUCE"], PROGRAM).name == "__torch__.M"


@pytest.mark.parametrize("data", [b"cos\nsystem\n.", b"\x80\x04\x8c\x02os\x8c\x06system\x93."])
def test_a_name_that_is_never_called_stays_a_name(data: bytes) -> None:
    assert read_pickle_bytes(data, VOCABULARY) == Name("os.system")


@pytest.mark.parametrize("form", list(forms("", "", "")))
def test_the_forms_do_call_when_python_reads_them(form: str, tmp_path: Path) -> None:
    pickle_bytes = forms("os", "mkdir", str(tmp_path / "canary"))[form]
    read_pickle_bytes(pickle_bytes, VOCABULARY)
    assert not (tmp_path / "canary").exists()
    if not form.startswith("NEWOBJ"):  # which calls a class alone
        pickle.loads(pickle_bytes)
        assert (tmp_path / "canary").exists()


def test_an_extension_code_is_not_looked_up() -> None:
    copyreg.add_extension("os", "getcwd", 77)
    try:
        with pytest.raises(PickleError, match="EXT1"):
            read_pickle_bytes(b"\x80\x02\x82\x4d)R.", VOCABULARY)
        assert pickle.loads(b"\x80\x02\x82\x4d)R.") == str(Path.cwd())
    finally:
        copyreg.remove_extension("os", "getcwd", 77)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b".",
        b"\x80\x02",
        b"\x80\x02N",
        b"\x80\x02h\x05.",
        b"\x80\x02t.",
        b"\x80\x02]u.",
        b"\x80\x02NNR.",
        b"\x80\x02K\x01K\x02R.",
        b"\x80\x02}]K\x01s.",
        b"\x80\x02X\xff\xff\xff\x7fabc.",
        b"\x80\x04\x8e" + b"\xff" * 8 + b".",
        b"\x80\x02ccollections\nOrderedDict\nNR.",
        b"\x80\x02K\x01)R.",
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
        b"\x80\x02U\x04abcdQ.",
        b"\xff\xfe",
    ],
)
def test_a_damaged_pickle_is_an_error_of_its_own(data: bytes) -> None:
    with pytest.raises((PickleError, ForbiddenError)):
        read_pickle_bytes(data, VOCABULARY)


def test_keys_that_would_hash_for_ever_are_refused() -> None:
    doubled = b"".join(b"q%c0h%ch%c\x86" % (n, n, n) for n in range(100))
    assert read_pickle_bytes(pickle.dumps({((1, 2), "a"): 3}), VOCABULARY) == {((1, 2), "a"): 3}
    with pytest.raises(PickleError, match="keys"):
        read_pickle_bytes(b"\x80\x02})" + doubled + b"K\x01s.", VOCABULARY)


@settings(max_examples=300)
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_changed_pickle_reads_or_is_refused(changes: list[tuple[int, int]]) -> None:
    data = bytearray(pickle.dumps({"a": [1, (2.5, "x")], "b": collections.OrderedDict(c=b"d")}, 4))
    for place, byte in changes:
        data[place % len(data)] = byte
    try:
        read_pickle_bytes(data, VOCABULARY)
    except (PickleError, ForbiddenError):
        return


def test_a_record_keeps_its_state_and_runs_no_method_of_its_class() -> None:
    read = read_pickle_bytes(pickle.dumps(argparse.Namespace(lr=1.0)), VOCABULARY)
    assert isinstance(read, Record)
    assert (read.name, read.state) == ("argparse.Namespace", {"lr": 1.0})


class Settings(dict[str, Any]):
    """A dictionary with attributes, which is pickled with both."""


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_object_that_is_a_dictionary_keeps_its_items(protocol: int) -> None:
    made = Settings(lr=0.1)
    made.note = "x"  # type: ignore[attr-defined]
    read = read_pickle_bytes(pickle.dumps(made, protocol), VOCABULARY)
    assert (read.name, read.items, read.state) == (f"{__name__}.Settings", {"lr": 0.1}, {"note": "x"})


class Kind(enum.Enum):
    """Values that pickles make by calling their class."""

    FIRST = 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_objects_may_be_keys_and_members(protocol: int) -> None:
    keyed, members = read_pickle_bytes(pickle.dumps(({Kind.FIRST: 2}, {Kind.FIRST}), protocol), VOCABULARY)
    assert list(keyed.values()) == [2]
    assert len(members) == 1


@pytest.mark.parametrize("call", [b"h\x02h\x01\x85R", b"h\x02h\x01\x85\x81"])
def test_copies_beyond_measure_are_refused(call: bytes) -> None:
    start = b"\x80\x02]q\x01(" + b"N" * 5000 + b"ecbuiltins\nlist\nq\x02"
    assert len(read_pickle_bytes(start + call + b".", VOCABULARY)) == 5000
    with pytest.raises(PickleError, match="copies"):
        read_pickle_bytes(start + call * 1000 + b".", VOCABULARY)
