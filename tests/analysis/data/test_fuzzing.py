"""Whatever bytes a data set has, it opens or gets one clear sentence."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.analysis.data import open_data
from graftwork.analysis.errors import UserError
from graftwork.analysis.trials import DataSpec

from .broken_data import SOUND, TOKENIZER, headed, shaped

CHANGES = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(["text", "label", "site"]) | st.text(max_size=3), JSON, max_size=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder whose files each example writes anew."""
    return tmp_path_factory.mktemp("fuzz")


def opens_or_explains(path: Path, content: bytes, **fields: Any) -> None:
    path.write_bytes(content)
    with suppress(UserError), open_data(DataSpec(name="set", path=str(path), content="-", **fields)) as data:
        list(data.batches(4))


@settings(max_examples=60)
@given(changes=CHANGES, cut=st.none() | st.floats(0, 1))
@pytest.mark.parametrize("suffix", SOUND)
def test_changed_bytes_open_or_are_explained(
    suffix: str, folder: Path, changes: list[tuple[float, int]], cut: float | None
) -> None:
    content = bytearray(SOUND[suffix])
    for place, byte in changes:
        content[int(place * len(content))] = byte
    end = len(content) if cut is None else int(cut * len(content))
    opens_or_explains(folder / f"set.{suffix}", bytes(content[:end]))


@settings(max_examples=60)
@given(content=st.binary(max_size=200) | st.text('abc,;"\n1.5-', max_size=80).map(str.encode))
def test_any_bytes_open_or_are_explained(folder: Path, content: bytes) -> None:
    for suffix in SOUND:
        opens_or_explains(folder / f"set.{suffix}", content)


SIDES = st.lists(st.integers(-1, 5) | st.integers(2**30, 2**70), max_size=4)
KINDS = st.sampled_from(["<f4", "|u1", "<i8", "|b1", "|O", "<U3", "|S1", "|V2", "<M8[s]", "<c8", "=f16", "x", ""])


@settings(max_examples=150)
@given(
    header=st.builds(lambda sides, kind: shaped(str(tuple(sides)), repr(kind)), SIDES, KINDS)
    | st.text().map(lambda text: headed(text.encode("ascii", "replace").decode()))
)
def test_any_header_of_an_array_opens_or_is_explained(folder: Path, header: bytes) -> None:
    opens_or_explains(folder / "set.npy", header)


@settings(max_examples=150)
@given(lines=st.lists(OBJECTS | JSON, min_size=1, max_size=3), field=st.sampled_from(["text", "label", "site"]))
def test_any_lines_of_json_open_or_are_explained(folder: Path, lines: list[Any], field: str) -> None:
    content = "\n".join(map(json.dumps, lines)).encode()
    opens_or_explains(folder / "set.jsonl", content)
    opens_or_explains(folder / "set.jsonl", content, label=field, groups=("site",))


@settings(max_examples=60)
@given(
    rows=st.lists(st.lists(st.text(max_size=4) | st.floats().map(str), min_size=1, max_size=3), min_size=1, max_size=4)
)
def test_any_table_opens_or_is_explained(folder: Path, rows: list[list[str]]) -> None:
    content = "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass")
    opens_or_explains(folder / "set.csv", content)
    opens_or_explains(folder / "set.csv", content, label=rows[0][0])


@settings(max_examples=60)
@given(content=JSON | st.builds(lambda key, value: TOKENIZER | {key: value}, st.sampled_from(sorted(TOKENIZER)), JSON))
def test_any_tokenizer_opens_or_is_explained(folder: Path, content: Any) -> None:
    (folder / "tokenizer.json").write_text(json.dumps(content))
    opens_or_explains(folder / "set.txt", b"one two\n", tokenizer=str(folder / "tokenizer.json"))
