"""Which folders of images are classes, and in which order."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from graftwork.analysis.data import Prepared, open_data
from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.inputs import data_content
from graftwork.analysis.identity import fingerprint
from graftwork.analysis.trials import DataFields, DataSpec

Store = Callable[..., Path]


def folder(root: Path, *entries: str) -> Path:
    """Make a folder of images, of folders where an entry ends in a slash, and of other files."""
    for entry in entries:
        path = root / "set" / entry
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.endswith("/"):
            path.mkdir(exist_ok=True)
        elif path.suffix == ".png":
            Image.new("L", (2, 2)).save(path)
        else:
            path.write_text("-")
    return root / "set"


def archive(root: Path, *entries: str) -> Path:
    made = folder(root, *entries)
    with zipfile.ZipFile(root / "set.zip", "w") as target:
        for path in sorted(made.rglob("*")):
            target.write(path, path.relative_to(root))
    shutil.rmtree(made)
    return root / "set.zip"


@pytest.fixture(params=[folder, archive])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return lambda *entries: request.param(tmp_path, *entries)


def opened(path: Path, **fields: Any) -> Prepared:
    return open_data(DataSpec(name="set", path=str(path), content="-", **fields))


def labels(path: Path, **fields: Any) -> tuple[tuple[str, ...], list[int]]:
    with opened(path, **fields) as data:
        return data.classes, data.labels.tolist()


def refusal(path: Path, **fields: Any) -> str:
    with pytest.raises(UserError) as caught:
        opened(path, **fields)
    return str(caught.value)


def test_an_empty_folder_is_a_class(store: Store) -> None:
    assert labels(store("ant/1.png", "bee/", "cow/1.png")) == (("ant", "bee", "cow"), [0, 2])


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (("10", "2", "0"), ("0", "2", "10")),
        (("-1", "10", "2"), ("-1", "2", "10")),
        (("10", "2", "x"), ("10", "2", "x")),
        (("09", "8"), ("8", "09")),
    ],
)
def test_folders_of_whole_numbers_are_in_their_order(
    store: Store, names: tuple[str, ...], order: tuple[str, ...]
) -> None:
    assert labels(store(*(f"{name}/1.png" for name in names)))[0] == order


@pytest.mark.parametrize("stray", ["all/overview.png", "overview.png", "all/notes/read.txt", "all/.cache/1.png"])
def test_what_lies_beside_the_classes_is_none(store: Store, stray: str) -> None:
    found = labels(store("set/ant/1.png", "set/bee/1.png", stray.replace("all", "set")))
    assert found == (("ant", "bee"), [0, 1])


def test_an_image_beside_folders_in_the_only_folder_is_named(store: Store) -> None:
    said = refusal(store("photos/ant/1.png", "photos/bee/1.png", "photos/overview.png"))
    assert "photos/overview.png" in said


@pytest.mark.parametrize(("file", "said"), [("bee/1.heic", "bee/1.heic"), ("bee/1", "'bee'"), ("bee/1.dcm", "'bee'")])
def test_a_class_that_cannot_be_read_is_named(store: Store, file: str, said: str) -> None:
    path = store("ant/1.png", file, "cow/1.png")
    assert said in refusal(path)


def test_a_folder_that_is_not_declared_may_hold_anything(store: Store) -> None:
    path = store("ant/1.png", "bee/1.dcm", "cow/1.png")
    assert labels(path, classes=("cow", "ant")) == (("cow", "ant"), [1, 0])


def test_parts_are_taken_alone_and_share_the_classes_of_training(store: Store) -> None:
    path = store("train/ant/1.png", "train/bee/2.png", "Test/bee/3.png", "val/bee/4.png", "val/ant/")
    for split, name in (("test", "bee/3.png"), ("val", "bee/4.png")):
        with opened(path, split=split) as data:
            assert (data.names, data.classes, data.labels.tolist()) == ((name,), ("ant", "bee"), [1])
    assert "a test and a train and a val part" in refusal(path)


def test_a_part_that_is_alone_goes_by_its_name_too(store: Store) -> None:
    path = store("test/ant/1.png", "test/bee/1.png")
    assert labels(path) == labels(path, split="test") == (("ant", "bee"), [0, 1])
    assert "split" in refusal(path, split="train")


def test_two_folders_for_one_part_are_refused(store: Store) -> None:
    said = refusal(store("train/a/1.png", "val/a/1.png", "valid/a/1.png"), split="val")
    assert "'val' and 'valid'" in said


def test_linked_folders_are_followed_and_loops_left(tmp_path: Path) -> None:
    path = folder(tmp_path, "ant/1.png", "cow/1.png")
    elsewhere = folder(tmp_path / "elsewhere", "1.png", "more/2.png")
    (path / "bee").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(path)
    (path / "cow" / "up").symlink_to(path / "cow")
    with opened(path) as data:
        assert data.classes == ("ant", "bee", "cow")
        assert data.names == ("ant/1.png", "bee/1.png", "bee/more/2.png", "cow/1.png")


def zipped(path: Path, *names: str | zipfile.ZipInfo) -> Path:
    with zipfile.ZipFile(path, "w") as target:
        for name in names:
            target.writestr(name, PNG)
    return path


PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0:~\x9bU"
    b"\0\0\0\nIDATx\x9cc`\0\0\0\2\0\1H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82"
)


def test_a_zip_with_backslashes(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", "set\\ant\\1.png", "set\\bee\\", "set\\cow\\1.png")
    assert labels(path) == (("ant", "bee", "cow"), [0, 2])


@pytest.mark.parametrize(("stored", "shown"), [("größe".encode(), "größe"), ("größe".encode("cp437"), "größe")])
def test_a_zip_whose_names_do_not_say_their_encoding(tmp_path: Path, stored: bytes, shown: str) -> None:
    path = zipped(tmp_path / "set.zip", "xxxxxxx/1.png".replace("x" * 7, "x" * len(stored)), "ant/1.png")
    path.write_bytes(path.read_bytes().replace(b"x" * len(stored), stored))
    assert labels(path)[0] == ("ant", shown)


def content(path: Path, **fields: Any) -> str:
    return data_content(DataFields(name="set", path=str(path), **fields), lambda name, _: fingerprint(Path(name)))


def test_content_is_that_of_the_files_unless_they_leave_something_unsaid(tmp_path: Path) -> None:
    path = folder(tmp_path, "ant/1.png", "cow/1.png")
    plain = content(path)
    assert plain == fingerprint(path)
    (path / "bee").mkdir()
    assert len({plain, content(path), content(path, classes=("cow", "bee", "ant"))}) == 3


def test_content_counts_what_links_lead_to(tmp_path: Path) -> None:
    path, elsewhere = folder(tmp_path, "ant/1.png"), folder(tmp_path / "elsewhere", "1.png")
    (path / "bee").symlink_to(elsewhere)
    before = content(path)
    (elsewhere / "1.png").rename(elsewhere / "2.png")
    assert content(path) != before


def test_content_counts_the_order_of_numbers(tmp_path: Path) -> None:
    path = folder(tmp_path, "2/1.png", "10/1.png")
    assert content(path) != fingerprint(path)
