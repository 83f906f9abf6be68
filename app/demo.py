"""The demo: small networks on handwritten digits, pruned and merged."""

from importlib.resources import files
from pathlib import Path

from ..analysis.errors import UserError
from ..analysis.session import Session
from ..analysis.workspace import Workspace
from . import runtime
from .figures import draw_view, drawn_views
from .progress import follow
from .results import print_results
from .terminal import error_screen, write_line


def demo_recipe() -> Path:
    """Return the recipe that the demo runs."""
    return Path(str(files("graftwork.assets") / "demo" / "digits.toml"))


def default_folder() -> Path:
    """Return where the demo's workspace lives: in ``graftwork-demo`` below the current folder."""
    folder = Path("graftwork-demo").resolve()
    folder.mkdir(exist_ok=True)
    return folder / "demo.graft"


def run_demo(folder: Path) -> int:
    """Run the demo's sweep without a window, print its results, and write every view as a picture."""
    opened = runtime.open_runtime(Workspace.open_or_create(folder), desk=False)
    session = opened.session
    try:
        recipe = demo_recipe()
        session.run_recipe(recipe.read_text(encoding="utf-8"), recipe.parent, "The demo's recipe")
        failed = follow(session)
        session.catalogue = runtime.catalogue_of(opened)
        session.refresh()
        print_results(session.workspace)
        pictures = folder.parent / "pictures"
        pictures.mkdir(exist_ok=True)
        _draw_all(session, pictures)
    finally:
        opened.close()
    write_line(f"Workspace: {folder}")
    write_line(f"Pictures of the views: {pictures}")
    return 1 if failed else 0


def _draw_all(session: Session, folder: Path) -> None:
    for name, view in drawn_views().items():
        try:
            draw_view(session, view, folder / f"{name}.png")
        except UserError as error:
            error_screen().print(f"{view.title}: {error}")
