"""Immutable data is made from other such data by ``replaced`` alone: a copy would carry kept identities along."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("app", "views", "analysis", "kernels", "tests", "assets", "packaging")
COPIES = re.compile(r"[.]model_copy\(|[.]__dict__\b.*\||copy[.](?:deep)?copy\(")


def _found(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if COPIES.search(line)]


def test_nothing_copies_a_frozen_model() -> None:
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py") if file != Path(__file__)]
    found = {str(file.relative_to(ROOT)): _found(file.read_text(encoding="utf-8")) for file in files}
    assert {file: lines for file, lines in found.items() if lines} == {}


def test_a_copy_is_seen() -> None:
    assert _found("trial = base.model_copy(update={})\nkept = base.replaced()") == [
        "trial = base.model_copy(update={})"
    ]
