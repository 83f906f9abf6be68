"""A million samples with 64 features each: brought in, opened in the window and brushed; time and memory of each step.

    python tests/benchmarks/million.py [FOLDER] [--samples N]

A folder is kept, and one that has the workspace already is only opened. Memory is what the processes' page tables
hold (RSS in /proc), summed over the window and its workers twenty times a second, so shared pages count in each.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, CLASSES, BLOCK = 64, 10, 100_000
WORKSPACE = "million.graft"
RECIPE = """
title = "A million samples"
[[model]]
name = "perceptron"
path = "perceptron.safetensors"
[[data]]
name = "points"
path = "points.npy"
[[step]]
method = "prune.magnitude"
of = ["perceptron"]
amount = 0.8
[measure]
data = "points"
what = ["accuracy", "geometry.margins"]
"""


class Memory:
    """Follows the resident memory of this process and all below it, from a thread."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()

    def close(self) -> None:
        """Stop looking."""
        self._over.set()

    def _follow(self) -> None:
        while not self._over.wait(0.05):
            self.peak = max(self.peak, sum(resident(pid) for pid in family(os.getpid())))


def family(pid: int) -> Iterator[int]:
    """Give a process and all processes below it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _text(task).split():
            yield from family(int(child))


def resident(pid: int, field: str = "VmRSS") -> int:
    """Return a field of a process's memory in bytes, 0 once it is gone."""
    lines = _text(Path(f"/proc/{pid}/status")).splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(field)), 0)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


@contextmanager
def step(name: str, memory: Memory) -> Iterator[None]:
    """Print how long a step takes, and the most memory that was held during it."""
    memory.peak = 0
    start = time.perf_counter()
    yield
    taken = time.perf_counter() - start
    time.sleep(0.06)
    print(f"  {name:<52} {taken:8.2f} s   peak {memory.peak / 1e6:6.0f} MB", flush=True)


def make(folder: Path, samples: int) -> None:
    """Write clusters of points with their labels, and a perceptron whose features are 64 numbers."""
    from safetensors.numpy import save_file

    rng = np.random.default_rng(0)
    centres = rng.normal(size=(CLASSES, WIDTH)).astype(np.float32)
    points = np.lib.format.open_memmap(folder / "points.npy", "w+", np.float32, (samples, WIDTH))
    labels = rng.integers(0, CLASSES, samples)
    for start in range(0, samples, BLOCK):
        chosen = labels[start : start + BLOCK]
        points[start : start + BLOCK] = centres[chosen] + rng.normal(size=(len(chosen), WIDTH))
    points.flush()
    np.save(folder / "points.labels.npy", labels)
    turned, _ = np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))
    features = np.maximum(centres @ turned.T, 0)
    weights = {"0.weight": turned, "0.bias": np.full(WIDTH, 0.5), "2.weight": features, "2.bias": np.zeros(CLASSES)}
    weights["2.bias"] -= (features**2).sum(1) / 2
    save_file(
        {name: np.ascontiguousarray(w, np.float32) for name, w in weights.items()}, folder / "perceptron.safetensors"
    )


def bring_in(folder: Path) -> None:
    """Measure the network and a pruned child on the points, as ``graftwork run`` does."""
    from graftwork.app import runtime

    with runtime.working(folder / WORKSPACE, create=True) as session:
        session.run_recipe(RECIPE, folder)
        assert session.engine is not None
        session.engine.wait()
        session.refresh()
        failed = [f"{trial.problem} {trial.next_step}" for trial in session.snapshot.trials if trial.state != "done"]
    if failed:
        sys.exit("\n".join(failed))


def browse(folder: Path, memory: Memory) -> None:
    """Open the window, wait for each layout, brush."""
    from PySide6.QtWidgets import QApplication

    from graftwork.app.settings import Settings
    from graftwork.app.window import Window

    app = QApplication([])
    with step("window up", memory):
        window = Window(Settings(theme="light"))
        window.fill()
        window.show()
        app.processEvents()
    with step("workspace open, every view drawn", memory):
        window.open_workspace(folder / WORKSPACE)
        _until(lambda: _loaded(window))
        window.session.set_option("embedding.method", "pca")
        _until(lambda: _drawn(window))
    brushes(window, memory)
    for number, pid in enumerate(family(os.getpid())):
        print(f"    process {number}: peak {resident(pid, 'VmHWM') / 1e6:6.0f} MB, now {resident(pid) / 1e6:6.0f} MB")
    with step("UMAP", memory):
        window.session.set_option("embedding.method", "umap")
        _until(lambda: _laid_out(window, "umap"), seconds=3000)
    brushes(window, memory)
    for number, pid in enumerate(family(os.getpid())):
        print(f"    process {number}: peak {resident(pid, 'VmHWM') / 1e6:6.0f} MB, now {resident(pid) / 1e6:6.0f} MB")
    window.close()


