"""Edits: one file each, pure data that changes a module."""

from typing import Annotated

from pydantic import Field

from .insert import Insert
from .omit import Omit
from .path import Path
from .replace import Replace
from .resize import Resize
from .take import Take

Edit = Annotated[Replace | Path | Omit | Insert | Take | Resize, Field(discriminator="kind")]

__all__ = ["Edit", "Insert", "Omit", "Path", "Replace", "Resize", "Take"]
