"""The proof of an export: what was written computes what the model does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from ..errors import UserError
from ..models import Checkpoint, open_checkpoint
from .outgoing import Outgoing

_SHARE = 1e-5  # of the largest output
_ROUNDED = 32  # times the precision of a number, through all layers
_TOKENS = 24  # of an example


@dataclass(frozen=True)
class Proof:
    """What a model makes of examples.

    Attributes
    ----------
    inputs : tuple of Tensor
        Of one batch each; their sizes differ.
    outputs : tuple of tuple of Tensor
        What the model makes of each.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[tuple[Tensor, ...], ...]

    def difference(self, network: nn.Module) -> float:
        """Return how far a network's outputs are from the model's, as a share of the largest; NaN is like NaN."""
        return max(_apart(_run(network, x), y) for x, y in zip(self.inputs, self.outputs, strict=True))


def proof_of(model: Checkpoint) -> Proof | None:
    """Return what a model makes of examples; None where nobody here can run it.

    Raises
    ------
    UserError
        If it cannot be run on them.
    """
    if model.architecture is None:
        return None
    network, inputs = model.network(), tuple(examples(model))
    return Proof(inputs, tuple(_run(network, x) for x in inputs))


def examples(model: Checkpoint) -> Iterator[Tensor]:
    """Give two batches of random inputs, of other lengths where they are tokens."""
    assert model.architecture is not None
    for batch in (2, 3):
        x = model.architecture.example(batch, seed=batch)
        yield x[:, : _TOKENS // batch] if model.architecture.inputs == "tokens" else x


def require_equal(
    outgoing: Outgoing, parent: Checkpoint, proof: Proof | None, draft: Path, found: nn.Module | None
) -> float:
    """Return how far apart outputs are as a share of the largest; 0 where nobody runs it, and tensors are equal.

    Raises
    ------
    UserError
        If it is more than rounding does.
    """
    if proof is None or found is None:
        _require_same_tensors(outgoing, draft)
        return 0.0
    difference = proof.difference(found.float().eval())
    if not difference <= _allowed(outgoing, parent):
        raise UserError(
            f"What was written computes something else: outputs are {difference:.2g} of the largest apart.",
            "Export .safetensors, which keeps all that shapes a network.",
        )
    return difference


def _allowed(outgoing: Outgoing, parent: Checkpoint) -> float:
    """Return what may be apart: where layers were multiplied out, their weights are rounded to their type anew."""
    new = [spec.dtype for name, spec in outgoing.model.specs.items() if name not in parent.specs]
    return max([_SHARE, *(_ROUNDED * torch.finfo(dtype).eps for dtype in new if dtype.is_floating_point)])


def _require_same_tensors(outgoing: Outgoing, draft: Path) -> None:
    written, model = open_checkpoint(draft), outgoing.model
    for done, name in enumerate(model.specs):
        outgoing.ticket.progress(done, len(model.specs), f"comparing {name}")
        if name not in written.specs or not _same(written.tensor(name), model.tensor(name)):
            raise UserError(f"What was written has another '{name}'.", "Report it, with the file.")


def _same(a: Tensor, b: Tensor) -> bool:
    """Tell equal bits, so that nan is like nan."""
    alike = a.dtype == b.dtype and a.shape == b.shape
    return alike and torch.equal(a.reshape(-1).view(torch.uint8), b.reshape(-1).view(torch.uint8))


def _run(network: nn.Module, x: Tensor) -> tuple[Tensor, ...]:
    try:
        with torch.inference_mode():
            leaves = tree_leaves(network(x))
    except (RuntimeError, ValueError, TypeError, AssertionError) as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:160].rstrip(".")
        raise UserError(f"It cannot be run on an example: {why}.", "Export .safetensors instead.") from error
    return tuple(leaf.float() for leaf in leaves if isinstance(leaf, Tensor))


def _apart(found: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    if [y.shape for y in found] != [y.shape for y in expected]:
        return float("inf")
    return max((_share(a, b) for a, b in zip(found, expected, strict=True)), default=0.0)


def _share(found: Tensor, expected: Tensor) -> float:
    if not torch.equal(found.isfinite(), expected.isfinite()):
        return float("inf")
    finite = expected.isfinite()
    largest = float(expected[finite].abs().max()) if finite.any() else 0.0
    apart = float((found - expected)[finite].abs().max()) if finite.any() else 0.0
    return apart / largest if largest else apart
