"""How surprised a language model is by each token that follows."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ..catalogue import Quantity
from ..data import DataSet
from ..errors import UserError
from . import MEASURES, Column, Evidence, Parameters, Remark, Value
from .summaries import counting, ratio_value

_BATCH = 32


class NextTokenParameters(Parameters):
    """The loss over following tokens has no parameters."""


@MEASURES.register(
    "loss.next_token",
    title="Loss over following tokens",
    citation="Jelinek et al. 1977, Perplexity: a measure of the difficulty of speech recognition tasks",
    quantities=(
        Quantity(name="loss.next_token", title="Loss a token", unit="nats", better="lower"),
        Quantity(name="loss.next_token.perplexity", title="Perplexity", better="lower"),
        Quantity(name="loss.next_token.sample", title="Loss a token", unit="nats", per_sample=True),
    ),
    version=5,
    weighs=True,
)
def next_token(evidence: Evidence, parameters: NextTokenParameters) -> Iterator[Value | Column | Remark]:
    """Mean over all tokens of −log probability of each, given those before it in its sample.

    The mean is the ratio of two sums over the samples, of losses and of tokens, and the interval is that of such a
    ratio; the perplexity is the exponential of both. Tokens that only fill a sample up, before its first other token or
    behind its last, do not count. A sample without a token that follows another adds nothing, and where a loss is not
    finite there is no mean.

    Raises
    ------
    UserError
        If the data are no text, no token follows another, or the network gives no distribution for every token.
    """
    data = evidence.data
    if data is None or data.kind != "tokens":
        raise UserError("The loss over following tokens needs text.", "Measure it on lines of text with a tokenizer.")
    each = Losses(*map(np.concatenate, zip(*_losses(evidence, data), strict=True)))
    if not counting(evidence, each.tokens > 0).any():
        raise UserError("In no sample does a token follow another.", "Choose texts of at least two tokens.")
    mean = ratio_value("loss.next_token", *each, "nats", evidence.weights)
    yield mean
    ends = [None if bound is None else float(np.exp(bound)) for bound in (mean.low, mean.high)]
    yield Value(measure="loss.next_token.perplexity", value=float(np.exp(mean.value)), low=ends[0], high=ends[1])
    yield Column("loss.next_token.sample", each.means().astype(np.float32), "nats")
    yield from _missing(each, evidence)


class Losses(NamedTuple):
    """Sum of the losses of each sample, in nats, and of how many tokens they are; both (samples,)."""

    total: NDArray[np.float64]
    tokens: NDArray[np.int64]

    def means(self) -> NDArray[np.float64]:
        """Return every sample's loss a token, (samples,); nan where no token follows another."""
        return self.total / np.where(self.tokens, self.tokens, np.nan)


def _missing(each: Losses, evidence: Evidence) -> Iterator[Remark]:
    samples = len(each.tokens)
    short = np.count_nonzero(each.tokens == 0)
    broken = np.count_nonzero(counting(evidence, ~np.isfinite(each.total)))
    if short:
        yield Remark(f"{short:,} of {samples:,} samples have no loss, for no token follows another in them.")
    if broken:
        yield Remark(f"the losses of {broken:,} of {samples:,} samples are not numbers, and so there is no mean.")


def _losses(evidence: Evidence, data: DataSet) -> Iterator[Losses]:
    network, done = evidence.build(), 0
    for tokens in data.batches(_BATCH):
        yield _batch_losses(network, tokens.to(evidence.device), data.pad)
        done += len(tokens)
        evidence.ticket.progress(done, len(data), "samples")


def _batch_losses(network: nn.Module, tokens: Tensor, pad: int | None) -> Losses:
    with torch.inference_mode():
        logits = network(tokens)
    if logits.ndim != 3 or logits.shape[:2] != tokens.shape:
        raise UserError("This network does not tell which token follows.", "Choose a causal language model.")
    following = tokens[:, 1:]
    losses = F.cross_entropy(logits[:, :-1].double().transpose(1, 2), following, reduction="none")
    real = _real(tokens, pad)
    counted = real[:, 1:] & real[:, :-1]
    total = losses.where(counted, 0).sum(1)  # not a product: what follows the last token may be infinite
    return Losses(total.cpu().numpy(), counted.sum(1).cpu().numpy())


def _real(tokens: Tensor, pad: int | None) -> Tensor:
    """Return which tokens do not fill up, (samples, tokens): between others nothing does."""
    if pad is None:
        return torch.ones_like(tokens, dtype=torch.bool)
    other = tokens != pad
    begun, unfinished = other.cumsum(1) > 0, other.flip(1).cumsum(1).flip(1) > 0
    return begun & unfinished
