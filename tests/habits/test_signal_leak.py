"""Emitting a signal keeps the interpreter's constants alive."""

import subprocess
import sys

SCRIPT = """
import sys
from PySide6.QtCore import QObject, Signal

class Sender(QObject):
    toggled = Signal(bool)

sender = Sender()
sender.toggled.connect(lambda on: None)
sender.toggled.emit(True)
before = sys.getrefcount(True)
for _ in range(300):
    sender.toggled.emit(True)
print(sys.getrefcount(True) - before)
"""


def test_emit_drops_no_reference_to_true() -> None:
    """PySide6 6.12.0 on Python 3.11 drops one an emit, and the process soon aborts in ``bool_dealloc``."""
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert abs(int(result.stdout)) < 30
