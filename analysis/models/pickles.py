"""Reading pickles without running them.

A pickle is a program for a machine with a stack. This interpreter of it (opcodes: Python's ``pickletools``) builds
lists, dictionaries, numbers and strings, and never imports what a pickle names: a name is looked up in a vocabulary of
our own functions, and whatever is not in it becomes a record of what was asked for.
"""

import io
import pickletools
import struct
import warnings
from typing import Any, Protocol

from .pickle_machine import Machine
from .pickle_objects import PickleError, Vocabulary

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
_COPIES, _SLACK = 4, 10_000  # of each byte read; a short pickle could ask for copies beyond any memory


class Stream(Protocol):
    """What ``pickletools`` reads from: a buffer in memory, or a mapped file."""

    def read(self, size: int = ..., /) -> bytes: ...
    def readline(self) -> bytes: ...
    def tell(self) -> int: ...


def read_pickle(stream: Stream, vocabulary: Vocabulary) -> Any:
    """Return the content of the pickle that begins where the stream stands, and leave the stream at its end.

    Raises
    ------
    PickleError
        If it is damaged or truncated.
    ForbiddenError
        If it names what the vocabulary does not allow.
    """
    machine = Machine(vocabulary)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of escapes that a text should not have
            for code, argument, place in pickletools.genops(stream):  # type: ignore[arg-type]
                machine.step(code.name, argument)
                if machine.copied > _COPIES * ((place or 0) + _SLACK):
                    raise PickleError("it asks for more copies than it has bytes")
        return machine.stack[-1]
    except _FAULTS as error:
        raise PickleError(str(error)) from error


def read_pickle_bytes(data: bytes | bytearray, vocabulary: Vocabulary) -> Any:
    """Return the content of a pickle in memory; see `read_pickle`."""
    return read_pickle(io.BytesIO(data), vocabulary)
