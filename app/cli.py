"""The commands that need no window."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markdown import Markdown
from rich.table import Table

from ..analysis import trust as trusting
from ..analysis.atomic import write_whole
from ..analysis.catalogue import Catalogue, Entry
from ..analysis.errors import Cancelled, UserError
from ..analysis.exporting.choice import Choice
from ..analysis.manual import listing, page
from ..analysis.recipe import parse_recipe, recipe_text
from ..analysis.search.allocation import AllocationReport
from ..analysis.sets.kept import kept_fits
from ..analysis.workspace import Workspace
from . import runtime
from .amounts import memory_size
from .difference import differences, print_differences
from .errors import say
from .fitting import Question, as_json, fit_now, parsed, print_fit, print_kept
from .foresight import foresee, print_plan
from .inspecting import print_checkpoint
from .progress import follow
from .results import print_allocation, print_answer, print_comparison, print_results, print_tensors, told_values
from .terminal import screen, write, write_error, write_json, write_json_text, write_line

app = typer.Typer(
    name="graftwork",
    help="Decide what to cut from trained networks and what to combine. 'graftwork [PATH]' opens the window: on a "
    "workspace, checkpoints, a folder of them, or a recipe.",
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
        write_error("Stopped; what is finished is kept.")
        return 130


@app.command()
def inspect(
    file: Annotated[
        Path, typer.Argument(help="A file, an index, or a folder; FILE#WEIGHTS names one of several networks in it.")
    ],
    tensors: Annotated[bool, typer.Option("--tensors", help="Read all values and list every tensor.")] = False,
    weights: Annotated[str | None, typer.Option(help="Which weights, where there are several sets.")] = None,
    activation: Annotated[
        str | None, typer.Option(help="What its layers are followed by, such as tanh, where the file leaves it open.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a checkpoint is, from the names and shapes of its tensors."""
    payload = {"path": str(file), "statistics": tensors or None, "weights": weights, "activation": activation}
    with runtime.one_worker() as worker:
        facts = worker.submit("inspect", payload, f"Inspecting {file.name}").result()
    if as_json:
        write_json(facts)
        return
    print_checkpoint(facts | ({} if facts["content"] else {"content": "not known yet; --tensors reads all of it"}))
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
        write_json(found)
    else:
        print_comparison(found)


@app.command()
def trust(
    code: Annotated[str, typer.Argument(help="What builds a network: a Python file, or package.module:Class.")],
) -> None:
    """Trust code, as it is now, to be run by workers, with all that it imports from beside it."""
    trusted = trusting.covered(trusting.trust(code))
    write_line(f"Trusted the code in {trusted}. If any of it changes, it is asked about again.")
    write_line(trusting.UNSEEN)


@app.command()
def methods(
    name: Annotated[str | None, typer.Argument(metavar="ID", help="One of them, whose page is printed.")] = None,
    as_json: AsJson = False,
) -> None:
    """List every method, measure, projection and fit, or print the page of one."""
    with runtime.one_worker() as worker:
        catalogue: Catalogue = worker.submit("catalogue").result()
    if name is not None:
        entry = catalogue.named(name)
        write_json([_method_row(entry.model_dump(mode="json"))]) if as_json else screen().print(Markdown(page(entry)))
        return
    entries = sorted((e for e in catalogue.entries if e.kind != "preset"), key=lambda e: (e.kind, e.id))
    if as_json:
        _print_entries(entries, as_json)
    else:
        write(f"{listing(entries)}\n\n'graftwork methods ID' prints the page of one.\n")


@app.command()
def presets(as_json: AsJson = False) -> None:
    """List the usual questions that recipes are written for, with their parameters."""
    with runtime.one_worker() as worker:
        catalogue: Catalogue = worker.submit("catalogue").result()
    _print_entries(catalogue.of_kind("preset"), as_json)


@app.command()
def preset(
    question: Annotated[str, typer.Argument(metavar="ID", help="Id of the question; 'graftwork presets' lists them.")],
    model: Annotated[list[str], typer.Option(help="A checkpoint, NAME=PATH; once for each.")],
    data: Annotated[str, typer.Option(help="What everything is measured on.")],
    train: Annotated[str | None, typer.Option(help="What may be learnt from; without it nothing trains.")] = None,
    normalise: Annotated[str, typer.Option(help="How images are normalised, such as imagenet.")] = "none",
    choose: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter of the question, such as amounts=[0.5,0.9].")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A .toml file; printed without it.")] = None,
) -> None:
    """Write the recipe of a usual question, with the baselines that make its answer honest."""
    from .asking import question_about, value_of

    chosen = {name: value_of(text) for name, text in map(_choice, choose or ())}
    about = question_about(model, data, train, normalise, output.parent if output else Path())
    payload = {"preset": question, "parameters": chosen, **about}
    with runtime.one_worker() as worker:
        text: str = worker.submit("ask", payload, "Writing the recipe").result()
    if output is None:
        write(text)
    else:
        write_whole(output, text)


