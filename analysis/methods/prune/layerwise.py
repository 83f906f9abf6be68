"""Pruning layer by layer, on what each layer is given once all before it are pruned."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import field_validator
from torch import Tensor, nn

from ....kernels.masks import removed_count
from ....kernels.rows import beyond_n_of_m, smallest_in_rows
from ...activations import Calibration
from ...activations.blockwise import Blockwise
from ...activations.inputs import is_seen
from ...activations.sums import InputSum
from ...errors import UserError
from ...models import Checkpoint, Weight
from ...models.arithmetic import is_number
from ...models.layer_names import fitting, layer_of
from ...registry import Parameters, parameter
from .. import Derivative, MethodContext
from ..drafts import load_draft, save_draft

_PATTERN = re.compile(r"[1-9]\d{0,4}:[1-9]\d{0,4}")


def _counts(pattern: str) -> tuple[int, int]:
    stay, of = map(int, pattern.split(":"))
    return stay, of


class LayerwiseParameters(Parameters):
    """What is removed, from where, and on which samples that is judged."""

    data: str = parameter(..., "What is looked at; labels do not matter.", role="data")
    amount: float = parameter(0.5, "Share of a layer's weights that is removed.", unit="fraction", ge=0, le=1)
    scope: Literal["row", "layer"] = parameter(
        "row", "Compare the weights of each output with each other, or all of a layer's."
    )
    granularity: str = parameter(
        "element", "Single weights, or N:M, such as 2:4: of every M neighbours N stay, whatever the amount."
    )
    layers: tuple[str, ...] = parameter(
        (), "Patterns of the layers that are cut; all but the classifier where none is.", patterns="weights"
    )
    samples: int = parameter(128, "How many samples are looked at.", unit="samples", ge=1)
    batch: int = parameter(32, "Samples a forward pass.", unit="samples", ge=1)

    @field_validator("granularity")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value != "element" and not (_PATTERN.fullmatch(value) and _counts(value)[0] <= _counts(value)[1]):
            raise ValueError("write element, or N:M such as 2:4 with N at most M")
        return value

    def gone(self, scores: Tensor) -> Tensor:
        """Return which weights go, of scores (rows, columns): the lowest of all, of a row, or of neighbours in it."""
        if self.granularity != "element":
            return beyond_n_of_m(scores, *_counts(self.granularity))
        together = scores.reshape(1, -1) if self.scope == "layer" else scores
        return smallest_in_rows(together, removed_count(self.amount, together.shape[1])).view_as(scores)


@dataclass(frozen=True)
class Layerwise:
    """Prunes the layers of a network in the order in which it runs them.

    Attributes
    ----------
    parent : Checkpoint
        Whose weights are pruned.
    parameters : LayerwiseParameters
        How much, from where, on which samples.
    context : MethodContext
        Where to compute, and where to keep what is done.
    look : callable
        Gives what looks at a layer, by its name.
    cut : callable
        Gives the new weights of one group, (rows, inputs), from those before, in float64, and what was summed up of
        the group's inputs.
    """

    parent: Checkpoint
    parameters: LayerwiseParameters
    context: MethodContext
    look: Callable[[str], InputSum]
    cut: Callable[[Tensor, Tensor], Tensor]

    def derive(self) -> Derivative:
        """Prune, and return the derivative with facts on what stays.

        Raises
        ------
        UserError
            If there is nothing to prune, or a weight or an input is not finite.
        """
        network = self.context.network(self.parent)
        weights = self._weights(network)
        architecture = self.parent.architecture
        assert architecture is not None, "a network was built, so it was recognised"
        data = self.context.data["data"]
        looked = Calibration(
            network, data, self.context.device, self.context.ticket, self.parameters.samples, self.parameters.batch
        )
        run, scratch = Blockwise(looked, architecture, list(weights)), self.context.scratch
        pruned: dict[str, Tensor] = {}
        for number, step in enumerate(run.steps()):
            done = load_draft(scratch, f"block{number}")
            if done is None:
                watchers = {layer: self.look(layer) for layer in step.layers}
                step.watch(list(watchers.values()))
                done = {n: w for layer in step.layers for n, w in self._pruned(weights[layer], watchers[layer])}
                save_draft(scratch, f"block{number}", done)
            _put(network, done)
            pruned |= done
            self.context.ticket.progress(number + 1, len(run.stages), "blocks")
        return self._derivative(weights, pruned)

    def _weights(self, network: nn.Module) -> dict[str, Weight]:
        """Return the weights that can be pruned on their inputs, by layer."""
        able = {w.name: w for w in self.parent.weights() if self._is_able(w, network)}
        head = self.parent.architecture.head if self.parent.architecture else None
        usual = [name for name in able if layer_of(name) != head]
        if not usual:
            raise UserError(f"{self.parent.path.name} has no layers whose inputs can be seen.", "Prune by magnitude.")
        names = fitting(able, self.parameters.layers) if self.parameters.layers else usual
        return {layer_of(name): able[name] for name in names}

    def _is_able(self, weight: Weight, network: nn.Module) -> bool:
        whole = weight.name.endswith(".weight") and not weight.tied and is_number(self.parent.specs[weight.name].dtype)
        return whole and is_seen(network.get_submodule(layer_of(weight.name)))

    def _pruned(self, weight: Weight, looked: InputSum) -> list[tuple[str, Tensor]]:
        """Return the new weights of a layer, if it was reached, in the parent's dtype."""
        total = looked.total()
        if total is None:
            return []
        tensor = self.parent.tensor(weight.name)
        matrix = weight.matrix(tensor).to(self.context.device, torch.float64)
        if not (matrix.isfinite().all() and total.isfinite().all()):
            raise UserError(
                f"{self.parent.path.name} cannot be pruned: '{weight.name}' or its inputs are not finite.",
                "Choose a checkpoint and data whose numbers are finite.",
            )
        groups = zip(matrix.chunk(len(total)), total, strict=True)
        new = torch.cat([self.cut(part, sums) for part, sums in groups])
        return [(weight.name, weight.restore(new).to("cpu", tensor.dtype))]

    def _derivative(self, weights: Mapping[str, Weight], pruned: Mapping[str, Tensor]) -> Derivative:
        stay = {name: float((tensor != 0).double().mean()) for name, tensor in pruned.items()}
        sizes = {name: tensor.numel() for name, tensor in pruned.items()}
        facts: dict[str, Any] = {
            "kept": sum(stay[name] * sizes[name] for name in stay) / max(sum(sizes.values()), 1),
            "kept_by_layer": stay,
            "not_reached": [weight.name for weight in weights.values() if weight.name not in pruned],
        }

        def tensor(name: str) -> Tensor:
            found = pruned.get(name)
            return self.parent.tensor(name) if found is None else found

        return Derivative(self.parent.specs, tensor, facts)


@torch.no_grad()
def _put(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        network.get_parameter(name).copy_(tensor)
