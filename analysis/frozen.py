"""Immutable data, which every part of a plan is."""

from typing import Any, NoReturn, Self

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Immutable data that refuses unknown names.

    An identity that was read once is kept beside the fields, and whatever copies the object's dictionary carries it
    along to other values: hence `replaced` alone makes one from another.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def replaced(self, **changes: Any) -> Self:
        """Return it with other values of some fields, checked anew; what was derived from the old ones stays behind.

        Raises
        ------
        pydantic.ValidationError
            If a value does not fit its field.
        """
        fields = {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}
        return type(self).model_validate(fields | (self.model_extra or {}) | changes)

    def __iter__(self) -> NoReturn:
        raise TypeError(f"dict({type(self).__name__}) holds derived values too: write replaced() or model_dump()")
