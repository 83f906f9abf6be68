"""Drop the blocks or branches that change least of what passes by."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from ...activations import Calibration
from ...activations.cosine import Cosine
from ...errors import UserError
from ...models import Checkpoint
from ...models.blocks import Block, blocks_of
from ...models.structure import Edit, Omit, Path
from ...registry import Parameters, parameter
from ...wording import counted
from .. import METHODS, Derivative, MethodContext
from ..editing import edited

_KINDS = {"attention": ("attention",), "mlp": ("mlp",), "joint": ("attention", "mlp")}


class SimilarityParameters(Parameters):
    """What is dropped, how much of it, and on which samples that is judged."""

    data: str = parameter(..., "What is looked at; labels do not matter.", role="data")
    count: int = parameter(1, "How many go.", ge=0)
    granularity: Literal["block", "attention", "mlp", "joint"] = parameter(
        "block", "Whole blocks, attentions, perceptrons, or attentions and perceptrons in one ranking."
    )
    samples: int = parameter(256, "How many samples are looked at.", unit="samples", ge=1)
    batch: int = parameter(32, "Samples a forward pass.", unit="samples", ge=1)


@METHODS.register(
    "depth.similarity",
    title="Drop similar blocks",
    citation="He et al. 2024, What Matters in Transformers? Not All Attention is Needed, arXiv:2406.15786",
    reshapes=lambda values: values.get("count") != 0,
)
def similarity(parents: Sequence[Checkpoint], parameters: SimilarityParameters, context: MethodContext) -> Derivative:
    """Drop what has the least importance, 1 − cos(what it takes, what it gives), averaged over all tokens or places.

    What a branch takes is what passes by it, before its norm, and what it gives is that with the branch added. All are
    ranked at once, with nothing dropped yet. In maps the channels of each place are compared.

    Raises
    ------
    UserError
        If the network is not recognised, or has not so many blocks or branches of the kind.
    """
    parent = parents[0]
    network = context.network(parent)
    assert parent.architecture is not None, "a network was built, so it was recognised"
    places = dict(_places(blocks_of(network, parent.architecture), parameters.granularity))
    if parameters.count > len(places):
        raise _too_few(parent, parameters, len(places))
    watchers = {place: cosine for place, (_, cosine) in places.items()}
    looked = Calibration(
        network, context.data["data"], context.device, context.ticket, parameters.samples, parameters.batch
    )
    looked.watch(list(watchers.values()))
    importance = {place: 1 - cosine.mean() for place, cosine in watchers.items()}
    ranked = sorted(importance, key=lambda place: importance[place])
    dropped = set(ranked[: parameters.count])
    facts: dict[str, Any] = {"importance": importance, "dropped": [place for place in ranked if place in dropped]}
    return edited(parent, list(_edits([places[place][0] for place in places if place in dropped])), facts)


Place = tuple[Block, str]
"""A block, and which of its branches; an empty name for the whole."""


def _places(blocks: Sequence[Block], granularity: str) -> Iterator[tuple[str, tuple[Place, Cosine]]]:
    """Yield what may be dropped by its name, with what compares what passes before and after it."""
    for block in blocks:
        if granularity == "block":
            yield block.name, ((block, ""), Cosine(block.name, block.name, channel=block.channel))
            continue
        for kind in _KINDS[granularity]:
            if branch := block.branches.get(kind):
                cosine = Cosine(branch.source, branch.adds, added=True, channel=block.channel)
                yield f"{block.name} {kind}", ((block, kind), cosine)


def _edits(dropped: Sequence[Place]) -> Iterator[Edit]:
    """Yield the edits: branches by their names as they are, then each row of blocks without those that go."""
    for block, kind in dropped:
        if kind:
            yield Omit(branch=block.branches[kind].modules, gives=block.branches[kind].gives)
    rows = {block.row: block.length for block, kind in dropped if not kind}
    for row, length in rows.items():
        gone = {block.number for block, _ in dropped if block.row == row}
        yield Path(blocks=row, order=tuple(number for number in range(length) if number not in gone))


def _too_few(parent: Checkpoint, parameters: SimilarityParameters, there: int) -> UserError:
    kind = {"block": "block", "attention": "attention", "mlp": "perceptron", "joint": "branch"}[parameters.granularity]
    return UserError(
        f"{parent.path.name} has {counted(there, kind)} that could go, and {parameters.count} are to be dropped.",
        "Drop fewer, or choose another granularity.",
    )
