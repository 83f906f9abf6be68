"""Who may import whom: the contracts of pyproject.toml hold, and each of them fails where it is broken."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOMES = ("app", "views", "analysis", "kernels", "assets")

# For each contract: a module, and a line in it that the contract forbids.
BREAKS = {
    "app > views > analysis > kernels": ("kernels/masks.py", "from ..views import lineage"),
    "analysis and kernels know no Qt": ("kernels/masks.py", "import PySide6"),
    "the window process never imports torch, umap or numba": ("views/lineage.py", "import torch"),
    "the torch-free rooms of analysis need numpy, h5py, pydantic and psygnal alone": (
        "analysis/identity/digests.py",
        "import scipy",
    ),
    "the fits do without torch and scikit-learn": ("analysis/fits/density.py", "from ..measures import MEASURES"),
}


def lint(home: Path, config: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the package ``graftwork`` in ``home``."""
    script = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", script, "--config", config, "--no-cache"],
        env=os.environ | {"PYTHONPATH": str(home), "COLUMNS": "200"},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return the folder of a copy of the package as it is imported."""
    package = tmp_path / "graftwork"
    shutil.copytree(ROOT / "packaging" / "root", package)
    for home in HOMES:
        shutil.copytree(ROOT / home, package / home, ignore=lambda _, names: [n for n in names if n == "__pycache__"])
    return tmp_path


def test_the_contracts_hold(copy: Path) -> None:
    result = lint(copy, ROOT / "pyproject.toml")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("contract", BREAKS)
def test_a_broken_contract_is_named(contract: str, copy: Path) -> None:
    name, line = BREAKS[contract]
    module = copy / "graftwork" / name
    module.write_text(f"{module.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    result = lint(copy, ROOT / "pyproject.toml")
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contract} BROKEN" in result.stdout


def test_every_contract_is_broken_once() -> None:
    assert {contract["name"] for contract in _contracts()} == set(BREAKS)


def test_no_contract_names_a_module_twice() -> None:
    for contract in _contracts():
        for modules in (contract.get("source_modules", []), contract.get("forbidden_modules", [])):
            assert len(set(modules)) == len(modules), contract["name"]


def _contracts() -> list[dict[str, Any]]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(config["tool"]["importlinter"]["contracts"])
