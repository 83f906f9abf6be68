"""Fits over models that were measured with several seeds, or have learnt from what they are measured on."""

from typing import Any

from graftwork.analysis.sets.gathering import cautions_of, inputs_of, members_of
from graftwork.analysis.trials import FitEntry, FitSpec, Plan, TrialResult, Value
from graftwork.analysis.workspace import Workspace


def asked(session: Any) -> FitSpec:
    models = tuple(model.identity for model in session.snapshot.models)
    return FitSpec(
        name="a", fit="spread", version=1, of=(FitEntry(name="all", models=models),), data=session.state.data
    )


def again(space: Workspace, seed: int, accuracy: float, overlap: float | None = None) -> None:
    """Measure the first model once more, with another seed."""
    first = space.trials()[0].spec
    spec = first.replaced(seed=seed)
    space.add_plan(Plan(title="again", trials=(spec,)), "")
    value = Value(measure="accuracy", value=accuracy, low=accuracy - 0.1, high=accuracy + 0.1, unit="fraction")
    result: dict[str, Any] = {"columns": {}, "checkpoint": None, "facts": {}, "seconds": 1.0}
    space.finish(TrialResult(trial=spec.identity, values=(value,), overlap=overlap, **result))


def test_several_seeds_are_a_mean_and_said_to_be_one(session: Any) -> None:
    space, spec = session.workspace, asked(session)
    before, inputs = members_of(space, spec), inputs_of(space, spec)
    assert cautions_of(space, spec) == ()
    again(space, 5, 0.25)
    (first, *others), (old, *rest) = members_of(space, spec), before
    assert first.values["accuracy"].value == (0.25 + old.values["accuracy"].value) / 2
    assert first.values["loss"] == old.values["loss"]
    assert others == rest
    assert inputs_of(space, spec) != inputs
    assert cautions_of(space, spec) == ("1 of 7 models were measured with several seeds: their values are means.",)


def test_what_has_learnt_from_the_data_is_said(session: Any) -> None:
    again(session.workspace, 0, 0.25, overlap=0.5)
    said = cautions_of(session.workspace, asked(session))
    assert said == ("1 of 7 models have learnt from samples that they are measured on.",)
