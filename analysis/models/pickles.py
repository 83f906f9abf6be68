"""Reading pickles without running them.

A pickle is a program for a machine with a stack. This interpreter of it (opcodes: Python's ``pickletools``) builds
lists, dictionaries, numbers and strings, and never imports what a pickle names: a name is looked up in a vocabulary of
our own functions, and whatever is not in it is refused.
"""

import io
import pickletools
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

_FAULTS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)


class Stream(Protocol):
    """What ``pickletools`` reads from: a buffer in memory, or a mapped file."""

    def read(self, size: int = ..., /) -> bytes: ...
    def readline(self) -> bytes: ...
    def tell(self) -> int: ...


class PickleError(Exception):
    """The pickle is damaged or truncated."""


class ForbiddenError(Exception):
    """The pickle asks for something outside the vocabulary; the message is its dotted name."""


@dataclass(frozen=True)
class Name:
    """A module's attribute that a pickle names; it was not looked up."""

    dotted: str


@dataclass(eq=False)
class Record:
    """An object of a named class: what it was made from, and its state."""

    name: str
    arguments: tuple[Any, ...] = ()
    state: Any = None


Builder = Callable[..., Any]
_RENAMED = {"__builtin__": "builtins"}  # as Python 2 and the older protocols call it


@dataclass(frozen=True)
class Vocabulary:
    """What a pickle may name.

    Attributes
    ----------
    builders : mapping of str to callable
        By dotted name, what stands in for a function or class when the pickle calls it.
    values : callable
        Whether a dotted name may be mentioned, though never called.
    records : callable
        Whether objects of a class become `Record` objects.
    persistent : callable
        Gives the object of a persistent identifier.
    """

    builders: Mapping[str, Builder]
    values: Callable[[str], bool] = lambda _: False
    records: Callable[[str], bool] = lambda _: False
    persistent: Callable[[Any], Any] = lambda _: None

    def name(self, module: str, attribute: str) -> Name:
        """Return a name that the pickle mentions, if it may."""
        dotted = f"{_RENAMED.get(module, module)}.{attribute}"
        if dotted in self.builders or self.values(dotted) or self.records(dotted):
            return Name(dotted)
        raise ForbiddenError(dotted)

    def call(self, name: Any, arguments: Any) -> Any:
        """Return what stands in for the result of a call."""
        if not isinstance(name, Name):
            raise PickleError("it calls what is no name")
        if name.dotted in self.builders:
            return self.builders[name.dotted](*arguments)
        if self.records(name.dotted):
            return Record(name.dotted, tuple(arguments))
        raise ForbiddenError(name.dotted)


def read_pickle(stream: Stream, vocabulary: Vocabulary) -> Any:
    """Return the content of the pickle that begins where the stream stands, and leave the stream at its end.

    Raises
    ------
    PickleError
        If it is damaged or truncated.
    ForbiddenError
        If it names anything outside the vocabulary.
    """
    machine = _Machine(vocabulary)
    try:
        for code, argument, _ in pickletools.genops(stream):  # type: ignore[arg-type]
            machine.step(code.name, argument)
        return machine.stack[-1]
    except _FAULTS as error:
        raise PickleError(str(error)) from error


def read_pickle_bytes(data: bytes | bytearray, vocabulary: Vocabulary) -> Any:
    """Return the content of a pickle in memory; see `read_pickle`."""
    return read_pickle(io.BytesIO(data), vocabulary)


