"""Texts that come from files and are shown to a person."""

import unicodedata


def printable(text: str) -> str:
    """Return a text on one line as a terminal can show it: what is no visible character or space is written out.

    Control characters could move the cursor, colour or clear the screen, and marks of direction turn a name round; a
    path may hold half a character.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
