"""The automatic run, the README and the programs they name agree."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from graftwork.app.cli import run_command

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_automatic_run_is_the_readme_test_command() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    command = "python3 packaging/dev.py test"
    assert script.read_text(encoding="utf-8").splitlines()[-1].removeprefix("exec ") == command
    assert command in README


def test_the_development_script_has_the_commands_of_the_readme() -> None:
    help_text = subprocess.run(
        [sys.executable, ROOT / "packaging" / "dev.py", "help"], capture_output=True, text=True, check=True
    ).stdout
    commands = set(re.findall(r"packaging/dev\.py (\w+)", README))
    assert {"demo", "test"} <= commands
    assert commands <= set(re.findall(r"packaging/dev\.py (\w+)", help_text))


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^graftwork ([a-z]+(?: [a-z]+(?= NAME))?)", README, re.M))))
def test_the_program_has_the_commands_of_the_readme(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([*command.split(), "--help"]) == 0
    assert re.search(rf"Usage: .* {command} ", capsys.readouterr().out)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_each_command_has_a_line_of_its_own(page: str) -> None:
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if "python3 packaging/dev.py" in line]
    assert commands
    assert [line for line in commands if not re.fullmatch(r"\s*python3 [\w/.]+( [\w/-]+)+(\s+# .*)?", line)] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_the_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []
