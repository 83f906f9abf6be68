"""The ``graftwork`` command: the window, or one of the commands that need none."""

import sys
from multiprocessing import freeze_support
from pathlib import Path

from ..analysis.errors import UserError

COMMANDS = (
    "demo",
    "inspect",
    "compare",
    "trust",
    "methods",
    "presets",
    "preset",
    "run",
    "allocate",
    "measures",
    "difference",
    "fit",
    "card",
    "export",
    "figure",
    "workspace",
)


def main() -> int:
    """Open the window on what is named, or run a command; return the exit code."""
    freeze_support()
    arguments = sys.argv[1:]
    if arguments and (arguments[0] in COMMANDS or arguments[0].startswith("-")):
        from .cli import run_command

        return run_command(arguments)
    from .errors import say
    from .start import open_window

    try:
        return open_window([Path(argument) for argument in arguments])
    except UserError as error:
        say(error)
        return 2


if __name__ == "__main__":
    sys.exit(main())
