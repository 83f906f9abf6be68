"""How alike two places of a network are: the mean cosine between what passes at them."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from .watching import Batch, first_tensor


class Cosine:
    """The cosine between what a module takes and what another gives, or adds to that, averaged over all positions.

    Parameters
    ----------
    source, target : str
        The module that takes and the one that gives; one and the same, or the second later in the network.
    added : bool
        Whether the sum of both is compared with the first, as on a residual path.
    channel : int
        The axis of the channels: 1 of maps, -1 of tokens and rows.
    """

    def __init__(self, source: str, target: str, *, added: bool = False, channel: int = -1) -> None:
        self._source, self._target, self._added, self._channel = source, target, added, channel
        self._total, self._count = 0.0, 0

    def mean(self) -> float:
        """Return the mean over all positions, in [-1, 1]."""
        return self._total / self._count if self._count else float("nan")

    def hooks(self, network: nn.Module) -> Iterator[RemovableHandle]:
        """Begin to look."""
        yield network.get_submodule(self._source).register_forward_pre_hook(self._take, with_kwargs=True)
        yield network.get_submodule(self._target).register_forward_hook(self._give)

    def begin(self, batch: Batch) -> None:
        """Forget what an unsettled batch left."""
        self._real = batch.real
        self._seen: list[Tensor] = []

    def settle(self) -> None:
        """Add what was seen of the batch."""
        for cosines in self._seen:
            self._total += float(cosines.sum(dtype=torch.float64))
            self._count += cosines.numel()

    def _take(self, _: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        self._taken = first_tensor((*args, *kwargs.values())).float()

    def _give(self, _: nn.Module, __: object, output: object) -> None:
        given = first_tensor(output).float()
        given = self._taken + given if self._added else given
        cosines = F.cosine_similarity(self._taken, given, dim=self._channel)
        is_text = self._real is not None and cosines.shape == self._real.shape
        self._seen.append(cosines[self._real] if is_text else cosines)
