"""Exporting a model, from the command line or from the window: in a worker, and nothing is left where it fails."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.progress import Progress

from ..analysis.exporting.choice import Choice, format_of
from ..analysis.exporting.target import check_target, discard, draft_beside
from ..analysis.jobs.executor import Job
from ..analysis.printable import printable
from ..analysis.workspace import Workspace
from . import runtime
from .cards import kept_model
from .terminal import error_screen, progress_on, write_line


def request(model: str, space: Workspace | None, target: Path, choice: Choice) -> dict[str, Any]:
    """Return what a worker is asked; ``draft`` in it is to be discarded once the job is over.

    Parameters
    ----------
    model : str
        A model's name in the workspace, or where there is none a checkpoint, FILE or FILE#WEIGHTS.
    space : Workspace or None
        Where it is.
    target : Path
        Where it goes.
    choice : Choice
        How.

    Raises
    ------
    UserError
        If there is no such model, or the target is of no format or cannot be written.
    """
    target = target.absolute()
    format_of(target)
    check_target(target, overwrite=choice.overwrite)
    where: dict[str, Any] = {"target": str(target), "draft": str(draft_beside(target)), "choice": choice}
    if space is None:
        return where | {"path": str(Path(model).absolute())}
    spec, origin = kept_model(space, model)
    return where | {"root": str(space.path), "model": spec, "origin": origin}


def export_now(model: str, workspace: Path | None, target: Path, choice: Choice) -> dict[str, Any]:
    """Export a model and show how far it is; return what `analysis.exporting.export.export` does.

    Raises
    ------
    UserError
        As of `request`, or from the export.
    """
    asked = _asked(model, workspace, target, choice)
    try:
        with runtime.one_worker() as worker, progress_on(error_screen()) as progress:
            written: dict[str, Any] = _followed(worker.submit("export", asked, f"Exporting {target.name}"), progress)
    finally:
        discard(Path(asked["draft"]))  # a worker that was ended left it
    return written


def _asked(model: str, workspace: Path | None, target: Path, choice: Choice) -> dict[str, Any]:
    if workspace is None:
        return request(model, None, target, choice)
    with Workspace.open(workspace, read_only=True) as space:
        return request(model, space, target, choice)


def _followed(job: Any, progress: Progress) -> Any:
    bar = progress.add_task(printable(getattr(job, "title", "")), total=None)
    while isinstance(job, Job) and not job.over:
        try:
            job.result(0.1)
        except TimeoutError:
            report = job.progress
            if report:
                progress.update(bar, completed=report.done, total=report.total or None)
    return job.result()


def print_exported(written: Mapping[str, Any]) -> None:
    """Say what was written, and how it was compared."""
    files = "1 file" if written["files"] == 1 else f"{written['files']} files"
    write_line(f"{written['path']}: {files}, {written['bytes']:,} bytes.")
    write_line(
        f"Run on an example: outputs are {written['difference']:.2g} of the largest apart."
        if written["compared"] == "outputs"
        else "Nobody here can run it; its tensors were read again and are equal."
    )
