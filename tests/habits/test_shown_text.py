"""Texts of files reach a terminal and a label through one place each."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TERMINAL = {"app/terminal.py"}
LABELS = {"views/parts.py"}


def named(tree: ast.AST) -> Iterator[str]:
    """Give the names that a module uses: imported, called, or an attribute of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def found(source: str, kind: str) -> set[str]:
    """Return what of a kind a module does itself."""
    return {name for name in named(ast.parse(source)) if name in FORBIDDEN[kind]}


FORBIDDEN = {
    "terminal": {
        *("rich.console.Console", "rich.markup.escape", "rich.progress.TextColumn", "rich.text.Text", "rich.print"),
        *("Text.from_markup", "sys.stdout", "sys.stderr", "typer.echo", "typer.secho", "print"),
    },
    "label": {"QLabel", "QToolTip.showText"},
}
ALLOWED = {"terminal": {"app/terminal.py"}, "label": LABELS}


def modules(*rooms: str) -> list[str]:
    files = (path for room in rooms for path in (ROOT / room).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in files)


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_one_place_shows_texts(kind: str) -> None:
    others = [name for name in modules("app", "views") if name not in ALLOWED[kind]]
    wrong = {name: what for name in others if (what := found((ROOT / name).read_text(encoding="utf-8"), kind))}
    assert wrong == {}


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("from rich.console import Console", "terminal"),
        ("import sys\nsys.stdout.write('x')", "terminal"),
        ("print('x')", "terminal"),
        ("QLabel('x')", "label"),
    ],
)
def test_the_look_at_modules_sees_what_it_looks_for(source: str, kind: str) -> None:
    assert found(source, kind)
