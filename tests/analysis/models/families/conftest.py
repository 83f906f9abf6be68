"""The libraries that publish networks."""

from typing import Any

import pytest

from ..libraries import library


@pytest.fixture(scope="session")
def torchvision() -> Any:
    """Return torchvision's models; skips where it is not installed."""
    return library("torchvision.models")


@pytest.fixture(scope="session")
def transformers() -> Any:
    """Return transformers; skips where it is not installed."""
    return library("transformers")
