"""What a file says of its network's structure."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ...errors import UserError
from .structure import Structure

KEY = "structure"
_AGAIN = "Open it with the version that made it, or make it again."


def stated(metadata: Mapping[str, Any]) -> Structure | None:
    """Return the structure that this program's entry in a file's metadata holds; None where there is none.

    Raises
    ------
    UserError
        If it is none that this version knows.
    """
    own = metadata.get("graftwork")
    if isinstance(own, str) and f'"{KEY}"' in own:
        raise UserError("The file's structure is larger than any that this program writes.", _AGAIN)
    said = own.get(KEY) if isinstance(own, Mapping) else None
    if said is None:
        return None
    try:
        return Structure.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "all of it"
        raise UserError(
            f"The file's structure cannot be read ({place}: {first['msg'].lower()}).",
            _AGAIN,
        ) from error
