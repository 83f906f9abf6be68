"""Data sets as a recipe opens them: order, choice, normalisation, prefetching, refusals."""

import gc
import io
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

from graftwork.analysis.data import open_data, prepared
from graftwork.analysis.data.choice import choose
from graftwork.analysis.data.images import decode
from graftwork.analysis.errors import UserError
from graftwork.analysis.trials import DataSpec

Files = dict[str, bytes]
Store = Callable[[Files], Path]

SIZE = (5, 4)  # width, height


def spec(path: Path | str, **fields: Any) -> DataSpec:
    return DataSpec(name="set", path=str(path), content="content", **fields)


def picture(seed: int, mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8))


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


FILES = {f"{name}/{i}.png": png(picture(10 * c + i)) for c, name in enumerate(("ant", "bee", "cow")) for i in range(3)}


def as_folder(root: Path, files: Files) -> Path:
    for name, data in files.items():
        path = root / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root / "set"


def as_zip(root: Path, files: Files) -> Path:
    with zipfile.ZipFile(root / "set.zip", "w") as archive:
        for name in reversed(files):  # the order in the archive must not matter
            archive.writestr(name, files[name])
    return root / "set.zip"


@pytest.fixture(params=[as_folder, as_zip])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return lambda files: request.param(tmp_path, files)


def refusal(path: Path, **fields: Any) -> str:
    with pytest.raises(UserError) as caught, open_data(spec(path, **fields)) as data:
        list(data.batches(4))
    gc.collect()  # a file left open would warn now
    return str(caught.value)


def test_images_come_class_by_class_in_name_order(store: Store) -> None:
    with open_data(spec(store(FILES))) as data:
        assert data.classes == ("ant", "bee", "cow")
        assert data.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
        assert data.names == tuple(sorted(FILES))
        for i, name in enumerate(data.names):
            assert np.array_equal(data.pictures(np.array([i]))[0], np.asarray(Image.open(io.BytesIO(FILES[name]))))


def test_normalisation_equals_plain_torch_to_the_bit(store: Store) -> None:
    with open_data(spec(store(FILES), normalise="imagenet")) as data:
        mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
        deviation = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
        pixels = torch.from_numpy(data.pictures(np.arange(9))).permute(0, 3, 1, 2)
        assert torch.equal(torch.cat(list(data.batches(4))), (pixels.float().div(255) - mean) / deviation)


@pytest.mark.parametrize("memory", [prepared.MEMORY, 0])
@pytest.mark.parametrize("small", [prepared._SMALL, 0])
def test_batches_are_the_same_again_from_any_start(
    store: Store, monkeypatch: pytest.MonkeyPatch, memory: int, small: int
) -> None:
    monkeypatch.setattr(prepared, "MEMORY", memory)
    monkeypatch.setattr(prepared, "_SMALL", small)
    with open_data(spec(store(FILES))) as data:
        whole = torch.cat(list(data.batches(100)))
        assert [len(batch) for batch in data.batches(4)] == [4, 4, 1]
        assert torch.equal(torch.cat(list(data.batches(2, start=3))), whole[3:])
        assert list(data.batches(2, start=9)) == []
        assert torch.equal(torch.cat(list(data.batches(1))), whole)


def test_pieces_of_large_batches_are_in_place() -> None:
    data = open_data(spec("digits"))
    pixels = data.pictures(np.arange(len(data)))[..., 0]
    assert torch.equal(torch.cat(list(data.batches(1000))), torch.cat(list(data.batches(1))))
    assert np.array_equal(np.rint(torch.cat(list(data.batches(777))).numpy()[:, 0] * 255), pixels)


def test_small_sets_are_decoded_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_data(spec(store(FILES))) as data:
        first = torch.cat(list(data.batches(4)))
        monkeypatch.setattr(data._source, "read", None)
        assert torch.equal(torch.cat(list(data.batches(4))), first)


def test_leaving_batches_early_stops_the_threads(store: Store) -> None:
    with open_data(spec(store(FILES))) as data:
        batches = data.batches(1)
        next(batches)
        del batches
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


@pytest.mark.parametrize(("size", "start"), [(0, 0), (1, -1)])
def test_batches_refuse_senseless_numbers_at_once(size: int, start: int) -> None:
    with pytest.raises(ValueError, match="size"):
        open_data(spec("digits")).batches(size, start)


