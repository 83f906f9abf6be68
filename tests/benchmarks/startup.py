"""How long the window takes from the start of its process: until its frame is painted, and until all views are."""

import os
import statistics
import subprocess
import sys
import time

RUNS = 9
FRAME = """
import sys
from PySide6.QtWidgets import QApplication
application = QApplication([])
from graftwork.app.settings import load_settings
from graftwork.views.theme import look
settings = load_settings()
look.apply(settings.theme, settings.scale)
from graftwork.app.window import Window
window = Window(settings)
window.show()
application.processEvents()
"""
VIEWS = (
    FRAME
    + """
window.fill()
application.processEvents()
assert not {"torch", "umap", "numba", "matplotlib"} & set(sys.modules)
window.close()
"""
)
PLOT = """
from PySide6.QtWidgets import QApplication
import pyqtgraph
application = QApplication([])
plot = pyqtgraph.PlotWidget()
plot.show()
application.processEvents()
"""


def main() -> None:
    """Time our window, with and without its views, and an empty pyqtgraph plot, in turn."""
    scripts = {"window's frame": FRAME, "window with every view": VIEWS, "empty pyqtgraph plot": PLOT}
    taken: dict[str, list[float]] = {name: [] for name in scripts}
    for _ in range(RUNS):
        for name, script in scripts.items():
            taken[name].append(_seconds(script))
    for name, seconds in taken.items():
        print(f"{name}: {statistics.median(seconds):.2f} s (median of {RUNS}, least {min(seconds):.2f})")


def _seconds(script: str) -> float:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
