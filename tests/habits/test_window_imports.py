"""What the window imports stays light, so that it is up at once and no kernel can take it down."""

import subprocess
import sys
import textwrap

import pytest

IMPORT_ALL = """
import importlib, pkgutil, sys

def load(name):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""


def loaded_by(script: str, suspects: set[str]) -> set[str]:
    """Return which of the suspects a fresh interpreter has loaded after the script."""
    report = f"print(*sorted({suspects!r} & sys.modules.keys()))"
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL + textwrap.dedent(script) + "\n" + report],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def test_the_window_loads_no_torch() -> None:
    heavy = {"torch", "umap", "numba", "pynndescent", "sklearn"}
    assert loaded_by("load('graftwork.app'); load('graftwork.views')", heavy) == set()


@pytest.mark.heavy("a fresh interpreter imports every module")
def test_analysis_loads_no_qt() -> None:
    assert loaded_by("load('graftwork.analysis'); load('graftwork.kernels')", {"PySide6", "pyqtgraph"}) == set()


def test_a_heavy_import_is_seen() -> None:
    assert loaded_by("import sklearn", {"sklearn", "torch"}) == {"sklearn"}
