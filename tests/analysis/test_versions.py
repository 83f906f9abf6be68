"""Values of an earlier version of their measure, beside newer ones."""

from pathlib import Path

import pytest

from graftwork.analysis.session import Session
from graftwork.analysis.trials import DataSpec, MeasureSpec, Plan, SourceModel, Trial, TrialResult, Value
from graftwork.analysis.versions import earlier, remarks
from graftwork.analysis.workspace import Workspace
from graftwork.app.results import print_results
from graftwork.views.tradeoff import TradeoffState, resolve

DATA = DataSpec(name="test", path="/data/test.zip", content="d")


def trial(name: str, version: int, *more: str) -> Trial:
    names = ("accuracy", "cost", *more)
    measures = tuple(MeasureSpec(measure=m, version=version if m == "accuracy" else 1) for m in names)
    return Trial(model=SourceModel(name=name, path=name, content=name), data=DATA, measures=measures)


def keep(space: Workspace, *trials: Trial) -> None:
    space.add_plan(Plan(title="t", trials=trials), "")
    for one in trials:
        values = (
            Value(measure="accuracy", value=0.9, low=0.8, high=0.95, unit="fraction"),
            Value(measure="accuracy.class.cat", value=0.9, low=0.8, high=0.95, unit="fraction"),
            Value(measure="cost.nominal.nonzeros", value=10.0),
        )
        space.finish(TrialResult(trial=one.identity, values=values, columns={}, checkpoint=None, facts={}, seconds=1.0))


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    with Workspace.create(tmp_path / "w.graft") as found:
        keep(found, trial("old", 1), trial("new", 2))
    return Workspace.open(tmp_path / "w.graft", read_only=True)


def test_a_value_is_of_the_version_of_the_measure_that_gives_it() -> None:
    spec = trial("net", 2, "accuracy.topk", "loss.next_token")
    told = {"accuracy": 2, "accuracy.class.cat": 2, "accuracy.topk": 1, "accuracy.topk.rank": 1}
    assert {name: giver.version for name in told if (giver := spec.giver_of(name))} == told
    assert spec.giver_of("loss") is spec.giver_of("accuracy_of_old") is None


def test_models_of_an_earlier_version_are_said_where_newer_ones_stand_beside_them(
    space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    print_results(space)
    said = " ".join(capsys.readouterr().out.split())
    assert "Of an earlier version are accuracy, accuracy.class.cat of old: their values or intervals may mean" in said
    session = Session(space)
    session.refresh()
    state = resolve(session)
    assert isinstance(state, TradeoffState)
    bounds = {point.name: point.bounds for point in state.points}
    assert bounds == {"old": "value and interval of an earlier version", "new": "95 % interval"}
    session.close()


def test_nothing_is_said_of_one_version_alone_or_once_all_is_measured_anew(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "w.graft") as space:
        keep(space, trial("old", 1), trial("other", 1))
        assert earlier(space.values()) == {}
        keep(space, trial("other", 2))
        assert earlier(space.values())["accuracy"] == {"old"}
        keep(space, trial("old", 2))
        assert list(remarks(earlier(space.values()))) == []


def test_many_names_are_counted() -> None:
    (said,) = remarks({"accuracy": frozenset("abcde")})
    assert "accuracy of a, b, c and 2 more:" in said
