"""The ``graftwork`` command: the window, or one of the commands that need none."""

import sys
from multiprocessing import freeze_support

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
    "figure",
    "workspace",
)


def main() -> int:
    """Open the window on a workspace, or run a command; return the exit code."""
    freeze_support()
    arguments = sys.argv[1:]
    if arguments and (arguments[0] in COMMANDS or arguments[0].startswith("-")):
        from .cli import run_command

        return run_command(arguments)
    from .start import open_window

    return open_window(arguments)


if __name__ == "__main__":
    sys.exit(main())