def test_limit_takes_the_first_of_each_class(store: Store) -> None:
    with open_data(spec(store(FILES), limit=6)) as data:
        assert data.names == ("ant/0.png", "ant/1.png", "bee/0.png", "bee/1.png", "cow/0.png", "cow/1.png")


def test_classes_keep_their_labels(store: Store) -> None:
    with open_data(spec(store(FILES), classes=("cow", "bee"), limit=3)) as data:
        assert data.classes == ("ant", "bee", "cow")
        assert data.labels.tolist() == [1, 1, 2]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(1, 70))
def test_limit_is_spread_as_evenly_as_classes_allow(labels: list[int], limit: int) -> None:
    sorted_labels = np.sort(labels)
    chosen = choose("set", (sorted_labels, tuple("abcdef")), None, limit)
    assert len(chosen) == min(limit, len(labels))
    assert np.all(np.diff(chosen) > 0)
    taken, there = np.bincount(sorted_labels[chosen], minlength=6), np.bincount(labels, minlength=6)
    for label in range(6):
        members = np.flatnonzero(sorted_labels == label)
        assert np.array_equal(chosen[sorted_labels[chosen] == label], members[: taken[label]])
        assert taken[label] >= min(there[label], taken.max() - 1)


def test_wrappers_are_taken_off_and_hidden_files_ignored(store: Store) -> None:
    extra = {"__MACOSX/all/ant/._0.png": b"no", "all/.DS_Store": b"no", "all/notes.txt": b"no"}
    with open_data(spec(store({f"all/{name}": data for name, data in FILES.items()} | extra))) as data:
        assert data.names == tuple(sorted(FILES))


def test_split_folders(store: Store) -> None:
    path = store({f"set/{part}/{name}": data for part in ("train", "val") for name, data in FILES.items()})
    for split in ("val", "test"):  # of two parts, the other one is for testing
        with open_data(spec(path, split=split)) as data:
            assert data.names == tuple(sorted(FILES))
    assert "a train and a val part" in refusal(path)


def test_a_part_that_is_not_there(store: Store) -> None:
    path = store({f"set/{part}/{name}": data for part in ("train", "test") for name, data in FILES.items()})
    assert 'Say split = "test" or split = "train"' in refusal(path, split="val")


def test_first_image_decides_between_grey_and_colour(store: Store) -> None:
    grey, colour = png(picture(1, "L")), png(picture(2))
    with open_data(spec(store({"a/0.png": grey, "a/1.png": grey}))) as data:
        assert next(data.batches(2)).shape == (2, 1, 4, 5)
        assert data.pictures(np.array([1])).shape == (1, 4, 5, 3)
    with open_data(spec(store({"a/0.png": colour, "a/1.png": grey}))) as data:
        assert next(data.batches(2)).shape == (2, 3, 4, 5)
    assert "'a/1.png'" in refusal(store({"a/0.png": grey, "a/1.png": colour}))


def test_refusals_of_images_say_what_is_wrong(store: Store) -> None:
    assert "no images" in refusal(store({"readme.txt": b"text"}))


def test_images_outside_class_folders_are_refused(store: Store) -> None:
    assert "no classes" in refusal(store({"0.png": FILES["ant/0.png"]}))


def test_mixed_sizes_are_refused_by_name(store: Store) -> None:
    said = refusal(store(FILES | {"cow/9.png": png(picture(0, size=(6, 4)))}))
    assert "'cow/9.png' is 6 × 4, 'ant/0.png' is 5 × 4" in said


def test_damaged_image_is_named(store: Store) -> None:
    assert "bee/1.png" in refusal(store(FILES | {"bee/1.png": FILES["bee/1.png"][:40]}))


def test_unknown_class_suggests_the_nearest(store: Store) -> None:
    assert "Did you mean 'bee'?" in refusal(store(FILES), classes=("beee",))


def test_no_sample_left(store: Store) -> None:
    assert "is left" in refusal(store(FILES), classes=())
    assert "is left" in refusal(store(FILES), limit=0)


@pytest.mark.parametrize(
    ("normalise", "said"),
    [
        ("mnist", "3 channels"),
        (((0.5,) * 3, (0.5,) * 2), "2 deviations"),
        (((0.5,) * 3, (0.5, 0.5, 0.0)), "above 0"),
        (((float("nan"),) * 3, (1.0,) * 3), "above 0"),
        ("imagnet", "Did you mean 'imagenet'?"),
    ],
)
def test_unfitting_normalisations(store: Store, normalise: Any, said: str) -> None:
    assert said in refusal(store(FILES), normalise=normalise)


