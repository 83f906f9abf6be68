"""What the window's process loads: little before its frame is there, and never what a worker is for."""

import os
import subprocess
import sys

HEAVY = ("torch", "umap", "numba", "sklearn", "scipy", "matplotlib", "safetensors")
SCRIPT = """
import sys
from PySide6.QtWidgets import QApplication
from graftwork.app import main
from graftwork.app.settings import Settings
from graftwork.app.window import Window
application = QApplication([])
window = Window(Settings())
window.show()
application.processEvents()
print(*sys.modules)
window.fill()
application.processEvents()
from graftwork.app import runtime
print(*sys.modules)
window.close()
"""


def test_the_frame_waits_for_little_and_the_window_never_loads_torch() -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, check=True, capture_output=True, text=True, timeout=120
    )
    frame, whole = (set(line.split()) for line in done.stdout.splitlines())
    assert not {"numpy", "pydantic", "h5py", "pyqtgraph"} & frame
    assert {"numpy", "pydantic", "pyqtgraph"} <= whole  # it looks at the right place
    assert not set(HEAVY) & whole
