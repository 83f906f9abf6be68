"""Amounts as a person writes them."""

import pytest

from graftwork.analysis.errors import UserError
from graftwork.app.amounts import memory_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("8GB", 8e9), ("512 MiB", 512 * 2**20), ("1.5g", 1.5e9), ("2e9", 2e9), ("1000", 1000), ("3 kb", 3000)],
)
def test_amounts_are_read(text: str, size: float) -> None:
    assert memory_size(text) == size


@pytest.mark.parametrize("text", ["", "lots", "-1GB", "0", "1.2.3GB", "8 bytes", "GB"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="no amount of memory"):
        memory_size(text)
