"""Identities: what makes two inputs, models or trials the same."""

from .contents import Contents, fingerprint
from .digests import digest
from .sights import Sight, look

__all__ = ["Contents", "Sight", "digest", "fingerprint", "look"]
