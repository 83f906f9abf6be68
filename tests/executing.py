"""Plans that are carried out in the tests' own process, with one thread."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graftwork.analysis.trials import Trial, TrialResult
    from graftwork.analysis.workspace import Workspace


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: the tests' networks are too small for two."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def carry_out(space: "Workspace", recipe: str, folder: Path) -> "list[TrialResult]":
    """Plan a recipe whose paths are relative to a folder, and run its trials; return what they gave, in order."""
    from graftwork.analysis.experiments.planning import plan
    from graftwork.analysis.recipe import anchored, parse_recipe

    planned = plan(anchored(parse_recipe(recipe), folder))
    space.add_plan(planned, recipe)
    return run_trials(space, planned.trials)


def run_trials(space: "Workspace", trials: "Iterable[Trial]") -> "list[TrialResult]":
    """Run a workspace's trials, and keep what they gave."""
    import torch

    from graftwork.analysis.experiments.running import Runner
    from graftwork.analysis.jobs.protocol import Quiet

    runner, results = Runner(space.path, torch.device("cpu")), []
    with one_thread():
        for trial in trials:
            space.begin(trial.identity)
            results.append(runner.run(trial, Quiet()))
            space.finish(results[-1])
    return results
