"""Immutable data, which every part of a plan is."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Immutable data that refuses unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")
