"""Whether there is room for a plan: on the workspace's disk, and in a worker's memory."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from ..trials import Plan, Trial
from .estimates import estimate, least_disk


def require_disk(plan: Plan, begun: Sequence[Trial], root: Path) -> None:
    """Demand that the disk has room for what a plan certainly leaves behind.

    Parameters
    ----------
    plan : Plan
        What is to be run.
    begun : sequence of Trial
        What was run or begun in that workspace; its files count as there.
    root : Path
        The workspace's folder.

    Raises
    ------
    UserError
        If it has not.
    """
    needed, free = least_disk(plan, begun), shutil.disk_usage(root).free
    if needed > free:
        raise UserError(
            f"The run would leave at least {needed / 1e6:,.1f} MB, and {root} has {free / 1e6:,.1f} MB of free space.",
            "Free some space, keep fewer layers or samples, or choose a workspace on another disk.",
        )


def require_memory(plan: Plan, memory: int, workers: int) -> None:
    """Demand that every trial fits into a worker's share of the memory.

    Parameters
    ----------
    plan : Plan
        What is to be run.
    memory : int
        Bytes that the workers may allocate together.
    workers : int
        How many share them.

    Raises
    ------
    UserError
        Naming the trial that needs most, if it does not.
    """
    needs = [(guess.memory or 0, trial) for trial, guess in zip(plan.trials, estimate(plan), strict=True)]
    needed, trial = max(needs, key=lambda pair: pair[0], default=(0, None))
    if trial and needed > memory // workers:
        fit = memory // needed
        raise UserError(
            f"'{trial.model.name}' needs about {needed / 1e6:,.0f} MB of memory, and each of {workers} workers"
            f" may take {memory / workers / 1e6:,.0f} MB.",
            f"Run it with --workers {fit}, or with more memory." if fit else "Give it more memory, or fewer samples.",
        )
