"""Interval bound propagation: where outputs can lie when inputs lie in a box.

Every output's bounds hold for certain; they are loose, because each layer forgets how the values before it depend on
each other. Source: Gowal et al. 2018, On the Effectiveness of Interval Bound Propagation, section 3.
"""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from ..errors import UserError


class Box(NamedTuple):
    """Lower and upper bounds, of the same shape."""

    lower: Tensor
    upper: Tensor


# Whatever does not decrease in any of its inputs maps bounds to bounds.
_MODULES = (
    nn.ReLU | nn.ReLU6 | nn.LeakyReLU | nn.Sigmoid | nn.Tanh | nn.Hardtanh | nn.Hardsigmoid | nn.Softplus | nn.ELU
    | nn.MaxPool2d | nn.AvgPool2d | nn.AdaptiveAvgPool2d | nn.Flatten | nn.Identity | nn.Dropout | nn.ZeroPad2d
)  # fmt: skip
_FUNCTIONS = {
    operator.add, operator.iadd, operator.getitem, getattr, torch.add, torch.flatten, torch.relu, torch.mean, torch.cat,
    torch.tanh, torch.sigmoid, F.relu, F.relu6, F.leaky_relu, F.pad, F.max_pool2d, F.avg_pool2d, F.adaptive_avg_pool2d,
    F.dropout, F.hardtanh,
}  # fmt: skip
_METHODS = {"add", "flatten", "mean", "relu", "relu_", "reshape", "size", "squeeze", "tanh", "view", "sigmoid", "dim"}


def output_box(network: nn.Module, box: Box) -> Box:
    """Return bounds of the network's outputs, for each sample of a box of inputs.

    Raises
    ------
    UserError
        If the network does more than convolutions, matrix products, fixed normalisation, sums and functions that grow.
    """
    try:
        graph = fx.symbolic_trace(network)
    except Exception as error:
        raise UserError(
            "The network's steps depend on its inputs, so that they cannot be followed.",
            "Bounds are for feed-forward and convolutional networks; leave them out.",
        ) from error
    with torch.no_grad():  # what works in place does so on both bounds, and not on those of the caller
        bounds: Box = _Interpreter(graph).run(Box(box.lower.clone(), box.upper.clone()))
    return bounds


class _Interpreter(fx.Interpreter):
    """Carries a box through a traced network."""

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        module = self.fetch_attr(target)
        if isinstance(module, _MODULES):
            return _twice(module, args, kwargs)
        if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d | nn.BatchNorm1d) and isinstance(args[0], Box):
            return _affine(module, args[0])
        raise _unknown(type(module).__name__)

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if target in _FUNCTIONS or not _boxes(args):
            return _twice(target, args, kwargs)
        raise _unknown(getattr(target, "__name__", str(target)))

    def call_method(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if target in _METHODS or not _boxes(args):
            return _twice(lambda own, *rest, **named: getattr(own, target)(*rest, **named), args, kwargs)
        raise _unknown(str(target))


def _twice(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Apply to the lower bounds and to the upper ones."""
    lower, upper = (function(*_side(args, side), **_side(kwargs, side)) for side in (0, 1))
    return Box(lower, upper) if isinstance(lower, Tensor) and _boxes((args, kwargs)) else lower


def _side(value: Any, side: int) -> Any:
    if isinstance(value, Box):
        return value[side]
    if isinstance(value, tuple | list):
        return type(value)(_side(item, side) for item in value)
    return {key: _side(item, side) for key, item in value.items()} if isinstance(value, dict) else value


def _boxes(value: Any) -> bool:
    if isinstance(value, dict):
        return _boxes(tuple(value.values()))
    return isinstance(value, Box) or (isinstance(value, tuple | list) and any(map(_boxes, value)))


def _affine(module: nn.Module, box: Box) -> Box:
    """Bound W x + b: the centre goes through as it is, the radius through |W|."""
    centre, radius = module((box.lower + box.upper) / 2), (box.upper - box.lower) / 2
    if isinstance(module, nn.Conv2d):
        radius = module._conv_forward(radius, module.weight.abs(), None)
    elif isinstance(module, nn.Linear):
        radius = F.linear(radius, module.weight.abs())
    else:
        radius = radius * _scale(module).abs().view(-1, *(1,) * (radius.ndim - 2))
    return Box(centre - radius, centre + radius)


def _scale(norm: Any) -> Tensor:
    """Return what a normalisation by fixed statistics multiplies each channel by."""
    if norm.running_var is None:
        raise _unknown(f"{type(norm).__name__} without fixed statistics")
    scale: Tensor = (norm.running_var + norm.eps).rsqrt()
    return scale if norm.weight is None else scale * norm.weight


def _unknown(name: str) -> UserError:
    return UserError(
        f"There are no interval bounds for a network with {name}.",
        "Bounds are for feed-forward and convolutional networks; leave them out.",
    )
