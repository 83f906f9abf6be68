"""The identity of plain data."""

import hashlib
import json
from typing import Any


def digest(content: Any) -> str:
    """Return the identity of a JSON value: 32 hexadecimal digits of the SHA-256 of its canonical form."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
