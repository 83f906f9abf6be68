"""Checkpoints as their author published them, on images as their publisher re-encoded them."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graftwork.analysis.models import describe, open_checkpoint

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


@pytest.mark.parametrize(("depth", "claim"), [(20, 91.78), (32, 92.78), (56, 93.62)])
def test_the_published_networks_are_recognised(published: Path, depth: int, claim: float) -> None:
    (path,) = published.glob(f"cifar10-resnet/resnet{depth}-*.th")
    told = describe(path)
    assert (told["family"], told["depth"], told["classes"]) == ("resnet_cifar", depth, 10)
    assert told["widths"] == [16, 32, 64]
    assert told["metadata"]["best_prec1"] == pytest.approx(claim, abs=0.01)


def test_a_published_network_is_right_on_four_images_of_five(published: Path) -> None:
    (path,) = published.glob("cifar10-resnet/resnet20-*.th")
    with zipfile.ZipFile(published / "cifar10-jpeg" / "test.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))[::8]
        pixels = np.stack([np.asarray(Image.open(io.BytesIO(archive.read(name)))) for name in names])
    classes = sorted({name.split("/")[0] for name in names})
    labels = torch.tensor([classes.index(name.split("/")[0]) for name in names])
    images = (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - MEAN) / DEVIATION
    with torch.inference_mode():
        accuracy = (open_checkpoint(path).network()(images).argmax(1) == labels).float().mean()
    assert accuracy == pytest.approx(0.81, abs=0.03)
