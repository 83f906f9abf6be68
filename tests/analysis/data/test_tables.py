"""Tables as people have them."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from graftwork.analysis.data import Prepared, open_data
from graftwork.analysis.errors import UserError
from graftwork.analysis.trials import DataSpec

ROWS, LABELS = [[0.5, 2.0], [-1.5, 3.0], [4.0, 0.25]], [1, 0, 1]


def opened(path: Path, **fields: Any) -> Prepared:
    return open_data(DataSpec(name="set", path=str(path), content="-", **fields))


def read(path: Path, **fields: Any) -> tuple[list[list[float]], list[int]]:
    with opened(path, **fields) as data:
        return next(data.batches(100)).tolist(), data.labels.tolist()


def written(root: Path, text: str, encoding: str = "utf-8", name: str = "set.csv") -> Path:
    (root / name).write_text(text, encoding=encoding, newline="")
    return root / name


PLAIN = "a,b,label\n0.5,2,1\n-1.5,3,0\n4,0.25,1\n"
COMMAS = "a;b;label\n0,5;2;1\n-1,5;3;0\n4;,25;1\n"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        *(PLAIN.replace(",", mark) for mark in ";\t|"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\n\n"),
        PLAIN.replace(",", ", "),
        PLAIN.replace("label", "LABEL"),
        PLAIN.replace("a,", '"a; b; c; d",'),
        PLAIN.replace("a,b", '"a\nb;c","d;e"'),
        "\n \n" + PLAIN,
        PLAIN.replace("\n", "\n  \n"),
        "# made by hand; in two, or three, steps\n#\n" + PLAIN,
        "sep=,\n" + PLAIN,
        "sep=|\n" + PLAIN.replace(",", "|").replace("a|", "a;b;c|"),
        COMMAS,
        COMMAS.replace(";", "\t"),
        '"sep=;"\r\n' + COMMAS,
        COMMAS.replace("a;b", "a, in m;b, in m"),
        "# a,b,label\n" + PLAIN.partition("\n")[2],
    ],
)
def test_a_table_is_told_from_its_rows(text: str, tmp_path: Path) -> None:
    assert read(written(tmp_path, text)) == (ROWS, LABELS)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_table_says_its_encoding_by_its_mark(encoding: str, tmp_path: Path) -> None:
    text = PLAIN.replace("a,", "größe,")
    path = written(tmp_path, ("\ufeff" if encoding == "utf-16-le" else "") + text, encoding)
    assert read(path, columns=("größe", "b")) == (ROWS, LABELS)


def test_columns_without_names_go_by_their_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, PLAIN.partition("\n")[2])
    assert read(path, label="3") == (ROWS, LABELS)
    assert read(path, columns=("1", "2"))[0] == ROWS


@pytest.mark.parametrize("names", ["0,1,2", "1,2,3", "2019,2020,label", "400.5,401.0,y"])
def test_numbers_may_be_names(names: str, tmp_path: Path) -> None:
    with opened(written(tmp_path, names + "\n0.5,2,1\n-1.5,3,0\n")) as data:
        assert len(data) == 2


@pytest.mark.parametrize("first", ["1,2,0", "5.1,3,iris", "0,1,1"])
def test_a_first_row_that_names_nothing_is_not_lost(first: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no line of names"):
        opened(written(tmp_path, f"{first}\n{first}\n"))


def test_text_may_hold_every_delimiter(tmp_path: Path) -> None:
    path = written(tmp_path, 'text,label\n"well; so, then",a\nplain; text,b\n')
    with opened(path, text="text") as data:
        assert data.names == ("well; so, then", "plain; text")


def test_text_may_be_very_long(tmp_path: Path) -> None:
    with opened(written(tmp_path, "text,label\n" + "word " * 40_000 + ",a\nshort,b\n"), text="text", length=9) as data:
        assert (len(data), data.classes) == (2, ("a", "b"))


def test_a_column_of_words_is_left_out_and_one_of_numbers_never(tmp_path: Path) -> None:
    path = written(tmp_path, "a,note,b\n1,,2\n3,fine,4\n")
    assert read(path)[0] == [[1, 2], [3, 4]]
    with opened(path) as data:
        assert data.remarks == ("The column note of set holds no numbers and no input is made of it.",)
    with pytest.raises(UserError, match=r"'note' .* is empty in row 2"):
        opened(written(tmp_path, "a,note,b\n1,5,2\n3,,4\n"))


def test_a_delimiter_at_the_end_of_each_row_makes_no_column(tmp_path: Path) -> None:
    assert read(written(tmp_path, PLAIN.replace("\n", ",\n"))) == (ROWS, LABELS)


@pytest.mark.parametrize(("names", "label"), [("X,Y", None), ("x1,Y", "Y"), ("Label,y", "Label"), ("CLASS,a", "CLASS")])
def test_the_usual_names_of_labels(names: str, label: str | None, tmp_path: Path) -> None:
    with opened(written(tmp_path, names + "\n1,0\n0,1\n")) as data:
        assert data.shape == (1 if label else 2,)


def png(value: int, mode: str = "RGB") -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (3, 2), value).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("struct", [True, False])
def test_a_parquet_column_of_images(struct: bool, tmp_path: Path) -> None:
    files = [png(value, "L") for value in (0, 51, 255)]
    cells = [{"bytes": file, "path": None} for file in files] if struct else files
    pq.write_table(
        pa.table({"id": [7, 8, 9], "image": cells, "label": [2, 0, 1]}), tmp_path / "set.parquet", row_group_size=2
    )
    with opened(tmp_path / "set.parquet") as data:
        assert (data.kind, data.shape, data.labels.tolist()) == ("images", (1, 2, 3), [2, 0, 1])
        assert [batch[0, 0, 0, 0].item() for batch in data.batches(1)] == pytest.approx([0, 0.2, 1])
    with opened(tmp_path / "set.parquet", channels=3, crop=2) as data:
        assert data.shape == (3, 2, 2)


def test_a_parquet_row_without_its_image_is_named(tmp_path: Path) -> None:
    cells = [{"bytes": png(0), "path": "a"}, {"bytes": None, "path": "b"}]
    pq.write_table(pa.table({"image": cells}), tmp_path / "set.parquet")
    with opened(tmp_path / "set.parquet") as data, pytest.raises(UserError, match=r"Row 2 of .* has no image"):
        list(data.batches(2))


def test_two_columns_of_images_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    pq.write_table(pa.table({"left": [png(0)], "right": [png(255)]}), path)
    with pytest.raises(UserError, match="left and right"):
        opened(path)
    with opened(path, columns=("right",)) as data:
        assert len(data) == 1


def test_npz_holds_what_npy_holds(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    np.savez(path, Data=np.array(ROWS, np.float32), targets=LABELS, who=["x", "y", "x"])
    assert read(path) == (ROWS, LABELS)
    with opened(path, label="who", groups=("who",)) as data:
        assert (data.classes, data.further["group.who"].tolist()) == (("x", "y"), [b"x", b"y", b"x"])
    np.savez(path, tokens=np.array([[1, 2], [3, 4]]))
    with opened(path) as data:
        assert (data.kind, data.classes) == ("tokens", ())


def test_npz_of_three_parts(tmp_path: Path) -> None:
    parts: dict[str, Any] = {
        f"{part}_{what}": np.full((size, 2) if what == "images" else size, size, np.uint8)
        for part, size in (("train", 3), ("val", 2), ("test", 1))
        for what in ("images", "labels")
    }
    np.savez(tmp_path / "set.npz", **parts)
    assert [len(opened(tmp_path / "set.npz", split=part)) for part in ("train", "val", "test")] == [3, 2, 1]
    with pytest.raises(UserError, match="a train and a val and a test part"):
        opened(tmp_path / "set.npz")
