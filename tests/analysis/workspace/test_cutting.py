"""A process that writes a workspace may end before any of its calls to system and database."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.heavy("every third call of a run is cut once")
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_cut_before_any_third_call_leaves_a_sound_workspace_that_ends_the_same(tmp_path: Path) -> None:
    script = Path(__file__).with_name("cutting.py")
    said = subprocess.check_output([sys.executable, script, tmp_path, "3"], text=True)
    found = json.loads(said)
    assert found["wrong"] == {}
    assert found["moments"] > 100
