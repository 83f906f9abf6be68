"""What a person chooses about training; every method that trains shares these parameters."""

from typing import Any, Literal, Self

from pydantic import model_validator

from ..registry import Parameters, parameter

Optimiser = Literal["sgd", "nesterov", "adamw"]
Schedule = Literal["constant", "cosine", "linear", "step", "one_cycle"]
Augmentation = Literal["none", "crop_flip"]


class TrainingParameters(Parameters):
    """How long to train, on what, and how."""

    data: str = parameter(..., "What to train on.", role="data")
    steps: int | None = parameter(None, "How many batches to learn from; none counts epochs.", unit="steps", ge=1)
    epochs: int = parameter(1, "Passes over the data, where there is no number of steps.", unit="epochs", ge=1)
    batch: int = parameter(128, "Samples a step.", unit="samples", ge=1)
    learning_rate: float = parameter(0.01, "The highest learning rate.", gt=0)
    optimiser: Optimiser = parameter("nesterov", "Gradient descent with momentum, after Nesterov, or AdamW.")
    momentum: float = parameter(0.9, "Momentum of gradient descent; AdamW has its own.", ge=0, lt=1)
    weight_decay: float = parameter(1e-4, "Decay of the weights, as a share of the learning rate.", ge=0)
    schedule: Schedule = parameter("cosine", "How the learning rate falls; 'step' divides it by 10 at 1/2 and 3/4.")
    warmup: int = parameter(0, "Steps over which the learning rate rises from zero.", unit="steps", ge=0)
    label_smoothing: float = parameter(0.0, "Share of the labels spread over all classes.", unit="fraction", ge=0, lt=1)
    clip: float | None = parameter(None, "Longest gradient, over all parameters; longer ones are scaled.", gt=0)
    augment: Augmentation = parameter("none", "Shift images by up to an eighth of their side and mirror them.")
    held_out: float = parameter(0.0, "Share of the data kept aside to stop on.", unit="fraction", ge=0, lt=1)
    check_every: int = parameter(50, "Steps between looks at the held-out samples.", unit="steps", ge=1)
    patience: int = parameter(5, "Looks without gain before training stops; the best weights count.", ge=1)
    mixed: bool = parameter(False, "Compute in bfloat16 where that is safe.")
    keep_every: int | None = parameter(None, "Steps between checkpoints that are kept on the way.", unit="steps", ge=1)
    keep_zeros: bool = parameter(True, "Weights that are zero in the parent stay zero.")

    @model_validator(mode="after")
    def _warms_up_once(self) -> Self:
        if self.warmup and self.schedule == "one_cycle":
            raise ValueError("one_cycle has a warm-up of its own; leave warmup at 0")
        return self

    def total_steps(self, samples: int) -> int:
        """Return how many steps there are for so many samples to train on."""
        return self.steps or -(-self.epochs * samples // min(self.batch, samples))


def share(default: float, description: str) -> Any:
    """Declare a parameter between 0 and 1."""
    return parameter(default, description, unit="fraction", ge=0, le=1)