@dataclass
class _Machine:
    """The stack, the stacks below the marks, and the memo."""

    vocabulary: Vocabulary
    stack: list[Any] = field(default_factory=list)
    below: list[list[Any]] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def step(self, name: str, argument: Any) -> None:
        """Do one opcode."""
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        elif name not in _SILENT:
            raise PickleError(f"its instruction {name} belongs to no checkpoint")

    def pop(self) -> Any:
        """Take the top of the stack."""
        return self.stack.pop()

    def drop(self, _: Any) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.stack = self.below.pop()

    def marked(self) -> list[Any]:
        """Take everything above the last mark."""
        items, self.stack = self.stack, self.below.pop()
        return items

    def drop_marked(self, _: Any) -> None:
        self.marked()

    def mark(self, _: Any) -> None:
        self.below.append(self.stack)
        self.stack = []

    def put(self, place: Any) -> None:
        self.memo[int(place)] = self.stack[-1]

    def memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def get(self, place: Any) -> None:
        self.stack.append(self.memo[int(place)])

    def extend(self, items: list[Any]) -> None:
        """Append to the list, or add to the set, on top of the stack."""
        target = self.stack[-1]
        if isinstance(target, set):
            target.update(map(_key, items))
        elif isinstance(target, list):
            target.extend(items)
        else:
            raise PickleError("it appends to what is no list")

    def assign(self, items: list[Any]) -> None:
        """Set keys and values, in turn, of the dictionary on top of the stack."""
        target = self.stack[-1]
        if not isinstance(target, dict):
            raise PickleError("it sets items of what is no dictionary")
        target.update(_paired(items))

    def call(self, _: Any) -> None:
        arguments, name = self.pop(), self.pop()
        self.stack.append(self.vocabulary.call(name, arguments))

    def call_with_keywords(self, _: Any) -> None:
        keywords = self.pop()
        if keywords:
            raise PickleError("it makes an object from keywords")
        self.call(None)

    def call_marked(self, _: Any) -> None:
        name, *arguments = self.marked()
        self.stack.append(self.vocabulary.call(name, arguments))

    def instance(self, argument: Any) -> None:
        arguments = self.marked()
        self.stack.append(self.vocabulary.call(self._name(*argument.split(" ", 1)), arguments))

    def build(self, _: Any) -> None:
        """Give a record its state; dictionaries and tensors have none that counts."""
        state = self.pop()
        if isinstance(self.stack[-1], Record):
            self.stack[-1].state = state

    def name(self, argument: Any) -> None:
        self.stack.append(self._name(*argument.split(" ", 1)))

    def stacked_name(self, _: Any) -> None:
        attribute, module = self.pop(), self.pop()
        self.stack.append(self._name(module, attribute))

    def _name(self, module: Any, attribute: Any) -> Name:
        if not (isinstance(module, str) and isinstance(attribute, str)):
            raise PickleError("it names an object by what is no text")
        return self.vocabulary.name(module, attribute)

    def persistent(self, _: Any) -> None:
        self.stack.append(self.vocabulary.persistent(self.pop()))


_INTEGERS = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"}
_REALS = {"FLOAT", "BINFLOAT"}
_TEXTS = {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
_BYTES = {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
_LITERALS = _INTEGERS | _REALS | _TEXTS | _BYTES
_CONSTANTS: Mapping[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": set,
}
_SILENT = frozenset({"PROTO", "FRAME", "STOP"})


def _push(make: Callable[[_Machine], Any]) -> Callable[[_Machine, Any], None]:
    """Return the action that pushes what ``make`` gives."""

    def action(machine: _Machine, _: Any) -> None:
        value = make(machine)
        machine.stack.append(value)

    return action


def _last(count: int) -> Callable[[_Machine], tuple[Any, ...]]:
    def take(machine: _Machine) -> tuple[Any, ...]:
        return tuple(machine.pop() for _ in range(count))[::-1]

    return take


def _paired(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(map(_key, items[::2]), items[1::2], strict=True))


def _key(value: Any) -> Any:
    """Return a key that hashes fast; tuples in tuples, shared many times, could take for ever."""
    parts = value if isinstance(value, tuple) else (value,)
    if all(part is None or isinstance(part, str | bytes | int | float | Name) for part in parts):
        return value
    raise PickleError("its keys are no plain values")


_ACTIONS: Mapping[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine.mark,
    "POP": _Machine.drop,
    "POP_MARK": _Machine.drop_marked,
    "DUP": _push(lambda machine: machine.stack[-1]),
    "TUPLE": _push(lambda machine: tuple(machine.marked())),
    "TUPLE1": _push(_last(1)),
    "TUPLE2": _push(_last(2)),
    "TUPLE3": _push(_last(3)),
    "LIST": _push(lambda machine: machine.marked()),
    "DICT": _push(lambda machine: _paired(machine.marked())),
    "FROZENSET": _push(lambda machine: frozenset(map(_key, machine.marked()))),
    "APPEND": lambda machine, _: machine.extend([machine.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.marked()),
    "ADDITEMS": lambda machine, _: machine.extend(machine.marked()),
    "SETITEM": lambda machine, _: machine.assign(list(_last(2)(machine))),
    "SETITEMS": lambda machine, _: machine.assign(machine.marked()),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "MEMOIZE": _Machine.memoize,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.stacked_name,
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _Machine.call),
    "NEWOBJ_EX": _Machine.call_with_keywords,
    "OBJ": _Machine.call_marked,
    "INST": _Machine.instance,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.persistent,
    "PERSID": lambda machine, argument: machine.stack.append(machine.vocabulary.persistent(argument)),
}
