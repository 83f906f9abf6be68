"""Learning rates as functions of the step alone, so that nothing has to be remembered of them."""

from math import cos, pi

from .parameters import Schedule, TrainingParameters

_RISE, _START, _END = 0.3, 1 / 25, 1 / 25e4  # of one cycle: share of rising steps, first and last rate


def rate(step: int, total: int, parameters: TrainingParameters) -> float:
    """Return the learning rate of a step, counted from 0: a linear warm-up, then the schedule over what is left."""
    warmup = min(parameters.warmup, total)
    if step < warmup:
        return parameters.learning_rate * (step + 1) / (warmup + 1)
    return parameters.learning_rate * factor(parameters.schedule, step - warmup, total - warmup)


def factor(schedule: Schedule, step: int, total: int) -> float:
    """Return the share of the highest rate at ``step`` of ``total``; cosine and linear would reach 0 at ``total``.

    Source: Loshchilov and Hutter 2017, SGDR, equation 5, without restarts (cosine); Smith and Topin 2018,
    Super-Convergence (one cycle, with cosines as PyTorch has it).
    """
    done = step / total
    match schedule:
        case "constant":
            return 1.0
        case "cosine":
            return _between(1.0, 0.0, done)
        case "linear":
            return 1 - done
        case "step":
            return 0.1 ** ((2 * step >= total) + (4 * step >= 3 * total))
        case "one_cycle":
            return _one_cycle(step, total)


def _one_cycle(step: int, total: int) -> float:
    top, last = _RISE * total - 1, total - 1
    if step <= top:
        return _between(_START, 1.0, step / top)
    return _between(1.0, _END, (step - top) / max(last - top, 1))


def _between(start: float, end: float, done: float) -> float:
    """Return the point on half a cosine from ``start`` to ``end``."""
    return end + (start - end) / 2 * (1 + cos(pi * done))
