"""Poolings against loops over samples and tokens."""

import numpy as np
import pytest
import torch

from graftwork.analysis.errors import UserError
from graftwork.analysis.features.pooling import POOLINGS

TOKENS = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
MAPS = torch.randn(3, 4, 2, 3, generator=torch.Generator().manual_seed(1))
LENGTHS = torch.tensor([5, 2, 1])


def test_the_mean_leaves_padding_out() -> None:
    found = POOLINGS["mean"](TOKENS, LENGTHS, 1)
    for sample, length in enumerate(LENGTHS):
        torch.testing.assert_close(found[sample], TOKENS[sample, :length].mean(0))
    torch.testing.assert_close(POOLINGS["mean"](TOKENS, None, 1), TOKENS.mean(1))
    torch.testing.assert_close(POOLINGS["mean"](MAPS, None, 1), MAPS.mean((2, 3)))


def test_one_token() -> None:
    torch.testing.assert_close(POOLINGS["class"](TOKENS, LENGTHS, 1), TOKENS[:, 0])
    torch.testing.assert_close(POOLINGS["last"](TOKENS, None, 1), TOKENS[:, 4])
    torch.testing.assert_close(POOLINGS["last"](TOKENS, LENGTHS, 1), TOKENS[[0, 1, 2], [4, 1, 0]])


def test_some_tokens_are_spread_over_the_real_ones() -> None:
    found = POOLINGS["tokens"](TOKENS, LENGTHS, 3)
    for sample, places in enumerate([[0, 2, 4], [0, 0, 1], [0, 0, 0]]):
        torch.testing.assert_close(found[sample], TOKENS[sample, places])
    assert POOLINGS["tokens"](MAPS, None, 6).shape == (3, 6, 4)
    torch.testing.assert_close(POOLINGS["tokens"](MAPS, None, 6)[1, 4], MAPS[1, :, 1, 1])


def test_everything() -> None:
    np.testing.assert_array_equal(POOLINGS["flatten"](MAPS, None, 1), MAPS.reshape(3, -1))


@pytest.mark.parametrize("name", ["class", "last"])
def test_feature_maps_have_no_tokens(name: str) -> None:
    with pytest.raises(UserError, match="takes tokens"):
        POOLINGS[name](MAPS, None, 1)
