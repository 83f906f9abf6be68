"""What a network's training cost."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..catalogue import Quantity
from . import MEASURES, Evidence, Parameters, Value

if TYPE_CHECKING:
    from ..models import Checkpoint

TRAINED = "trained"
"""Under this a derived checkpoint says how many seconds each operation that it descends from has trained."""


class TrainingCostParameters(Parameters):
    """The cost of training has no parameters."""


@MEASURES.register(
    "cost.training",
    title="Cost of training",
    citation="Li et al. 2020, Budgeted Training: Rethinking Deep Neural Network Training Under Resource Constraints",
    dataless=True,
    quantities=(Quantity(name="cost.training", title="Training time", unit="s", better="lower"),),
)
def training(evidence: Evidence, parameters: TrainingCostParameters) -> Iterator[Value]:
    """Wall seconds of all training by this program that the network descends from; what came before is not known.

    Training that several of its ancestors share counts once.
    """
    yield Value(measure="cost.training", value=sum(training_seconds(evidence.checkpoint).values()), unit="s")


def training_seconds(checkpoint: "Checkpoint") -> dict[str, float]:
    """Return the seconds of each training that a checkpoint descends from, by the trained model's identity."""
    seconds: dict[str, float] = checkpoint.metadata.get("graftwork", {}).get(TRAINED, {})
    return seconds