def _print_entries(entries: Iterable[Entry], as_json: bool) -> None:
    if as_json:
        write_json([_method_row(entry.model_dump(mode="json")) for entry in entries])
        return
    table = Table("id", "title", "parameters", "source", box=None)
    for entry in entries:
        table.add_row(entry.id, entry.title, ", ".join(entry.parameter_schema.get("properties", {})), entry.citation)
    screen().print(table)


def _method_row(entry: dict[str, Any]) -> dict[str, Any]:
    return {"family": str(entry["id"]).split(".")[0], **entry}


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe, as TOML.")],
    workspace: InWorkspace,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps; the fastest unless named.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=1024, help="Worker processes on this machine.")] = 1,
    memory: Annotated[
        str | None, typer.Option(help="What they may allocate together, such as 8GB; no limit unless given.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="A Dask scheduler, tcp://HOST:PORT, or local:4 for a cluster of 4 here.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, print the plan and what it will take, and run nothing.")
    ] = False,
) -> int:
    """Run a recipe in a workspace; trials that are finished are not run again."""
    runtime.use_device(device)
    workforce = runtime.Workforce(workers, memory_size(memory) if memory else None, cluster)
    text = recipe_text(recipe)
    parse_recipe(text, f"The recipe {recipe}")  # before a workspace is made
    if dry_run:
        print_plan(*foresee(text, recipe.resolve(), workspace))
        return 0
    with runtime.working(workspace, create=True, workforce=workforce) as session:
        session.run_recipe(text, recipe.resolve().parent, f"The recipe {recipe}")
        try:
            failed = follow(session)
        finally:
            print_answer(session.workspace)
        session.refresh()
        print_results(session.workspace)
        failed += print_kept(kept_fits(session.workspace))
    return 1 if failed else 0


@app.command()
def allocate(
    workspace: InWorkspace,
    scan: Annotated[str, typer.Option(help='The step that cut each layer alone: layers = "each".')],
    budget: Annotated[float, typer.Option(min=0, help="What may be left: a share up to 1, or a number above.")],
    cost: Annotated[str, typer.Option(help="What counts: nonzeros, or macs of those.")] = "nonzeros",
    measure: Annotated[str | None, typer.Option(help="What damage is measured by: loss or accuracy.")] = None,
    data: Annotated[str | None, typer.Option(help="The data set of the scan, where there are several.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write a recipe that makes it.")] = None,
) -> None:
    """Share out what may be left of a network over its layers, by what cutting each alone did."""
    if cost not in ("nonzeros", "macs"):
        raise UserError(f"A cost is nonzeros or macs, not '{cost}'.", "Choose one of them.")
    payload = {"root": str(workspace), "scan": scan, "budget": budget, "cost": cost, "measure": measure, "data": data}
    with runtime.one_worker() as worker:
        report: AllocationReport = worker.submit("allocate", payload, "Allocating").result()
    print_allocation(report)
    if output:
        write_whole(output, report.recipe)


@app.command()
def measures(workspace: InWorkspace, as_json: AsJson = False) -> None:
    """Print every measured value; with --json one object a line."""
    space = Workspace.open(workspace, read_only=True)
    try:
        if as_json:
            for value in told_values(space):
                write_json_text(value.model_dump_json())
        else:
            print_results(space)
    finally:
        space.close()


