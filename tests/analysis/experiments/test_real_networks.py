"""The public CIFAR-10 networks: the program's numbers against plain PyTorch's."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.utils import prune

from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.experiments.running import Runner
from graftwork.analysis.features.store import read_column
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import TrialResult

RECIPE = """
seeds = [0]
[[model]]
name = "resnet20"
path = "data/cifar10-resnet/resnet20-12fca82f.th"
[[data]]
name = "test"
path = "data/cifar10-jpeg/test.zip"
normalise = "imagenet"
limit = 500
[[step]]
method = "prune.magnitude"
of = ["resnet20"]
scope = "global"
amount = [0.5, 0.8, 0.9, 0.95]
[measure]
data = "test"
what = ["accuracy"]
"""


def _run(shared: Path, root: Path) -> list[TrialResult]:
    (root / "arrays").mkdir()
    (root / "checkpoints").mkdir()
    runner = Runner(root, torch.device("cpu"))
    return [runner.run(trial, Quiet()) for trial in plan(anchored(parse_recipe(RECIPE), shared)).trials]


def _plain_images(archive: Path, each: int) -> tuple[torch.Tensor, NDArray[np.int64]]:
    """Decode the first ``each`` images of every class with nothing of the program's."""
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if name.endswith(".jpg"))
        classes = sorted({name.split("/")[0] for name in names})
        chosen = [name for c in classes for name in [n for n in names if n.startswith(c + "/")][:each]]
        images = [np.asarray(Image.open(io.BytesIO(file.read(name)))) for name in chosen]
    labels = np.array([classes.index(name.split("/")[0]) for name in chosen])
    pixels = torch.tensor(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (pixels - mean[:, None, None]) / deviation[:, None, None], labels


@pytest.mark.heavy("a published network and thousands of images")
def test_dense_predictions_and_global_masks_equal_plain_pytorch(shared: Path, tmp_path: Path) -> None:
    results = _run(shared, tmp_path)
    checkpoint = shared / "data/cifar10-resnet/resnet20-12fca82f.th"
    network = open_checkpoint(checkpoint).network()
    inputs, labels = _plain_images(shared / "data/cifar10-jpeg/test.zip", 50)
    with torch.inference_mode():
        expected = torch.cat([network(batch).argmax(1) for batch in torch.split(inputs, 100)]).numpy()

    predictions = read_column(tmp_path / "arrays" / results[0].columns["prediction"], "prediction")
    np.testing.assert_array_equal(predictions, expected)
    accuracy = next(value.value for value in results[0].values if value.measure == "accuracy")
    assert accuracy == (expected == labels).mean()

    for result, amount in zip(results[1:], (0.5, 0.8, 0.9, 0.95), strict=True):
        assert result.checkpoint
        _assert_masks_equal(checkpoint, tmp_path / "checkpoints" / result.checkpoint, amount)


def _assert_masks_equal(dense: Path, pruned: Path, amount: float) -> None:
    network = open_checkpoint(dense).network()
    modules = {n: m for n, m in network.named_modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)}
    prune.global_unstructured([(m, "weight") for m in modules.values()], prune.L1Unstructured, amount=amount)
    ours = open_checkpoint(pruned)
    for name, module in modules.items():
        assert torch.equal(ours.tensor(f"{name}.weight"), module.weight.detach()), name


def test_the_shipped_recipe_is_planned_as_written(shared: Path) -> None:
    path = shared / "examples/prune.toml"
    planned = plan(anchored(parse_recipe(path.read_text()), path.parent))
    assert [trial.model.name for trial in planned.trials] == [
        "resnet20",
        "resnet56",
        *(f"{net}/magnitude-{amount}" for net in ("resnet20", "resnet56") for amount in (0.5, 0.8, 0.9, 0.95)),
    ]


@pytest.mark.parametrize("recipe", ["cut.toml", "merge.toml", "geometry.toml"])
def test_the_other_recipes_are_read(shared: Path, recipe: str) -> None:
    assert parse_recipe((shared / "examples" / recipe).read_text()).step
