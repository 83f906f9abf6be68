"""What pruning methods share: they score units, and this removes the lowest of a scope."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer
from torch import Tensor

from ....kernels.masks import Cut, cuts, erk_densities, keep, removed_count
from ...errors import UserError
from ...jobs.protocol import Ticket
from ...models import Checkpoint
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
        Gives the non-negative scores of a weight's units, by its name: of the weight's shape for elements, (channels,)
        for channels. Called several times; must give the same each time.
    parameters : MaskParameters
        How much, from where.
    ticket : Ticket
        Progress and cancellation.
    """

    parent: Checkpoint
    score: Callable[[str], Tensor]
    parameters: MaskParameters
    ticket: Ticket

    def derive(self) -> Derivative:
        """Find what goes, and return the derivative with facts on what stays.

        Raises
        ------
        UserError
            If there is nothing to prune, a pattern fits no layer, or a weight is not a number.
        """
        found = self._cuts(self._chosen())
        return Derivative(self.parent.specs, partial(self._tensor, found), self._facts(found))

    def _chosen(self) -> tuple[str, ...]:
        names = self.parent.weights()
        if not names:
            raise UserError(
                f"{self.parent.path.name} has no weights of linear or convolution layers.",
                "Choose a checkpoint of a network with such layers.",
            )
        return fitting(names, self.parameters.layers or ("*",))

    @cached_property
    def _own_amounts(self) -> dict[str, float]:
        """The amounts of those layers that have one of their own, by name."""
        found: dict[str, float] = {}
        for pattern in sorted(self.parameters.amounts, key=lambda p: (len(p), p)):
            found |= dict.fromkeys(fitting(self.parent.weights(), (pattern,)), self.parameters.amounts[pattern])
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
        densities = erk_densities([self.parent.specs[name].shape for name in names], 1 - amount)
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
            yield self.score(name)

    def _tensor(self, found: dict[str, Cut], name: str) -> Tensor:
        self.ticket.check()
        tensor = self.parent.tensor(name)
        if name not in found:
            return tensor
        mask = keep(self.score(name), found[name]).to(tensor.device)
        return tensor.masked_fill(~mask.view(mask.shape + (1,) * (tensor.ndim - mask.ndim)), 0)

    def _facts(self, found: dict[str, Cut]) -> dict[str, Any]:
        sizes = {name: self.parent.specs[name].size for name in found}
        shares = {name: 1 - cut.removed / self._units(name) for name, cut in found.items()}
        facts: dict[str, Any] = {
            "kept": sum(shares[name] * sizes[name] for name in found) / sum(sizes.values()),
            "kept_by_layer": shares,
        }
        if self.parameters.scope == "global" and not self.parameters.amounts:
            return facts | {"threshold": next(iter(found.values())).threshold}
        return facts | {"threshold_by_layer": {name: cut.threshold for name, cut in found.items()}}

    def _units(self, name: str) -> int:
        spec = self.parent.specs[name]
        return spec.size if self.parameters.granularity == "element" else spec.shape[0]


def score_dtype(parent: Checkpoint) -> torch.dtype:
    """Return the dtype that holds every weight of the checkpoint exactly, float32 at least."""
    wide = any(parent.specs[name].dtype == torch.float64 for name in parent.weights())
    return torch.float64 if wide else torch.float32
