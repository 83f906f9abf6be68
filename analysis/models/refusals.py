"""What is said of files that cannot be opened as they are."""

from pathlib import Path

from ..errors import UserError
from .pickle_objects import ForbiddenError
from .spans import AGAIN

SAFE = "In an environment that you trust, load it and save its state_dict() as safetensors."
CHECKPOINTS = "Open a safetensors file, or a state_dict that torch.save wrote."


def would_run(path: Path, name: str) -> UserError:
    """Return the refusal of a file whose tensors a function or class would have to give, by its dotted name."""
    return UserError(f"'{path.name}' was not opened: reading it would run '{name}'.", SAFE)


def damaged(path: Path) -> UserError:
    """Return the refusal of a file that is not whole."""
    return UserError(f"'{path.name}' is truncated, damaged or not a file of tensors.", AGAIN)


def unread(path: Path, error: Exception) -> UserError:
    """Return the refusal of a file by what its pickle was refused for."""
    return would_run(path, str(error)) if isinstance(error, ForbiddenError) else damaged(path)
