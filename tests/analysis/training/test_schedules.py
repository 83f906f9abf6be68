"""Learning rates against PyTorch's own schedulers."""

from collections.abc import Callable

import pytest
import torch
from pydantic import ValidationError
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, MultiStepLR, OneCycleLR

from graftwork.analysis.training import TrainingParameters
from graftwork.analysis.training.schedules import rate

STEPS = 40
REFERENCES: dict[str, Callable[[Optimizer], LRScheduler]] = {
    "cosine": lambda o: CosineAnnealingLR(o, STEPS),
    "linear": lambda o: LinearLR(o, 1.0, 1e-12, STEPS),
    "step": lambda o: MultiStepLR(o, [STEPS // 2, 3 * STEPS // 4], 0.1),
    "one_cycle": lambda o: OneCycleLR(o, 0.5, STEPS),
}


@pytest.mark.parametrize("schedule", REFERENCES)
def test_a_schedule_is_the_one_that_pytorch_has(schedule: str) -> None:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.5, momentum=0.9)
    reference = REFERENCES[schedule](optimiser)
    parameters = TrainingParameters.model_validate({"data": "d", "learning_rate": 0.5, "schedule": schedule})
    for step in range(STEPS):
        assert rate(step, STEPS, parameters) == pytest.approx(optimiser.param_groups[0]["lr"], rel=1e-6, abs=1e-9), step
        optimiser.step()
        reference.step()


def test_a_warm_up_rises_to_the_highest_rate_and_the_schedule_begins_after_it() -> None:
    parameters = TrainingParameters(data="d", learning_rate=1.0, schedule="linear", warmup=3)
    rates = [rate(step, 8, parameters) for step in range(8)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 0.8, 0.6, 0.4, 0.2])


def test_one_cycle_takes_no_second_warm_up() -> None:
    with pytest.raises(ValidationError, match="warm-up of its own"):
        TrainingParameters(data="d", schedule="one_cycle", warmup=5)


@pytest.mark.parametrize(
    ("values", "steps"), [({"epochs": 3, "batch": 40}, 8), ({"steps": 5, "epochs": 3}, 5), ({"batch": 500}, 1)]
)
def test_steps_or_passes_say_how_long(values: dict[str, int], steps: int) -> None:
    assert TrainingParameters.model_validate({"data": "d", **values}).total_steps(100) == steps
