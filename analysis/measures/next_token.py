"""How surprised a language model is by each token that follows."""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ..catalogue import Quantity
from ..data import DataSet
from ..errors import UserError
from . import MEASURES, Column, Evidence, Parameters, Value
from .summaries import mean_value

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
    version=2,
)
def next_token(evidence: Evidence, parameters: NextTokenParameters) -> Iterator[Value | Column]:
    """Mean of −log probability of each token, given those before it in its sample; a sample's tokens count together.

    The interval is one over samples, each with the mean over its own tokens; the perplexity is the
    exponential of both. Tokens that only fill a sample up do not count.

    Raises
    ------
    UserError
        If the data are no text, or the network gives no distribution for every token.
    """
    data = evidence.data
    if data is None or data.kind != "tokens":
        raise UserError("The loss over following tokens needs text.", "Measure it on lines of text with a tokenizer.")
    each = np.concatenate(list(_losses(evidence, data)))
    known = each[np.isfinite(each)]
    mean = mean_value("loss.next_token", known, "nats")
    yield mean
    bounds = [None if bound is None else float(np.exp(bound)) for bound in (mean.low, mean.high)]
    yield Value(measure="loss.next_token.perplexity", value=float(np.exp(mean.value)), low=bounds[0], high=bounds[1])
    yield Column("loss.next_token.sample", each.astype(np.float32), "nats")


def _losses(evidence: Evidence, data: DataSet) -> Iterator[NDArray[np.float64]]:
    network, done = evidence.build(), 0
    for tokens in data.batches(_BATCH):
        yield _batch_losses(network, tokens.to(evidence.device), data.pad)
        done += len(tokens)
        evidence.ticket.progress(done, len(data), "samples")


def _batch_losses(network: nn.Module, tokens: Tensor, pad: int | None) -> NDArray[np.float64]:
    """Return every sample's mean loss a token, (samples,); not a number where none follows."""
    with torch.inference_mode():
        logits = network(tokens)
    if logits.ndim != 3 or logits.shape[:2] != tokens.shape:
        raise UserError("This network does not tell which token follows.", "Choose a causal language model.")
    following = tokens[:, 1:]
    losses = F.cross_entropy(logits[:, :-1].double().transpose(1, 2), following, reduction="none")
    counted = torch.ones_like(losses) if pad is None else (following != pad).double()
    means: NDArray[np.float64] = ((losses * counted).sum(1) / counted.sum(1)).cpu().numpy()
    return means
