"""mypy, strict, over the package, the tests and the scripts."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(400)
def test_types_hold() -> None:
    subprocess.run([sys.executable, ROOT / "packaging" / "typelinks.py"], check=True)
    for what in (["-p", "graftwork"], ["tests", "packaging"]):
        result = subprocess.run(
            [sys.executable, "-m", "mypy", *what], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
