"""The libraries that publish networks."""

import re
import sys
import warnings
from importlib.util import find_spec
from typing import Any

import pytest
import torch


@pytest.fixture(scope="session")
def torchvision() -> Any:
    """Return torchvision's models; skips where it is not installed.

    A build of it for another device than torch's does not find its compiled operators and refuses to be imported. They
    are not what is wanted of it here, so that placeholders are put in their place.
    """
    pytest.importorskip("PIL")
    placeholders = torch.library.Library("torchvision", "FRAGMENT")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while True:
            try:
                from torchvision import models
            except ImportError:
                pytest.skip("needs torchvision")
            except RuntimeError as error:
                missing = re.search(r"operator torchvision::(\w+) does not exist", str(error))
                if missing is None:
                    raise
                placeholders.define(f"{missing[1]}(Tensor x) -> Tensor")
                for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
                    del sys.modules[name]
            else:
                return models


@pytest.fixture(scope="session")
def transformers(request: pytest.FixtureRequest) -> Any:
    """Return transformers; skips where it is not installed. It imports torchvision where that is."""
    if find_spec("torchvision"):
        request.getfixturevalue("torchvision")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("transformers")
