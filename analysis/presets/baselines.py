"""What presets share: recovery on one budget, and the baselines that an answer is held against."""

from collections.abc import Iterable, Sequence
from typing import Any

from ..recipe import DataInput, Measuring, Recipe, Step
from ..registry import Parameters, parameter
from . import Inputs


class Budget(Parameters):
    """How much may be learnt by each model, and how wide a random baseline is."""

    random: int = parameter(5, "Random variants of equal cost; the trade-off draws them as a band.", ge=1, le=100)
    steps: int | None = parameter(None, "Batches that each model learns from; none counts epochs.", unit="steps", ge=1)
    epochs: int = parameter(1, "Passes over the training data of each model.", unit="epochs", ge=1)
    batch: int = parameter(128, "Samples a step.", unit="samples", ge=1)
    learning_rate: float = parameter(0.01, "The highest learning rate.", gt=0)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the random variants."""
        return tuple(range(self.random))

    def training(self, data: DataInput) -> dict[str, Any]:
        """Return what every training step of the recipe says."""
        length = {"epochs": self.epochs} if self.steps is None else {"steps": self.steps}
        return {"data": data.name, **length, "batch": self.batch, "learning_rate": self.learning_rate}


def step(method: str, of: Sequence[str | tuple[str, ...]], note: str, name: str | None = None, **values: Any) -> Step:
    """Return a step; its parameters are given by name."""
    return Step.model_validate({"method": method, "of": tuple(of), "note": note, "name": name, **values})


def random_masks(of: Sequence[str], amounts: Sequence[float], budget: Budget) -> Step:
    """Return random pruning at the same ratios, several times."""
    note = "Baseline: weights drawn at random at the same ratios. A criterion within this band knows nothing."
    return step("prune.random", of, note, "random", seeds=budget.seeds, amount=list(amounts))


def recovered(masked: Sequence[str], equal: str, train: DataInput | None, budget: Budget) -> tuple[Step, ...]:
    """Return recovery of every pruned model, and its baselines on the same budget; nothing without training data.

    Parameters
    ----------
    masked : sequence of str
        The steps that prune.
    equal : str
        That among them whose sizes the dense networks have.
    train : DataInput or None
        What is learnt from.
    budget : Budget
        How long.
    """
    if train is None:
        return ()
    training = budget.training(train)
    inherited = "Recovery: every pruned network learns on, from the weights that it kept."
    shape = "Baseline: the same masks from fresh weights on the same budget. What recovery has more, the weights knew."
    dense = "Baseline: a narrower network without zeros, of equal size, from fresh weights on the same budget."
    return (
        step("retrain.full", masked, inherited, "retrained", **training),
        step("retrain.scratch", masked, shape, "scratch", **training),
        step("retrain.scratch", [equal], dense, "dense", narrow=True, **training),
    )


def recipe(question: str, note: str, inputs: Inputs, steps: Iterable[Step]) -> Recipe:
    """Return the recipe of a question, measuring what it is answered by."""
    what = ("accuracy", "loss", "cost.nominal", *(("cost.training",) if inputs.train else ()))
    return Recipe(
        title=question,
        note=note,
        model=inputs.models,
        data=(inputs.data, *((inputs.train,) if inputs.train else ())),
        step=tuple(steps),
        measure=Measuring(data=inputs.data.name, what=what),
    )
