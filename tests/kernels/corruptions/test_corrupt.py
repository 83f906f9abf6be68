import pytest
import torch
from torch import Tensor

from graftwork.kernels.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from graftwork.kernels.corruptions.constants import LARGE, SMALL, constants

from .reference import picture, tensor

NAMES = sorted(CORRUPTIONS)
SAMPLES = torch.tensor([3, 1, 1 << 40, 7])
# Published so: the map of the mildest bends most (elastic), colour is taken away before it is added (saturate), each
# kind of drops starts anew (spatter), the smaller reach comes with more rounds (glass).
NOT_IN_ORDER = {"elastic_transform", "saturate", "spatter", "glass_blur", "snow", "pixelate", "frost"}
DRAWLESS = {"defocus_blur", "gaussian_blur", "zoom_blur", "brightness", "contrast", "saturate", "pixelate"}
DRAWLESS |= {"jpeg_compression"}


def photographs(side: int) -> Tensor:
    images = [picture(side, side, name) for name in ("china.jpg", "flower.jpg")]
    return torch.cat([tensor(image) for image in images + images])


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_comes_out_the_same_in_any_batch_and_order(name: str) -> None:
    images, order = photographs(48), torch.tensor([2, 0, 3, 1])
    whole = corrupt(images, name, 4, SAMPLES)
    assert torch.equal(corrupt(images[order], name, 4, SAMPLES[order]), whole[order])
    alone = [corrupt(images[i : i + 1], name, 4, SAMPLES[i : i + 1]) for i in range(4)]
    assert torch.equal(torch.cat(alone), whole)


@pytest.mark.parametrize("name", sorted(set(NAMES) - DRAWLESS))
def test_samples_of_one_picture_differ(name: str) -> None:
    images = photographs(64)
    assert not torch.equal(*corrupt(images, name, 5, SAMPLES)[::2])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 32, 32), (3, 40, 70), (1, 70, 40), (3, 96, 96)])
def test_shape_and_dtype_stay_and_values_are_of_eight_bits(name: str, shape: tuple[int, int, int]) -> None:
    images = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0))
    for severity in (1, 5):
        spoilt = corrupt(images, name, severity, SAMPLES[:2])
        assert spoilt.shape == images.shape
        assert torch.equal((spoilt * 255).round().clamp(0, 255) / 255, spoilt)
        whole = (images * 255).round().byte()
        assert torch.equal(corrupt(whole, name, severity, SAMPLES[:2]), (spoilt * 255).round().byte())


@pytest.mark.parametrize("name", NAMES)
def test_images_of_512_pixels_are_corrupted(name: str) -> None:
    image = picture(512, 512)
    spoilt = corrupt(tensor(image), name, 3, SAMPLES[:1])
    assert 0.005 < (spoilt - tensor(image)).abs().mean() < 0.5


@pytest.mark.parametrize("name", sorted(set(NAMES) - NOT_IN_ORDER))
@pytest.mark.parametrize("side", [32, 96, 224])
def test_the_severer_the_further_from_the_clean_picture(name: str, side: int) -> None:
    images = photographs(side)[:2]
    far = [float((corrupt(images, name, severity, SAMPLES[:2]) - images).square().mean()) for severity in SEVERITIES]
    assert far == sorted(far)


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("name", NAMES)
def test_black_and_white_pictures_give_numbers(name: str, value: float) -> None:
    images = torch.full((2, 3, 32, 32), value)
    assert corrupt(images, name, 5, SAMPLES[:2]).isfinite().all()


def test_constants_are_the_published_ones_at_both_ends_and_between_them_in_between() -> None:
    for name in CORRUPTIONS:
        assert constants(name, 2, 32) == SMALL[name][1]
        assert constants(name, 2, 224) == constants(name, 2, 512) == LARGE[name][1]
    assert constants("gaussian_noise", 1, 85) == pytest.approx((0.06,), abs=1e-3)  # √(32 · 224) = 84.7


@pytest.mark.parametrize(
    ("images", "severity", "samples", "said"),
    [
        (torch.zeros(1, 3, 32, 32), 0, torch.zeros(1).long(), "severity 0"),
        (torch.zeros(1, 3, 32, 32), 1, torch.zeros(2).long(), "1 images need 1 samples, not 2"),
        (torch.zeros(1, 2, 32, 32), 1, torch.zeros(1).long(), "1 or 3"),
        (torch.zeros(1, 3, 31, 32), 1, torch.zeros(1).long(), "32 pixels"),
        (torch.zeros(1, 3, 32, 32).double(), 1, torch.zeros(1).long(), "float64"),
    ],
)
def test_what_does_not_fit_is_refused(images: Tensor, severity: int, samples: Tensor, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        corrupt(images, "fog", severity, samples)
