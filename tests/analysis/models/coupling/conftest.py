"""Networks of every family in files."""

from ..structure.conftest import kept, opened

__all__ = ["kept", "opened"]