def test_split_of_a_set_without_parts(store: Store) -> None:
    assert "no train and test part" in refusal(store(FILES), split="test")


def test_missing_and_foreign_paths(tmp_path: Path) -> None:
    assert "no data set at" in refusal(tmp_path / "nowhere.zip")
    (tmp_path / "set.xyz").write_text("a,b")
    assert "class" in refusal(tmp_path / "set.xyz")


def test_image_of_too_many_pixels_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graftwork.analysis.data.images.LARGEST_IMAGE", 19)
    with pytest.raises(UserError, match="too many"):
        decode(FILES["ant/0.png"], None, "'ant/0.png'")


def test_member_that_unpacks_to_too_much_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graftwork.analysis.data.archive.LARGEST_FILE", 10)
    assert "unpacks to more than" in refusal(as_zip(tmp_path, FILES))


def test_large_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graftwork.analysis.data.folder.LARGEST_FILE", 10)
    assert "more than 10 bytes" in refusal(as_folder(tmp_path, FILES))


def arrays(tmp_path: Path, **content: Any) -> Path:
    np.savez(tmp_path / "set.npz", **content)
    return tmp_path / "set.npz"


RGB = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3), np.uint8)
LABELS = np.array([1, 0, 1, 0, 2, 2])


@pytest.mark.parametrize("layout", [RGB, RGB.transpose(0, 3, 1, 2)])
def test_arrays_in_either_layout(tmp_path: Path, layout: NDArray[np.uint8]) -> None:
    data = open_data(spec(arrays(tmp_path, images=layout, labels=LABELS)))
    order = [1, 3, 0, 2, 4, 5]
    assert data.labels.tolist() == LABELS[order].tolist()
    assert data.classes == ("0", "1", "2")
    assert np.array_equal(data.pictures(np.arange(6)), RGB[order])


def test_grey_float_arrays_keep_their_values(tmp_path: Path) -> None:
    images = np.linspace(0, 1, 2 * 4 * 5).reshape(2, 4, 5)
    data = open_data(spec(arrays(tmp_path, x=images, y=np.array([[0], [1]]), class_names=np.array(["dog", "ape"]))))
    assert data.classes == ("dog", "ape")  # the order of a network's outputs
    assert torch.equal(torch.cat(list(data.batches(1))), torch.from_numpy(images.astype(np.float32))[:, None])
    assert data.pictures(np.array([1]))[0, -1, -1].tolist() == [255, 255, 255]


def test_arrays_of_two_parts(tmp_path: Path) -> None:
    path = arrays(tmp_path, x_train=RGB, y_train=LABELS, x_test=RGB[:2], y_test=LABELS[:2])
    assert len(open_data(spec(path, split="test"))) == 2
    assert len(open_data(spec(path, split="train"))) == 6
    assert "train and a test part" in refusal(path)


def test_float_arrays_beyond_one_are_not_normalised(tmp_path: Path) -> None:
    path = arrays(tmp_path, images=RGB.astype(np.float32), labels=LABELS)
    assert "0 to 1" in refusal(path, normalise="imagenet")
    assert torch.cat(list(open_data(spec(path)).batches(6))).max() == RGB.max()


def test_digits_are_scikit_learns_in_sixteenths() -> None:
    data = open_data(spec("digits"))
    original = load_digits()
    order = np.argsort(original.target, kind="stable")
    assert data.labels.tolist() == original.target[order].tolist()
    assert np.array_equal(torch.cat(list(data.batches(500))).numpy()[:, 0] * 16, original.images[order])


def test_digits_split_in_two_stratified_parts() -> None:
    train, test = (open_data(spec("digits", split=split)) for split in ("train", "test"))
    assert not set(train.names) & set(test.names)
    assert len(train) + len(test) == 1797
    assert np.abs(np.bincount(test.labels) / np.bincount(np.r_[train.labels, test.labels]) - 0.2).max() < 0.01


def test_digits_normalisation_is_that_of_the_train_part() -> None:
    inputs = torch.cat(list(open_data(spec("digits", split="train", normalise="digits")).batches(500)))
    assert inputs.mean().item() == pytest.approx(0, abs=2e-3)
    assert inputs.std().item() == pytest.approx(1, abs=2e-3)
