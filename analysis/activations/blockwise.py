"""A network looked at block by block, each given what the blocks before it give as they are then."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from ..models import Architecture
from .batches import Batches, Given, NoRoomError
from .calibration import Calibration
from .stages import Stage, stages_of
from .watching import Batch, Watcher, first_tensor, settled, watched

_BUDGET = 2 << 30  # bytes of the host's memory for what a block is given


@dataclass
class Step:
    """One block, or a layer that is in none, to be looked at and changed."""

    layers: tuple[str, ...]
    _run: "Blockwise"
    _stage: Stage

    def watch(self, watchers: Sequence[Watcher]) -> None:
        """Run all samples through it, with watchers looking on."""
        self._run.watch(self._stage, watchers)


class Blockwise:
    """Runs samples through a network, one block at a time; whoever looks may change a block's weights in place.

    A block's inputs are kept, and run through it again when it has been changed, so that a network of any depth needs
    the memory of one block's inputs and outputs: the host's as far as a budget goes, the disk's beyond. Where a block
    is not simply given what the one before gives, the network is run from its beginning to there.

    Parameters
    ----------
    calibration : Calibration
        The network and the samples.
    architecture : Architecture
        What is known of it.
    layers : sequence of str
        The layers that are to be looked at.
    budget : int
        Bytes of the host's memory.
    """

    def __init__(
        self, calibration: Calibration, architecture: Architecture, layers: Sequence[str], budget: int = _BUDGET
    ) -> None:
        self._calibration, self._budget = calibration, budget
        self.stages = stages_of(calibration.network, architecture, layers)
        self._given: Batches | None = None

    def steps(self) -> Iterator[Step]:
        """Give each block, and what lies between, in the order in which the network runs; later ones see changes."""
        try:
            for number, stage in enumerate(self.stages):
                yield Step(stage.layers, self, stage)
                self._move_on(stage, self.stages[number + 1] if number + 1 < len(self.stages) else None)
        finally:
            self._forget()

    def watch(self, stage: Stage, watchers: Sequence[Watcher]) -> None:
        """Run all samples through a stage, with watchers looking on."""
        with watched(self._calibration.network, watchers), torch.no_grad():
            if stage.block is None:
                self._run(watchers, through=stage.through)
                return
            block = self._calibration.network.get_submodule(stage.block)
            inputs = self._inputs(stage.block)
            if inputs is None:
                self._run(watchers)
                return
            for given in inputs:
                there = given.on(self._calibration.device)
                with settled(watchers, Batch(there.taken, there.real)):
                    block(*there.args, **there.kwargs)

    def _move_on(self, stage: Stage, following: Stage | None) -> None:
        """Make what the next block is given from what this one gives, if that is all it is given."""
        if following is None or not following.linked or stage.block is None or self._given is None:
            self._forget()
            return
        block, after = self._calibration.network.get_submodule(stage.block), Batches(self._budget)
        with torch.no_grad(), suppress(NoRoomError):
            for given in self._given:
                there = given.on(self._calibration.device)
                after.add(there.instead(first_tensor(block(*there.args, **there.kwargs))))
            self._forget()
            self._given = after
            return
        self._forget()

    def _inputs(self, block: str) -> Batches | None:
        """Return what a block is given, if need be by running the network as far as there; None if there is no room."""
        if self._given is None:
            given = Batches(self._budget)
            with suppress(NoRoomError), watched(self._calibration.network, [keeper := _Keeper(block, given)]):
                self._run([keeper], until=block)
                self._given = given
        return self._given

    def _run(self, watchers: Sequence[Watcher], *, until: str | None = None, through: str | None = None) -> None:
        """Run all samples from the beginning; end each pass where a module begins, or where one ends."""
        network, handle = self._calibration.network, None
        if until is not None:
            handle = network.get_submodule(until).register_forward_pre_hook(_stop)
        elif through is not None:
            handle = network.get_submodule(through).register_forward_hook(_stop)
        try:
            for batch in self._calibration.batches():
                with settled(watchers, batch), suppress(_Reached):
                    network(batch.inputs)
        finally:
            if handle:
                handle.remove()

    def _forget(self) -> None:
        if self._given is not None:
            self._given.close()
        self._given = None


class _Reached(Exception):  # noqa: N818 - what was wanted, not an error
    """A pass has come to where it was to stop."""


def _stop(*_: object) -> None:
    raise _Reached


class _Keeper:
    """Keeps what a block is given."""

    def __init__(self, block: str, batches: Batches) -> None:
        self._block, self._batches = block, batches

    def hooks(self, network: nn.Module) -> Iterator[RemovableHandle]:
        """Begin to look."""
        yield network.get_submodule(self._block).register_forward_pre_hook(self._see, with_kwargs=True)

    def begin(self, batch: Batch) -> None:
        """Forget what an unsettled batch left."""
        self._real, self._seen = batch.real, list[Given]()

    def settle(self) -> None:
        """Keep what was seen of the batch."""
        for given in self._seen:
            self._batches.add(given)

    def _see(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._seen.append(Given(args, kwargs, self._real))
