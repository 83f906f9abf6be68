"""The commands that need no window."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ..analysis import trust as trusting
from ..analysis.catalogue import Catalogue
from ..analysis.errors import Cancelled, UserError
from ..analysis.recipe import parse_recipe
from ..analysis.workspace import Workspace
from . import runtime
from .errors import say
from .progress import follow
from .results import print_comparison, print_results, print_tensors

app = typer.Typer(
    name="graftwork",
    help="Decide what to cut from trained networks and what to combine. 'graftwork [WORKSPACE]' opens the window.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
workspaces = typer.Typer(help="Look after a workspace folder.", no_args_is_help=True)
app.add_typer(workspaces, name="workspace")

# What Typer raises on wrong arguments; its module depends on Typer's version.
_BadUsage: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
InWorkspace = Annotated[Path, typer.Option("--workspace", "-w", help="The workspace folder, NAME.graft.")]


def run_command(arguments: list[str]) -> int:
    """Run one command and return its exit code: 0, 1 if work failed, 2 if the input was bad."""
    try:
        return int(app(arguments, standalone_mode=False) or 0)
    except UserError as error:
        say(error)
        return 2
    except _BadUsage as error:
        say(UserError(f"{error.format_message().strip().rstrip('.')}.", "See 'graftwork --help'."))
        return 2
    except OSError as error:
        say(
            UserError(
                f"{error.filename or 'A file'} cannot be used: {error.strerror}.", "Check that it can be written."
            )
        )
        return 2
    except (KeyboardInterrupt, typer.Abort, Cancelled):
        sys.stderr.write("Stopped; what is finished is kept.\n")
        return 130


@app.command()
def inspect(
    file: Annotated[
        Path, typer.Argument(help="A file, an index, or a folder; FILE#WEIGHTS names one of several networks in it.")
    ],
    tensors: Annotated[bool, typer.Option("--tensors", help="Read all values and list every tensor.")] = False,
    weights: Annotated[str | None, typer.Option(help="Which weights, where there are several sets.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a checkpoint is, from the names and shapes of its tensors."""
    payload = {"path": str(file), "statistics": tensors or None, "weights": weights}
    with runtime.one_worker() as worker:
        facts = worker.submit("inspect", payload, f"Inspecting {file.name}").result()
    if as_json:
        _print_json(facts)
        return
    _print_facts(facts)
    if tensors:
        print_tensors(facts["layers"])


@app.command()
def compare(
    files: Annotated[list[Path], typer.Argument(help="The reference, then the others; FILE or FILE#WEIGHTS.")],
    as_json: AsJson = False,
) -> None:
    """Compare checkpoints with the first of them, weight by weight."""
    if len(files) < 2:
        raise UserError("One checkpoint cannot be compared.", "Name the reference, then one or more others.")
    with runtime.one_worker() as worker:
        found = worker.submit("compare", {"paths": [str(file) for file in files]}, "Comparing").result()
    if as_json:
        _print_json(found)
    else:
        print_comparison(found)


@app.command()
def trust(file: Annotated[Path, typer.Argument(help="A Python file that builds a network.")]) -> None:
    """Trust a file of code, as it is now, to be run by workers."""
    if not file.is_file():
        raise UserError(f"There is no file {file}.", "Check the path.")
    sys.stdout.write(f"Trusted {file} with SHA-256 {trusting.trust(file)}. If it changes, it is asked about again.\n")


@app.command()
def methods(as_json: AsJson = False) -> None:
    """List every method, measure and projection with its parameters and citation."""
    with runtime.one_worker() as worker:
        catalogue: Catalogue = worker.submit("catalogue").result()
    if as_json:
        _print_json([_method_row(entry.model_dump(mode="json")) for entry in catalogue.entries])
        return
    table = Table("id", "title", "parameters", "source", box=None)
    for entry in sorted(catalogue.entries, key=lambda e: (e.kind, e.id)):
        table.add_row(entry.id, entry.title, ", ".join(entry.parameter_schema.get("properties", {})), entry.citation)
    Console().print(table)


def _method_row(entry: dict[str, Any]) -> dict[str, Any]:
    return {"family": str(entry["id"]).split(".")[0], **entry}


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe, as TOML.")],
    workspace: InWorkspace,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps; the fastest unless named.")] = None,
) -> int:
    """Run a recipe in a workspace; trials that are finished are not run again."""
    runtime.use_device(device)
    text = _read(recipe)
    parse_recipe(text, f"The recipe {recipe}")  # before a workspace is made
    with runtime.working(workspace, create=True) as session:
        session.run_recipe(text, recipe.resolve().parent, f"The recipe {recipe}")
        failed = follow(session)
        session.refresh()
        print_results(session.workspace)
    return 1 if failed else 0


@app.command()
def measures(workspace: InWorkspace, as_json: AsJson = False) -> None:
    """Print every measured value; with --json one object a line."""
    space = Workspace.open(workspace, read_only=True)
    try:
        if as_json:
            for value in space.values():
                sys.stdout.write(value.model_dump_json() + "\n")
        else:
            print_results(space)
    finally:
        space.close()


@app.command()
def figure(
    workspace: InWorkspace,
    view: Annotated[str, typer.Option(help="Id of the view.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="An .svg, .pdf or .png file.")],
) -> None:
    """Draw a view for print; needs no display."""
    from .figures import write_figure

    write_figure(workspace, view, output)


@app.command()
def demo(
    workspace: Annotated[Path | None, typer.Option("--workspace", "-w", help="Where to keep it.")] = None,
    headless: Annotated[
        bool, typer.Option(help="No window: print the results and write the views as pictures.")
    ] = False,
) -> int:
    """Open the demo: small networks on handwritten digits, with a sweep running."""
    from .demo import demo_in_window, demo_without_window

    return demo_without_window(workspace) if headless else demo_in_window(workspace)


@workspaces.command()
def check(folder: Path) -> int:
    """Verify that a workspace is whole."""
    space = Workspace.open(folder, read_only=True)
    try:
        problems = space.check()
    finally:
        space.close()
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    if not problems:
        sys.stdout.write(f"{folder} is whole.\n")
    return 1 if problems else 0


@workspaces.command()
def pack(folder: Path, output: Annotated[Path | None, typer.Option("--output", "-o")] = None) -> None:
    """Make one file of a workspace."""
    target = output or folder.with_name(f"{folder.name}.zip")
    space = Workspace.open(folder, read_only=True)
    try:
        space.pack(target)
    finally:
        space.close()
    sys.stdout.write(f"{target}\n")


@workspaces.command()
def info(folder: Path, as_json: AsJson = False) -> None:
    """Say what a workspace holds."""
    space = Workspace.open(folder, read_only=True)
    try:
        facts = space.info()
    finally:
        space.close()
    if as_json:
        _print_json(facts)
    else:
        _print_facts(facts)


def _read(recipe: Path) -> str:
    try:
        return recipe.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UserError(f"The recipe {recipe} cannot be read: {reason}.", "Check the path.") from error


def _print_json(content: Any) -> None:
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")


def _print_facts(facts: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None)
    for name, value in facts.items():
        if not isinstance(value, list) or len(value) <= 12:
            table.add_row(name, json.dumps(value, default=str) if isinstance(value, dict | list) else str(value))
    Console().print(table)
