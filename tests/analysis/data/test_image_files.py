"""Images of odd modes, as torchvision reads them, and files of HDF5 that need more than its library."""

import io
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from graftwork.analysis.data import open_data
from graftwork.analysis.data.images import decode
from graftwork.analysis.errors import UserError
from graftwork.analysis.trials import DataSpec

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8)


def stored(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def palette(transparency: bytes | int) -> bytes:
    return stored(Image.fromarray(PIXELS).quantize(16), transparency=transparency)


@pytest.mark.parametrize(
    "data",
    [
        palette(bytes(16)),
        palette(3),
        stored(Image.fromarray(PIXELS).convert("RGBA")),
        stored(Image.fromarray(PIXELS).convert("CMYK"), "TIFF"),
        stored(Image.fromarray(PIXELS).convert("CMYK"), "JPEG"),
        stored(Image.fromarray(PIXELS).convert("YCbCr"), "TIFF"),
    ],
)
def test_colours_are_those_of_a_plain_conversion(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.info.pop("transparency", None)
        expected = np.asarray(image.convert("RGB"))
    assert np.array_equal(decode(data, None, "'a'").transpose(1, 2, 0), expected)


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_modes_have_one_channel(mode: str) -> None:
    image = Image.fromarray(PIXELS[..., 0]).convert(mode)
    assert np.array_equal(decode(stored(image), None, "'a'")[0], np.asarray(image.convert("L")))


def test_a_picture_is_not_turned() -> None:
    tag = Image.Exif()
    tag[0x0112] = 6
    assert decode(stored(Image.fromarray(PIXELS), "JPEG", exif=tag), None, "'a'").shape == (3, 6, 5)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_cut_picture_is_named(kept: float) -> None:
    whole = stored(Image.fromarray(PIXELS).resize((99, 99)), "JPEG")
    with pytest.raises(UserError, match=r"'a/b\.jpg' cannot be read"):
        decode(whole[: int(kept * len(whole))], None, "'a/b.jpg'")


def test_colour_after_grey_tells_the_way_out() -> None:
    with pytest.raises(UserError, match="channels = 3"):
        decode(stored(Image.fromarray(PIXELS)), 1, "'a'")


@pytest.mark.parametrize(("number", "said"), [(32015, "Zstandard, filter 32015"), (32777, "the filter 32777")])
def test_a_compression_that_is_missing_is_no_damage(number: int, said: str, tmp_path: Path) -> None:
    path = tmp_path / "set.h5"
    with h5py.File(path, "w") as file:
        how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        how.set_chunk((4, 2))
        how.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (3,))
        space = h5py.h5s.create_simple((4, 2))
        h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F32LE, space, how).write_direct_chunk((0, 0), bytes(9))
    with pytest.raises(UserError, match=said):
        open_data(DataSpec(name="set", path=str(path), content="-"))