@app.command()
def difference(
    first: Annotated[str, typer.Argument(help="A model of the workspace, by name: what is compared with.")],
    second: Annotated[str, typer.Argument(help="The model that is compared with it.")],
    workspace: InWorkspace,
    data: Annotated[
        str | None, typer.Option(help="On this data set alone; on all that have both unless given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what tells two measured models apart, sample by sample; runs no network."""
    space = Workspace.open(workspace, read_only=True)
    try:
        found = differences(space, first, second, data)
    finally:
        space.close()
    if as_json:
        write_json(found)
    else:
        print_differences(found, first, second)


@app.command()
def fit(
    workspace: InWorkspace,
    what: Annotated[
        str | None, typer.Argument(metavar="ID", help="Which fit, such as fit.power_law; none: those that runs made.")
    ] = None,
    x: Annotated[str, typer.Option(help="A measured quantity, a parameter or a fact of the models.")] = "",
    y: Annotated[str, typer.Option(help="Another.")] = "",
    of: Annotated[list[str] | None, typer.Option(help="A model, or a pattern of names; all unless given.")] = None,
    by: Annotated[
        str | None, typer.Option(help="One group each method, parents, seed, of (the patterns), parameter or fact.")
    ] = None,
    data: Annotated[str | None, typer.Option(help="The data set, where there are several.")] = None,
    choose: Annotated[list[str] | None, typer.Option("--set", help="A parameter of the fit, such as at=1e6.")] = None,
    in_json: AsJson = False,
) -> int:
    """Say something of many measured models together: laws and where they cross, density, ranks, traces."""
    if what is None:
        return _print_kept(workspace, in_json)
    question = Question(what, x, y, of or (), by, data, dict(parsed(text) for text in choose or ()))
    result = fit_now(workspace, question)
    if in_json:
        write_json(as_json(result))
    else:
        print_fit(what, result)
    return 0


def _print_kept(workspace: Path, in_json: bool) -> int:
    with Workspace.open(workspace, read_only=True) as space:
        fits = kept_fits(space)
    if in_json:
        write_json([{"name": f.spec.name, "fit": f.spec.fit, "problem": f.problem, **as_json(f.result)} for f in fits])
        return int(any(f.problem for f in fits))
    return int(print_kept(fits) > 0)


@app.command()
def card(
    model: Annotated[str, typer.Argument(help="The model's name in the workspace.")],
    workspace: InWorkspace,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A .md or .json file.")] = None,
) -> None:
    """Write a model's card: what is claimed beside what was measured, where it comes from and how it was made."""
    from .cards import write_card

    write_card(workspace, model, output)


@app.command()
def export(
    model: Annotated[str, typer.Argument(help="The model's name in the workspace; without one FILE or FILE#WEIGHTS.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A .safetensors, .pth, .pt2 or .onnx file, or the name of a folder.")
    ],
    workspace: Annotated[Path | None, typer.Option("--workspace", "-w", help="The workspace folder.")] = None,
    dense: Annotated[bool, typer.Option("--dense", help="Multiply factors out: layers are one again.")] = False,
    dequantise: Annotated[bool, typer.Option("--dequantise", help="Write packed codes as numbers.")] = False,
    shard_size: Annotated[str, typer.Option(help="What a file of a folder may have, such as 2GB.")] = "5GB",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a model as others open it; what was written is run and compared before it gets its name."""
    from .exporting import export_now, print_exported

    shard = memory_size(shard_size)
    choice = Choice(dense=dense, dequantise=dequantise, shard_size=shard, overwrite=overwrite)
    written = export_now(model, workspace, output, choice)
    if as_json:
        write_json(written)
    else:
        print_exported(written)


@app.command()
def figure(
    workspace: InWorkspace,
    view: Annotated[str, typer.Option(help="Id of the view.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="An .svg, .pdf or .png file.")],
    choose: Annotated[
        list[str] | None, typer.Option("--set", help="What the view shows, such as tradeoff.x=cost.training.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="The data set that is shown; the first that was measured on.")
    ] = None,
) -> None:
    """Draw a view for print; needs no display."""
    from .figures import write_figure

    write_figure(workspace, view, output, [_choice(text) for text in choose or ()], data)


def _choice(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UserError(f"'{text}' sets nothing.", "Write NAME=VALUE, such as tradeoff.x=cost.training.")
    return name, value


@app.command()
def demo(
    workspace: Annotated[Path | None, typer.Option("--workspace", "-w", help="Where to keep it.")] = None,
    headless: Annotated[
        bool, typer.Option(help="No window: print the results and write the views as pictures.")
    ] = False,
) -> int:
    """Open the demo: small networks on handwritten digits, with a sweep running."""
    from .demo import default_folder, demo_recipe, run_demo

    folder = workspace or default_folder()
    if headless:
        return run_demo(folder)
    from .start import open_window

    return open_window([folder], demo_recipe())


@workspaces.command()
def check(folder: Path) -> int:
    """Verify that a workspace is whole."""
    space = Workspace.open(folder, read_only=True)
    try:
        problems = space.check()
    finally:
        space.close()
    for problem in problems:
        write_line(problem)
    if not problems:
        write_line(f"{folder} is whole.")
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
    write_line(str(target))


@workspaces.command()
def info(folder: Path, as_json: AsJson = False) -> None:
    """Say what a workspace holds."""
    space = Workspace.open(folder, read_only=True)
    try:
        facts = space.info()
    finally:
        space.close()
    if as_json:
        write_json(facts)
    else:
        _print_facts(facts)


def _print_facts(facts: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None)
    for name, value in facts.items():
        if not isinstance(value, list) or len(value) <= 12:
            table.add_row(name, json.dumps(value, default=str) if isinstance(value, dict | list) else str(value))
    screen().print(table)
