"""Runs recovery.toml and draws accuracy over training time: ``python assets/recipes/recovery.py``.

The workspace and the figure lie beside this file afterwards; a run that was stopped goes on where it was. The figure
that ships was made on four threads of a processor that had little other work: its seconds compare only roughly.
"""

import sys
from pathlib import Path

from graftwork.app.cli import run_command

HERE = Path(__file__).resolve().parent
WORKSPACE = str(HERE / "recovery.graft")


def main() -> int:
    """Run and draw; return 0 if both went well."""
    axes = ["--set", "tradeoff.x=cost.training", "--set", "tradeoff.y=accuracy"]
    picture = ["figure", "-w", WORKSPACE, "--view", "tradeoff", *axes, "-o", str(HERE / "recovery.svg")]
    return run_command(["run", str(HERE / "recovery.toml"), "-w", WORKSPACE]) or run_command(picture)


if __name__ == "__main__":
    sys.exit(main())
