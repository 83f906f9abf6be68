import subprocess
import sys
from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.views.figure import render, settled

from . import sample_view
from .conftest import StandIn

STARTS = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}


@pytest.mark.parametrize("kind", STARTS)
def test_every_format_is_whole_and_the_same_each_time(tmp_path: Path, kind: str) -> None:
    state = sample_view.State(3)
    first = render(sample_view.draw, state, tmp_path / f"a.{kind}").read_bytes()
    second = render(sample_view.draw, state, tmp_path / f"b.{kind}").read_bytes()
    assert first.startswith(STARTS[kind])
    assert first == second
    assert len(list(tmp_path.iterdir())) == 2


def test_text_stays_text(tmp_path: Path) -> None:
    assert "Parameters (M)" in render(sample_view.draw, sample_view.State(3), tmp_path / "a.svg").read_text()


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gif.*\.svg"):
        render(sample_view.draw, sample_view.State(3), tmp_path / "a.gif")


def test_a_drawing_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(figure: object, state: object) -> None:
        raise UserError("Nothing to draw.", "Run something.")

    with pytest.raises(UserError, match="Nothing to draw"):
        render(fail, None, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_no_display_and_no_pyplot_are_needed(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from graftwork.views.figure import render\n"
        "render(lambda figure, state: figure.add_subplot().plot([0, 1]), None, sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert not any(name.split('.')[0] in ('torch', 'numba', 'umap', 'sklearn', 'scipy') for name in sys.modules)\n"
    )
    path = tmp_path / "a.pdf"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, env={"PATH": "/usr/bin"}, timeout=60)
    assert path.read_bytes().startswith(b"%PDF")


def test_the_foundation_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "import graftwork.views.panel, graftwork.views.plot, graftwork.views.cloud, graftwork.views.forms\n"
        "import graftwork.app.palette\n"
        "heavy = {'torch', 'numba', 'umap', 'sklearn', 'scipy', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_state_is_waited_for(stand_in: StandIn) -> None:
    answers = [True, False, True, True]
    stand_in.idle = lambda: answers.pop() if answers else True  # type: ignore[method-assign]
    stand_in.value = 4
    assert settled(sample_view.resolve, stand_in) == sample_view.State(4)  # type: ignore[arg-type]


def test_nothing_to_show_is_one_sentence(stand_in: StandIn) -> None:
    with pytest.raises(UserError, match="There is nothing"):
        settled(sample_view.resolve, stand_in)  # type: ignore[arg-type]
