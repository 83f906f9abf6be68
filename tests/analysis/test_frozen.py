"""Making immutable data from other such data leaves behind what was derived."""

import pytest
from pydantic import ValidationError

from graftwork.analysis.recipe import Step
from graftwork.analysis.trials import DerivedModel


def _model(**changes: object) -> DerivedModel:
    given: dict[str, object] = {"name": "a", "method": "m", "version": 1, "parameters": {}, "parents": ("p",)}
    return DerivedModel.model_validate(given | changes)


def test_an_identity_that_was_read_does_not_follow_to_other_values() -> None:
    model = _model()
    assert model.identity
    assert model.replaced(parents=("q",)).identity == _model(parents=("q",)).identity != model.identity


def test_what_was_not_given_stays_so() -> None:
    assert _model().replaced(version=2).model_fields_set == _model(version=2).model_fields_set


def test_keys_beyond_the_fields_come_along_and_are_replaced() -> None:
    step = Step.model_validate({"method": "m", "of": ("a",), "amount": 0.5, "parameters": 1})
    assert list(step.replaced(amount=0.7).parameters.items()) == [("amount", 0.7), ("parameters", 1)]


def test_new_values_are_checked() -> None:
    with pytest.raises(ValidationError):
        _model().replaced(version="late")


def test_a_dictionary_of_it_is_refused() -> None:
    with pytest.raises(TypeError, match="replaced"):
        dict(_model())
