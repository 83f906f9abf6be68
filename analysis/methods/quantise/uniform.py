"""Round weights to even steps, and keep them in few bits."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import torch
from torch import Tensor

from ....kernels.codes import pack
from ...errors import UserError
from ...models import Checkpoint, TensorSpec, Weight
from ...models.encodings.uniform import KEY, Uniform
from ...models.layer_names import fitting
from ...registry import Parameters, parameter
from .. import METHODS, Derivative, MethodContext

_FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


class UniformParameters(Parameters):
    """How many codes, and which numbers share a step."""

    bits: int = parameter(8, "Bits of a weight.", unit="bits", ge=2, le=8)
    granularity: Literal["tensor", "channel", "group"] = parameter(
        "group", "One step for a whole tensor, for each output channel, or for each group of neighbours in a channel."
    )
    group: int = parameter(64, "Weights of a group.", ge=2)
    symmetric: bool = parameter(
        True, "Steps lie evenly around zero, or else between the smallest and the largest weight."
    )
    layers: tuple[str, ...] = parameter(
        (), "Patterns of the layers that are quantised; all where none is.", patterns="weights"
    )


@METHODS.register(
    "quantise.uniform",
    title="Uniform quantisation",
    citation="Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only "
    "Inference, arXiv:1712.05877; Nagel et al. 2021, A White Paper on Neural Network Quantization, arXiv:2106.08295",
)
def uniform(parents: Sequence[Checkpoint], parameters: UniformParameters, context: MethodContext) -> Derivative:
    """Round weights to the nearest of 2^bits even steps, and pack their codes; no weight is off by over half a step.

    Symmetric steps reach as far as the largest magnitude on both sides; others from the smallest to the largest weight,
    zero among them. Either way zero stays zero, so that pruned weights stay pruned. Biases, norms, embeddings and tied
    weights stay as they are. Networks compute with the weights that the codes stand for, in the dtype that these had.

    Raises
    ------
    UserError
        If there are no such weights, or one is not finite.
    """
    parent = parents[0]
    weights = _chosen(parent, parameters)
    forms = {name: _form(weight, parent.specs[name], parameters) for name, weight in weights.items()}
    codes = _Codes(parent, forms, context)
    specs: dict[str, TensorSpec] = {}
    for name, spec in parent.specs.items():
        specs |= forms[name].parts(name) if name in forms else {name: spec}
    bits = 8 * sum(s.size * s.dtype.itemsize for name, form in forms.items() for s in form.parts(name).values())
    facts: dict[str, Any] = {
        "bits_a_weight": bits / sum(weight.size for weight in weights.values()),
        "layers": len(forms),
    }
    stored = {name: form.model_dump(mode="json") for name, form in forms.items()}
    return Derivative(specs, codes.tensor, facts, {KEY: stored})


def _chosen(parent: Checkpoint, parameters: UniformParameters) -> dict[str, Weight]:
    able = {w.name: w for w in parent.weights() if not w.tied and parent.specs[w.name].dtype in _FLOATS}
    if not able:
        raise UserError(f"{parent.path.name} has no weights to quantise.", "Choose a network with such layers.")
    return {name: able[name] for name in fitting(able, parameters.layers or ("*",))}


def _form(weight: Weight, spec: TensorSpec, parameters: UniformParameters) -> Uniform:
    axis = None if parameters.granularity == "tensor" else weight.outputs or 0
    columns = spec.size // (1 if axis is None else spec.shape[axis])
    return Uniform(
        bits=parameters.bits,
        shape=spec.shape,
        dtype=str(spec.dtype).removeprefix("torch."),
        axis=axis,
        group=min(parameters.group, columns) if parameters.granularity == "group" else columns,
        symmetric=parameters.symmetric,
    )


class _Codes:
    """The codes of weights with their steps, one weight's at a time."""

    def __init__(self, parent: Checkpoint, forms: dict[str, Uniform], context: MethodContext) -> None:
        self._parent, self._forms, self._context = parent, forms, context
        self._owners = {part: name for name, form in forms.items() for part in form.parts(name)}
        self._parts = lru_cache(maxsize=1)(self._coded)

    def tensor(self, name: str) -> Tensor:
        """Return a tensor of the new file."""
        self._context.ticket.check()
        owner = self._owners.get(name)
        return self._parent.tensor(name) if owner is None else self._parts(owner)[name]

    def _coded(self, name: str) -> dict[str, Tensor]:
        form = self._forms[name]
        weight = self._parent.tensor(name).to(self._context.device, torch.float32)
        if not weight.isfinite().all():
            raise UserError(f"{self._parent.path.name} cannot be quantised: '{name}' is not finite.", "Choose another.")
        rows = form.in_rows(weight)
        step, zero = _steps(form, rows)
        codes = (rows / form.spread(step)).round() + form.spread(zero)
        last = (1 << form.bits) - 1
        flat = codes.clamp(1 if form.symmetric else 0, last).to(torch.uint8).flatten().cpu().numpy()
        found = [torch.from_numpy(pack(flat, form.bits)), step.cpu(), zero.to(torch.uint8).cpu()]
        return dict(zip(form.parts(name), found, strict=False))


def _steps(form: Uniform, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the step and the code of zero of every group, (rows, groups) each; a group of zeros has steps of one."""
    padded = torch.nn.functional.pad(rows, (0, form.steps[1] * form.group - form.columns))
    grouped = padded.unflatten(1, (*form.steps[1:], form.group))
    if form.symmetric:
        step = grouped.abs().amax(2) / (form.middle - 1)
        return _positive(step), torch.full_like(step, form.middle)
    low, high = grouped.amin(2).clamp(max=0), grouped.amax(2).clamp(min=0)
    step = _positive((high - low) / ((1 << form.bits) - 1))
    return step, (-low / step).round()


def _positive(step: Tensor) -> Tensor:
    return torch.where(step > 0, step, torch.ones_like(step))
