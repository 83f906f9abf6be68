"""Optimisers, as they are named in recipes."""

from collections.abc import Sequence

import torch
from torch import nn

from .parameters import TrainingParameters


def optimiser_of(free: Sequence[nn.Parameter], parameters: TrainingParameters) -> torch.optim.Optimizer:
    """Return the optimiser of these parameters; the learning rate is set at every step.

    Source: Sutskever et al. 2013, On the importance of initialization and momentum in deep learning (Nesterov);
    Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization (AdamW).
    """
    if parameters.optimiser == "adamw":
        return torch.optim.AdamW(free, parameters.learning_rate, weight_decay=parameters.weight_decay)
    nesterov = parameters.optimiser == "nesterov" and parameters.momentum > 0
    return torch.optim.SGD(
        free,
        parameters.learning_rate,
        momentum=parameters.momentum,
        nesterov=nesterov,
        weight_decay=parameters.weight_decay,
    )
