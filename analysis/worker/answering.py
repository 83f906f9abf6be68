"""From a request to its outcome: whatever goes wrong fails that request alone, with its reason."""

import errno
import sys
import traceback
from collections.abc import Mapping
from typing import Any

import torch

from ..errors import Cancelled, UserError
from ..jobs.protocol import Done, Failed, Stopped, Ticket
from .tasks import TASKS, Desk

FAULT = "This is a fault of the method; its log has the details."
_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def answer(number: int, task: str, payload: Mapping[str, Any], desk: Desk, ticket: Ticket) -> Done | Failed | Stopped:
    """Do a task, and return what became of the request of that number."""
    try:
        return Done(number, TASKS[task](desk, dict(payload), ticket))
    except Cancelled:
        return Stopped(number)
    except Exception as error:  # noqa: BLE001 - whatever a method raises fails its own job alone
        problem, next_step = explain(error)
        return Failed(number, problem, next_step, traceback.format_exc())
    finally:
        if "torch.cuda" in sys.modules and torch.cuda.is_available():
            torch.cuda.empty_cache()


def explain(error: Exception) -> tuple[str, str]:
    """Return what went wrong as a sentence, and the next step."""
    if isinstance(error, UserError):
        return error.problem, error.next_step
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error):
        return "There is not enough memory for it.", "Take fewer samples or a smaller batch, or close other programs."
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return "The disk is full.", "Free some space and run it again; what is whole is kept."
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'} cannot be used: {error.strerror}.", "Check that it is there and writable."
    return f"{type(error).__name__}: {error}.", FAULT