def brushes(window: Any, memory: Memory) -> None:
    """Lasso in the embedding, twelve times; print the time to the last repaint and the longest turn of the loop."""
    plane = window.panels["embedding"].planes[0]
    bounds = plane.cloud.bounds()
    centre, reach = bounds.center(), min(bounds.width(), bounds.height()) / 5
    taken, longest, busy = [], [], []
    with step("twelve brushes", memory):
        for turn, angle in enumerate(np.linspace(0, np.pi, 12)):
            corners = angle + np.linspace(0, 2 * np.pi, 60, endpoint=False)
            shift = reach * np.array([np.cos(turn), np.sin(turn)])
            lasso = np.column_stack([np.cos(corners), np.sin(corners)]) * reach + [centre.x(), centre.y()] + shift
            start, spent = time.perf_counter(), time.thread_time()
            turns = [_timed(lambda lasso=lasso: plane.plot.brushed.emit(lasso, "replace"))]  # type: ignore[misc]
            turns += _until(lambda: _reached(window))
            taken.append(time.perf_counter() - start)
            longest.append(max(turns))
            busy.append(time.thread_time() - spent)
    named = {
        "brush to the last repaint": taken,
        "longest turn of the window's loop": longest,
        "processor time of the window's thread": busy,
    }
    for what, times in named.items():
        ms = 1000 * np.array(times[2:])
        print(f"    {what:<50} median {np.median(ms):6.1f} ms, {ms.min():.1f} to {ms.max():.1f}", flush=True)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _until(holds: Callable[[], bool], seconds: float = 600) -> list[float]:
    """Let the window live until something holds; return how long each turn of its loop took."""
    from PySide6.QtWidgets import QApplication

    turns = []
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            sys.exit("it took too long")
        turns.append(_timed(QApplication.processEvents))
        time.sleep(0.0005)
    turns.append(_timed(QApplication.processEvents))
    return turns


def _loaded(window: Any) -> bool:
    return window.session is not None and bool(window.session.snapshot.models)


def _drawn(window: Any) -> bool:
    return _laid_out(window, "pca") and window.panels["geometry"].shows == "content" and window.session.idle()


def _laid_out(window: Any, method: str) -> bool:
    panel = window.panels["embedding"]
    if panel.shows == "error" or window.session.error("layouts"):
        sys.exit(str(window.session.error("layouts")))
    return panel.state is not None and panel.state.method == method and not panel._turn.isActive()


def _reached(window: Any) -> bool:
    count = window.session.state.selection.count
    states = {name: panel.state for name, panel in window.panels.items()}
    if any(states[name] is None for name in ("embedding", "geometry", "samples")):
        return False
    if any(panel._turn.isActive() for panel in window.panels.values()):
        return False
    shown = {np.count_nonzero(states[name].selected) for name in ("embedding", "geometry")}
    return shown | {states["samples"].total} == {count} and states["selections"].count == count


def main() -> None:
    """Bring the samples in in one process, browse them in another."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--part", choices=("make", "browse"))
    given = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if given.part is None:
        with tempfile.TemporaryDirectory() as temporary:
            folder = given.folder or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            for part in ("make", "browse"):
                command = [sys.executable, __file__, str(folder), "--samples", str(given.samples), "--part", part]
                subprocess.run(command, check=True)
        return
    memory = Memory()
    if given.part == "browse":
        browse(given.folder, memory)
    elif not (given.folder / WORKSPACE).exists():
        print(f"{given.samples:,} samples of {WIDTH} numbers, two models")
        with step("data set written", memory):
            make(given.folder, given.samples)
        with step("brought in: two models measured", memory):
            bring_in(given.folder)
    memory.close()


if __name__ == "__main__":
    main()
