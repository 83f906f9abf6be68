"""What a pickle's names and objects become: nothing that it names is imported, and nothing of it is called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class PickleError(Exception):
    """The pickle is damaged or truncated."""


class ForbiddenError(Exception):
    """The pickle asks for something outside the vocabulary; the message is its dotted name."""


@dataclass(frozen=True)
class Name:
    """A module's attribute that a pickle names; it was not looked up."""

    dotted: str


@dataclass(eq=False, repr=False)
class Record:
    """What a named class or function would have made: the arguments, and what the object was given since.

    Attributes
    ----------
    name : str
        The dotted name.
    arguments : tuple
        What it was called with.
    state : Any
        What ``__setstate__`` or the attributes would have got; None for nothing.
    items : dict
        What was set in it by keys.
    elements : list
        What was appended or added to it.
    """

    name: str
    arguments: tuple[Any, ...] = ()
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)
    elements: list[Any] = field(default_factory=list)

    def __repr__(self) -> str:
        return self.name  # what it holds may hold itself


Builder = Callable[..., Any]
_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}  # as Python 2 and the older protocols call them


@dataclass(frozen=True)
class Vocabulary:
    """What the names of a pickle stand for; whatever has no builder becomes a `Record` when it is called.

    Attributes
    ----------
    builders : mapping of str to callable
        By dotted name, what stands in for a function or class when the pickle calls it.
    allowed : callable
        Whether a dotted name may be mentioned at all.
    persistent : callable
        Gives the object of a persistent identifier.
    """

    builders: Mapping[str, Builder]
    allowed: Callable[[str], bool] = lambda _: True
    persistent: Callable[[Any], Any] = lambda _: None

    def name(self, module: str, attribute: str) -> Name:
        """Return a name that the pickle mentions, if it may."""
        dotted = f"{_RENAMED.get(module, module)}.{attribute}"
        if dotted in self.builders or self.allowed(dotted):
            return Name(dotted)
        raise ForbiddenError(dotted)

    def call(self, called: Any, arguments: Any) -> Any:
        """Return what stands in for the result of a call."""
        if isinstance(called, Record):  # of what another call would have given
            return Record(called.name, (called, *arguments))
        if not isinstance(called, Name):
            raise PickleError("it calls what is no name")
        build = self.builders.get(called.dotted)
        return build(*arguments) if build else Record(called.dotted, tuple(arguments))
