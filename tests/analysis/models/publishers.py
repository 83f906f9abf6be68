"""The libraries that publish networks; each is imported once."""

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import pytest
import torch

_PLACEHOLDERS = torch.library.Library("torchvision", "FRAGMENT")


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out a library's warnings: they are not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def library(name: str) -> ModuleType:
    """Import a module of a library; the test skips where it is not installed."""
    if not name.startswith("torchvision") and find_spec("torchvision"):
        library("torchvision.models")  # which the others import when they please
    with quiet():
        return _imported(name)


def _imported(name: str) -> ModuleType:
    """Import a module, and the torchvision that it may import.

    A build of torchvision for another device than torch's does not find its compiled operators and refuses to be
    imported. They are not what is wanted of it here, so that placeholders are put in their place.
    """
    while True:
        try:
            return import_module(name)
        except ImportError:
            pytest.skip(f"needs {name}")
        except RuntimeError as error:
            missing = re.search(r"operator torchvision::(\w+) does not exist", str(error))
            if missing is None:
                raise
            _PLACEHOLDERS.define(f"{missing[1]}(Tensor x) -> Tensor")
            for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == "torchvision"]:
                del sys.modules[loaded]
