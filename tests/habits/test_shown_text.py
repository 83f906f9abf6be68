"""Texts of files reach a terminal through one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TERMINAL = "app/terminal.py"
FORBIDDEN = {
    *("rich.console.Console", "rich.markup.escape", "rich.progress.TextColumn", "rich.text.Text", "rich.print"),
    *("Progress", "Text.from_markup", "sys.stdout.write", "sys.stderr.write", "print"),
    *("typer.echo", "typer.secho"),
}


def names_in(source: str) -> Iterator[str]:
    """Give what a module uses of others: imported by name, called, or an attribute of what it imported."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield ast.unparse(node.func)


def test_one_place_writes_to_a_terminal() -> None:
    files = [path for room in ("app", "views") for path in (ROOT / room).rglob("*.py")]
    others = {path: path.read_text(encoding="utf-8") for path in files if path != ROOT / TERMINAL}
    wrong = {path.name: FORBIDDEN & {*names_in(source)} for path, source in others.items()}
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    "source",
    ["from rich.console import Console", "import sys\nsys.stdout.write('x')", "print('x')", "Text.from_markup('x')"],
)
def test_the_look_at_modules_sees_what_it_looks_for(source: str) -> None:
    assert FORBIDDEN & {*names_in(source)}
