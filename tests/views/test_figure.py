import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

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


def test_a_state_is_waited_for_until_nothing_that_it_shows_is_missing(stand_in: StandIn) -> None:
    values = [None, None, 3, 4]

    def resolve(session: StandIn) -> sample_view.State:
        value = values.pop(0)
        if values:
            session.misses += 1  # and it is there before anybody has looked whether something is on its way
        return sample_view.State(value or 0)

    assert settled(resolve, stand_in) == sample_view.State(4)  # type: ignore[arg-type]
    assert not values


def test_what_does_not_come_in_time_is_one_sentence(stand_in: StandIn) -> None:
    stand_in.busy = True
    with pytest.raises(UserError, match="still being loaded"):
        settled(sample_view.resolve, stand_in, timeout_s=0.05)  # type: ignore[arg-type]


def test_a_state_that_lacks_something_is_no_figure(stand_in: StandIn) -> None:
    stand_in.value, stand_in.trouble = 4, UserError("A column is damaged.", "Mend it.")
    with pytest.raises(UserError, match="A column is damaged"):
        settled(sample_view.resolve, stand_in)  # type: ignore[arg-type]


def test_nothing_to_show_is_one_sentence(stand_in: StandIn) -> None:
    with pytest.raises(UserError, match="There is nothing"):
        settled(sample_view.resolve, stand_in)  # type: ignore[arg-type]


def test_axes_show_the_range_that_was_seen(tmp_path: Path) -> None:
    drawn = []

    def draw(figure: Figure, state: sample_view.State) -> None:
        sample_view.draw(figure, state)
        drawn.append(figure.axes[0])

    render(draw, sample_view.State(3), tmp_path / "a.svg", seen=[(1.0, 2.0, -0.5, 0.5)])
    assert (drawn[0].get_xlim(), drawn[0].get_ylim()) == ((1.0, 2.0), (-0.5, 0.5))
    render(draw, sample_view.State(250_000), tmp_path / "b.svg", seen=[None])
    assert drawn[1].get_xlim()[1] >= 250_000
    assert ">200\u202f000<" in (tmp_path / "b.svg").read_text(encoding="utf-8")
