"""What is compiled for a processor against its plain twin in tensors, which accelerators use."""

import numpy as np
import pytest
import torch
from torch import Tensor

from graftwork.kernels.corruptions import compiled
from graftwork.kernels.corruptions.digital import pixelate, pixelate_plain
from graftwork.kernels.corruptions.edges import canny, distance, distance_plain, follow_plain
from graftwork.kernels.corruptions.filters import correlate, correlate_plain, to_levels, to_pixels
from graftwork.kernels.corruptions.jpeg import jpeg_compression, jpeg_plain
from graftwork.kernels.corruptions.noise import _guide, _poisson_row, counts_plain, impulses_plain
from graftwork.kernels.corruptions.seeding import Draws, uniform, uniform_plain

from .reference import difference, picture, tensor

SAMPLES = torch.tensor([3, 1, 1 << 40, -7])
DRAWS = Draws(SAMPLES)


def photographs(height: int, width: int) -> Tensor:
    return torch.cat([tensor(picture(height, width, name)) for name in ("china.jpg", "flower.jpg")])


def test_hashes_are_the_same_bits() -> None:
    keys = torch.randint(-(1 << 31), 1 << 31, (5,), generator=torch.Generator().manual_seed(0)).int()
    out = np.empty((5, 1000), np.float32)
    compiled.uniform(keys.numpy().view(np.uint32), out)
    assert torch.equal(torch.from_numpy(out), uniform_plain(keys, (1000,)))


@pytest.mark.parametrize("photons", [3, 60, 500])
def test_counts_of_photons(photons: int) -> None:
    levels = torch.arange(256, dtype=torch.uint8).repeat_interleave(400)
    chances = uniform(torch.tensor([0]), (len(levels),))[0]
    chances[:2] = torch.tensor([2**-24, 1 - 2**-24])
    row, out = _poisson_row(photons, torch.device("cpu")), torch.empty(len(levels))
    compiled.counts(levels.numpy(), chances.numpy(), row.numpy(), _guide(photons).numpy(), out.numpy())
    assert torch.equal(out, counts_plain(levels, chances, row))


def test_impulses() -> None:
    images, chances, out = photographs(40, 50), uniform(SAMPLES[:2], (3, 40, 50)), torch.empty(2, 3, 40, 50)
    compiled.impulses(images.numpy().ravel(), chances.numpy().ravel(), 0.3, out.numpy().ravel())
    assert torch.equal(out, impulses_plain(images, chances, 0.3))


@pytest.mark.parametrize("border", ["reflect", "replicate"])
def test_correlation_equals_that_by_transforms(border: str) -> None:
    images, weights = photographs(40, 50), torch.rand(5, generator=torch.Generator().manual_seed(0))
    down, right = torch.tensor([[0, -2, 3, 1, 1], [4, 4, 0, 0, -5]]), torch.tensor([[0, 6, 0, -7, 1], [0, 1, 2, 3, 4]])
    padded = torch.nn.functional.pad(images, (7, 6, 5, 4), mode=border)
    expected = correlate_plain(padded, down + 5, right + 7, weights, torch.Size((40, 50)))
    torch.testing.assert_close(correlate(images, down, right, weights, border), expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.25, 0.4, 0.95])
def test_coarse_pixels(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    images = photographs(45, 64)
    seen: list[Tensor] = []
    loops = compiled.pixelate

    def listening(*arguments: np.ndarray) -> None:
        loops(*arguments)
        seen.extend(torch.from_numpy(part.copy()) for part in arguments)

    monkeypatch.setattr(compiled, "pixelate", listening)
    pixelate(images, DRAWS, share)
    assert torch.equal(seen[-1], pixelate_plain(*seen[:-1]))


def test_distances_and_edges() -> None:
    images = (255 * photographs(64, 80)[:, :1]).round()
    edges = canny(images, 50, 150)
    assert 0.02 < edges.float().mean() < 0.5
    torch.testing.assert_close(distance(edges), distance_plain(edges), atol=1e-3, rtol=0)
    nothing = torch.zeros_like(edges)
    assert torch.equal(distance(nothing), distance_plain(nothing))


def test_edges_follow_crests_round_corners_and_no_further() -> None:
    crests = torch.rand(3, 1, 30, 40, generator=torch.Generator().manual_seed(0)) < 0.35
    edges = crests & (torch.rand(crests.shape, generator=torch.Generator().manual_seed(1)) < 0.02)
    expected = follow_plain(crests, edges)
    assert edges.sum() < expected.sum() < crests.sum()
    compiled.follow(crests.squeeze(1).numpy(), edges.squeeze(1).numpy(), np.empty(1200, np.int64))
    assert torch.equal(edges, expected)


@pytest.mark.parametrize("quality", [7, 25, 80])
@pytest.mark.parametrize("size", [(64, 64), (45, 70)])
def test_jpeg_without_its_lossless_part(size: tuple[int, int], quality: int) -> None:
    images = photographs(*size)
    # libjpeg's cosines are whole numbers; a rounding that falls otherwise moves a whole block.
    assert difference(jpeg_plain(images, quality), jpeg_compression(images, DRAWS, quality)) < 1
    grey = images[:, :1]
    assert difference(jpeg_plain(grey, quality), jpeg_compression(grey, DRAWS, quality)) < 0.5


def test_levels_and_pixels() -> None:
    levels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_pixels(levels), levels.float() / 255)
    pixels = torch.linspace(-0.3, 1.3, 10_000)
    assert torch.equal(to_levels(pixels), (pixels.clamp(0, 1) * 255).round().byte())
