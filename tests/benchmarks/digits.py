"""What recipes of benchmarks have in common: a small network that comes along, and digits that it is measured on."""

import json
from collections.abc import Sequence
from pathlib import Path

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo"
_RECIPE = """
[[model]]
name = "net"
path = {path}
[[data]]
name = "digits"
path = "digits"
split = "test"
{limit}
{steps}
[measure]
data = "digits"
what = {what}
"""
_SWEEP = """
[[step]]
method = "prune.magnitude"
of = ["net"]
amount = {amounts}
"""


def recipe(steps: str, what: Sequence[str], limit: int | None = None) -> str:
    """Return a recipe with those steps over ``net``, measured on so many ``digits``; on all of them without a limit."""
    return _RECIPE.format(
        path=json.dumps(str(DEMO / "digits-resnet8.safetensors")),
        limit=f"limit = {limit}" if limit else "",
        steps=steps,
        what=json.dumps(what),
    )


def sweep(trials: int) -> str:
    """Return the step that makes all but the first of so many trials."""
    return _SWEEP.format(amounts=[round(number / trials, 6) for number in range(1, trials)])
