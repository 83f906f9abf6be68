"""Tooltips that say what files say."""

from html import escape


def as_tip(text: str) -> str:
    """Return a tooltip that shows a text as it is: Qt would take one with ``<b>`` in it for rich text."""
    return f'<span style="white-space: pre-wrap">{escape(text)}</span>' if "<" in text else text
