"""The demo: small networks on handwritten digits, pruned and merged."""

import sys
from importlib.resources import as_file, files
from pathlib import Path

from rich.console import Console

from ..analysis.errors import UserError
from ..analysis.workspace import Workspace
from ..views.panel import load_views
from . import runtime
from .figures import draw_view
from .progress import follow
from .results import print_results


def demo_in_window(folder: Path | None) -> int:
    """Open the demo workspace in the window with its sweep running."""
    from .start import open_window

    with as_file(files("graftwork.assets") / "demo") as assets:
        return open_window([str(folder or default_folder())], recipe=assets / "digits.toml")


def demo_without_window(folder: Path | None) -> int:
    """Run the demo's sweep, print its results, and write every view as a picture."""
    folder = folder or default_folder()
    runtime_ = runtime.open_runtime(Workspace.open_or_create(folder), desk=False)
    session = runtime_.session
    try:
        with as_file(files("graftwork.assets") / "demo") as assets:
            recipe = assets / "digits.toml"
            session.run_recipe(recipe.read_text(encoding="utf-8"), recipe.parent, "The demo's recipe")
            failed = follow(session)
        session.refresh()
        print_results(session.workspace)
        pictures = folder.parent / "pictures"
        pictures.mkdir(exist_ok=True)
        for view in load_views():
            if view.draw:
                _draw(runtime_, view, pictures / f"{view.id}.png")
    finally:
        runtime_.close()
    sys.stdout.write(f"Workspace: {folder}\nPictures of the views: {pictures}\n")
    return 1 if failed else 0


def default_folder() -> Path:
    """Return where the demo lives: below the current folder's ``graftwork-demo``."""
    folder = Path("graftwork-demo").resolve()
    folder.mkdir(exist_ok=True)
    return folder / "demo.graft"


def _draw(opened: runtime.Runtime, view: object, output: Path) -> None:
    try:
        draw_view(opened.session, view, output)  # type: ignore[arg-type]
    except UserError as error:
        Console(stderr=True).print(str(error))
