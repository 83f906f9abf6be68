"""What the window uses loads neither torch nor anything else that is heavy."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["alignment", "frontier", "intervals.paired", "intervals.shares", "paired", "principal", "raster"]
)
def test_loads_numpy_alone(module: str) -> None:
    code = f"import sys, graftwork.kernels.{module}; print(*sorted({{'torch', 'scipy', 'numba'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
