"""The machine that pickles are programs for: a stack, the stacks below its marks, and a memo."""

from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field
from typing import Any

from .pickle_objects import Name, PickleError, Record, Vocabulary

_KEY_PARTS = 1000


@dataclass
class Machine:
    """The stack, the stacks below the marks, the memo, and how many items and bytes calls have given."""

    vocabulary: Vocabulary
    stack: list[Any] = field(default_factory=list)
    below: list[list[Any]] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)
    copied: int = 0

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
        """Append to the list or the record, or add to the set, on top of the stack."""
        target = self.stack[-1]
        if isinstance(target, set):
            target.update(map(_key, items))
        elif isinstance(target, list | Record):
            (target.elements if isinstance(target, Record) else target).extend(items)
        else:
            raise PickleError("it appends to what is no list")

    def assign(self, items: list[Any]) -> None:
        """Set keys and values, in turn, of the dictionary or the record on top of the stack."""
        target = self.stack[-1]
        if not isinstance(target, dict | Record):
            raise PickleError("it sets items of what is no dictionary")
        (target.items if isinstance(target, Record) else target).update(_paired(items))

    def call(self, _: Any) -> None:
        arguments, name = self.pop(), self.pop()
        self._made(name, arguments)

    def _made(self, name: Any, arguments: Any) -> None:
        made = self.vocabulary.call(name, arguments)
        self.copied += len(made) if isinstance(made, Sized) else 0
        self.stack.append(made)

    def call_with_keywords(self, _: Any) -> None:
        keywords, arguments, name = self.pop(), self.pop(), self.pop()
        self._made(name, (*arguments, keywords) if keywords else arguments)

    def call_marked(self, _: Any) -> None:
        name, *arguments = self.marked()
        self._made(name, arguments)

    def instance(self, argument: Any) -> None:
        arguments = self.marked()
        self._made(self._name(*argument.split(" ", 1)), arguments)

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


def _push(make: Callable[[Machine], Any]) -> Callable[[Machine, Any], None]:
    """Return the action that pushes what ``make`` gives."""

    def action(machine: Machine, _: Any) -> None:
        value = make(machine)
        machine.stack.append(value)

    return action


def _last(count: int) -> Callable[[Machine], tuple[Any, ...]]:
    def take(machine: Machine) -> tuple[Any, ...]:
        return tuple(machine.pop() for _ in range(count))[::-1]

    return take


def _paired(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(map(_key, items[::2]), items[1::2], strict=True))


def _key(value: Any) -> Any:
    """Return a key that hashes fast; tuples in tuples, shared many times, could take for ever."""
    pending, left = [value], _KEY_PARTS
    while pending:
        part = pending.pop()
        left -= len(part) if isinstance(part, tuple) else 0
        if left < 0:
            raise PickleError("its keys have too many parts")
        pending.extend(part if isinstance(part, tuple) else ())
    return value


_ACTIONS: Mapping[str, Callable[[Machine, Any], None]] = {
    "MARK": Machine.mark,
    "POP": Machine.drop,
    "POP_MARK": Machine.drop_marked,
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
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), Machine.get),
    "MEMOIZE": Machine.memoize,
    "GLOBAL": Machine.name,
    "STACK_GLOBAL": Machine.stacked_name,
    **dict.fromkeys(("REDUCE", "NEWOBJ"), Machine.call),
    "NEWOBJ_EX": Machine.call_with_keywords,
    "OBJ": Machine.call_marked,
    "INST": Machine.instance,
    "BUILD": Machine.build,
    "BINPERSID": Machine.persistent,
    "PERSID": lambda machine, argument: machine.stack.append(machine.vocabulary.persistent(argument)),
}
