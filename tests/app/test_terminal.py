"""What a terminal shows of files is shown as it is."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.table import Table
from safetensors.torch import save_file

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import describe
from graftwork.analysis.printable import printable
from graftwork.app import terminal
from graftwork.app.errors import say
from graftwork.app.inspecting import print_checkpoint

ODD = {
    "[/INST]": "[/INST]",
    "net[lr=0.1].pt": "net[lr=0.1].pt",
    "[bold]x[/bold]": "[bold]x[/bold]",
    ":smile:": ":smile:",
    "[link=http://a]b": "[link=http://a]b",
    "\x1b[31mred": "\\x1b[31mred",
    "\x1b]0;title\x07": "\\x1b]0;title\\x07",
    "\x9b2J": "\\x9b2J",
    "a\r\nb\tc": "a\\r\\nb\\tc",
    "a\u202egpj.exe": "a\\u202egpj.exe",
    "half \udcff": "half \\udcff",
    "zero\u200bwidth": "zero\\u200bwidth",
    "wide 中文 ‖Δ‖ \u00a0 é": "wide 中文 ‖Δ‖ \u00a0 é",
}
"""A text of a file, and what is shown of it."""


def shown(content: Any) -> str:
    screen = terminal.Screen(file=io.StringIO(), width=200, force_terminal=False)
    screen.print(content)
    stream: Any = screen.file
    return str(stream.getvalue())


@pytest.mark.parametrize("text", ODD)
def test_a_text_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == ODD[text]
    assert shown(text).rstrip("\n").rstrip() == ODD[text].rstrip()


@pytest.mark.parametrize("text", ODD)
def test_so_it_is_in_tables_and_bars_and_errors(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(text, title=text)
    table.add_row(text)
    assert shown(table).count(ODD[text]) == 3
    say(UserError(f"There is no {text}.", "See."))
    terminal.write_line(text)
    said = capsys.readouterr()
    assert said.err == f"graftwork: There is no {ODD[text]}. See.\n"
    assert said.out == f"{ODD[text]}\n"


def test_a_text_of_lines_keeps_them(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.write("# [a]\n\x1b[2J\n")
    assert capsys.readouterr().out == "# [a]\n\\x1b[2J\n"


@pytest.mark.parametrize("text", ODD)
def test_json_says_the_same_and_can_be_shown(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.write_json({text: [text]})
    written = capsys.readouterr().out
    assert all(line == printable(line) for line in written.splitlines())
    assert json.loads(written) == {text: [text]}


def test_progress_shows_a_title_as_it_is() -> None:
    screen = terminal.Screen(file=io.StringIO(), width=100, force_terminal=True)
    with terminal.progress_on(screen) as progress:
        progress.add_task("[red]a[/red] [/]", total=1)
    stream: Any = screen.file
    assert "[red]a[/red] [/]" in stream.getvalue()


def test_inspect_shows_names_and_settings_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = "fc[0]\x1b[31m.weight"
    save_file({odd: torch.ones(2, 2), "[/b].bias": torch.ones(2)}, tmp_path / "net[1].safetensors", {"[/i]": "[/INST]"})
    print_checkpoint(describe(tmp_path / "net[1].safetensors"))
    said = capsys.readouterr().out
    assert all(text in said for text in ("net[1].safetensors", "fc[0]\\x1b[31m.weight", "[/b].bias", "[/i]: [/INST]"))
    assert "\x1b" not in said


def test_inspect_tells_sets_what_is_left_aside_and_what_is_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = {f"{role}.fc.weight": torch.ones(2, 2) for role in ("student", "teacher")}
    aside = {f"loss.{number}": torch.ones(2) for number in range(20)}
    torch.save({"state_dict": net | aside, "when": Path, "optimizer": {}}, tmp_path / "a.pt")
    print_checkpoint(describe(tmp_path / "a.pt"))
    said = " ".join(capsys.readouterr().out.split())
    assert "sets of weights student (opened) teacher (to open it: " in said
    assert "a.pt#teacher)" in said
    assert "loss.7 and 12 more: of losses, metrics or profilers" in said
    assert "optimizer: state of the training" in said
    assert "not read when: pathlib.Path" in said
