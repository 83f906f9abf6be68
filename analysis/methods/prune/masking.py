"""What pruning methods share: they score units, and this removes the lowest of a scope."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer
from torch import Tensor

from ....kernels.masks import Cut, cuts, erk_densities, keep, removed_count
from ...errors import UserError
from ...jobs.protocol import Ticket
from ...models import Checkpoint, Weight, parameter_count
from ...models.arithmetic import computable
from ...models.layer_names import fitting
from ...registry import Parameters, parameter
from .. import Derivative

Scope = Literal["global", "layer", "erk"]
Granularity = Literal["element", "channel"]
Share = Annotated[float, Field(ge=0, le=1)]


class MaskParameters(Parameters):
    """How much to remove, from where, in which units."""

    amount: float = parameter(0.5, "Share of the units that is removed.", unit="fraction", ge=0, le=1)
    scope: Scope = parameter(
        "global", "Compare all layers with each other, remove the same share of each, or more of large ones (ERK)."
    )
    granularity: Granularity = parameter("element", "Remove single weights or whole output channels.")
    layers: tuple[str, ...] = parameter(
        (), "Patterns of the layers that are cut, such as layer3.*; all where none is.", patterns="weights"
    )
    amounts: dict[str, Share] = parameter(
        {},
        "Amounts of some layers by pattern, in place of the common one; the longest pattern that fits counts.",
        patterns="weights",
    )

    @model_serializer(mode="wrap")
    def _what_is_said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what came to be declared later where it is not used: identities of earlier models stay."""
        return {k: v for k, v in dump(self).items() if k not in ("layers", "amounts") or v}


@dataclass(frozen=True)
class Masking:
    """Scores the units of a checkpoint's weights and removes the lowest.

    Attributes
    ----------
    parent : Checkpoint
        Whose weights are masked.
    score : callable
        Gives the non-negative scores of a weight's units: of the weight's shape for elements, (channels,) for channels.
        Called several times; must give the same each time.
    parameters : MaskParameters
        How much, from where.
    ticket : Ticket
        Progress and cancellation.
    """

    parent: Checkpoint
    score: Callable[[Weight], Tensor]
    parameters: MaskParameters
    ticket: Ticket

    def derive(self) -> Derivative:
        """Find what goes, and return the derivative with facts on what stays.

        ``of_parameters`` is the share of the network's parameters that the amount applies to: those of the weights that
        are cut, without biases, norms and embeddings.

        Raises
        ------
        UserError
            If there is nothing to prune, a pattern fits no layer, or a weight is not a number.
        """
        found = self._cuts(self._chosen())
        return Derivative(self.parent.specs, partial(self._tensor, found), self._facts(found))

    @cached_property
    def _weights(self) -> dict[str, Weight]:
        return {weight.name: weight for weight in self.parent.weights()}

    def _chosen(self) -> tuple[str, ...]:
        if not self._weights:
            raise UserError(
                f"{self.parent.path.name} has no weights of linear or convolution layers.",
                "Choose a checkpoint of a network with such layers.",
            )
        names = fitting(self._weights, self.parameters.layers or ("*",))
        self._check_channels(names)
        return names

    def _check_channels(self, names: tuple[str, ...]) -> None:
        unknown = [name for name in names if self._weights[name].outputs is None]
        if unknown and self.parameters.granularity == "channel":
            raise UserError(
                f"{self.parent.path.name} cannot be pruned by channels: which axis of '{unknown[0]}' is that of its "
                "outputs is not known.",
                'Prune single weights (granularity = "element"), choose other layers, or name the code that builds the '
                "network.",
            )

    @cached_property
    def _own_amounts(self) -> dict[str, float]:
        """The amounts of those layers that have one of their own, by name."""
        found: dict[str, float] = {}
        for pattern in sorted(self.parameters.amounts, key=lambda p: (len(p), p)):
            found |= dict.fromkeys(fitting(self._weights, (pattern,)), self.parameters.amounts[pattern])
        return found

    def _cuts(self, names: tuple[str, ...]) -> dict[str, Cut]:
        common = tuple(name for name in names if name not in self._own_amounts)
        cut = self._common_cuts(common) if common else {}
        cut |= self._cut_each({name: self._own_amounts[name] for name in names if name in self._own_amounts})
        return {name: cut[name] for name in names}

    def _common_cuts(self, names: tuple[str, ...]) -> dict[str, Cut]:
        amount = self.parameters.amount
        if self.parameters.scope == "global":
            total = sum(self._units(name) for name in names)
            return self._cut_together(names, removed_count(amount, total))
        if self.parameters.scope == "layer":
            return self._cut_each(dict.fromkeys(names, amount))
        densities = erk_densities([self._weights[name].shape for name in names], 1 - amount)
        return self._cut_each({name: 1 - density for name, density in zip(names, densities, strict=True)})

    def _cut_each(self, shares: dict[str, float]) -> dict[str, Cut]:
        found: dict[str, Cut] = {}
        for name, share in shares.items():
            found |= self._cut_together((name,), removed_count(share, self._units(name)))
            self.ticket.progress(len(found), len(shares), "scores")
        return found

    def _cut_together(self, names: tuple[str, ...], count: int) -> dict[str, Cut]:
        try:
            return dict(zip(names, cuts(partial(self._scores, names), count), strict=True))
        except ValueError as error:
            raise UserError(
                f"{self.parent.path.name} cannot be pruned: {error}.", "Choose a checkpoint whose weights are finite."
            ) from error

    def _scores(self, names: Iterable[str]) -> Iterator[Tensor]:
        names = tuple(names)
        for done, name in enumerate(names):
            if len(names) > 1:
                self.ticket.progress(done, len(names), "scores")
            yield self.score(self._weights[name])

    def _tensor(self, found: dict[str, Cut], name: str) -> Tensor:
        self.ticket.check()
        tensor = self.parent.tensor(name)
        if name not in found:
            return tensor
        weight = self._weights[name]
        mask = keep(self.score(weight), found[name]).to(tensor.device)
        kept = mask if self.parameters.granularity == "element" else weight.over_channels(mask)
        return computable(tensor).masked_fill(~kept, 0).to(tensor.dtype)

    def _facts(self, found: dict[str, Cut]) -> dict[str, Any]:
        sizes = {name: self._weights[name].size for name in found}
        shares = {name: 1 - cut.removed / self._units(name) for name, cut in found.items()}
        facts: dict[str, Any] = {
            "kept": sum(shares[name] * sizes[name] for name in found) / sum(sizes.values()),
            "of_parameters": sum(sizes.values()) / parameter_count(self.parent),
            "kept_by_layer": shares,
        }
        if self.parameters.scope == "global" and not self.parameters.amounts:
            return facts | {"threshold": next(iter(found.values())).threshold}
        return facts | {"threshold_by_layer": {name: cut.threshold for name, cut in found.items()}}

    def _units(self, name: str) -> int:
        weight = self._weights[name]
        return weight.size if self.parameters.granularity == "element" else weight.channels
