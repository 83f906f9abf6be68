"""What a network was before it was edited."""

from typing import Any

from pydantic import Field

from ...frozen import Frozen


class Base(Frozen):
    """A member of a family, a library's network or a person's own.

    Attributes
    ----------
    family : str
        A family's id; ``timm``, ``transformers`` or ``own``.
    config : dict
        What builds it again, as `Architecture.config`; JSON values.
    """

    family: str = Field(max_length=100)
    config: dict[str, Any]
