"""Structure: what a network is that is no member of a family any more.

A cut network says in its file what it was made from and which edits were made, before anybody guesses from shapes. An
edit changes the module and is pure data; edits only append, and name places as those before them left them. A mask is
none: it is zeros among the values, and names and shapes stay.
"""

from .base import Base
from .edits import Edit, Insert, Omit, Path, Replace, Resize, Take
from .origins import Origin, origins
from .structure import OWN, Structure, apply

__all__ = [
    "OWN",
    "Base",
    "Edit",
    "Insert",
    "Omit",
    "Origin",
    "Path",
    "Replace",
    "Resize",
    "Structure",
    "Take",
    "apply",
    "origins",
]
