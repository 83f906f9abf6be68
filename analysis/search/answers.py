"""What a search found, in words."""

from typing import Any

from ..recipe import Search
from ..trials import Finding
from .bisection import Step
from .goals import Goal


def sentence(search: Search, goal: Goal, best: Finding | None, tried: int, step: Step) -> str:
    """Return what was found: the model and its values, how it was made, what was asked for, after how many trials."""
    after = f"after {tried} trial{'' if tried == 1 else 's'}"
    if best is None:
        return f"Nothing yet {_asked(search)}, {after}." if step.points else f"Nothing {_asked(search)}, {after}."
    values = ", ".join(f"{measure} {_number(best.values[measure])}" for measure in goal.measures)
    made = ", ".join(f"{key} = {_said(value)}" for key, value in best.point.items())
    so_far = "so far " if step.points else ""
    return (
        f"{' and '.join(best.models)} is {so_far}the {search.goal} that {_asked(search)}: {values}; {made};"
        f" {after}{_brackets(step)}."
    )


def _asked(search: Search) -> str:
    kept = [f"keeps {measure} within {loss:g}" for measure, loss in search.keep.items()]
    under = [f"has {measure} of at most {_number(most)}" for measure, most in search.under.items()]
    return " and ".join((*kept, *under))


def _brackets(step: Step) -> str:
    found = {key: b for key, b in step.brackets.items() if b.inside is not None}
    ends = [f"{key} no longer holds at {_number(b.outside)}" for key, b in found.items() if b.outside is not None]
    return f"; {', '.join(ends)}" if ends else ""


def _said(value: Any) -> str:
    return _number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
