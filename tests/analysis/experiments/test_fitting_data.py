"""Data that do not fit a network are refused when a recipe is planned, with the setting that mends them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from graftwork.analysis import trust
from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.models import Architecture, TensorSpec
from graftwork.analysis.models.families import recognise, skeleton
from graftwork.analysis.recipe import anchored, parse_recipe

from ..models.networks import FAMILIES, built
from ..models.publishers import library, quiet

RECIPE = """
[[model]]
name = "m"
path = "{model}"
{network}
[[data]]
name = "d"
path = "{data}"
{settings}
[measure]
data = "d"
what = ["{what}"]
"""
OWN = """
from torch import nn
def flat():
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 3))
def reader():
    return nn.Sequential(nn.Embedding(30, 4), nn.Flatten(), nn.Linear(36, 3))
def tagger():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 3, 1), nn.Flatten())
"""


TEXT = {
    "vocab_size": 40,
    "hidden_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 3,
    "intermediate_size": 8,
    "max_position_embeddings": 32,
}
PICTURES = {
    "hidden_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 3,
    "intermediate_size": 8,
    "image_size": 32,
    "patch_size": 8,
}


def refusal(folder: Path, data: str, *, network: str = "", settings: str = "", what: str = "accuracy") -> str:
    """Return what planning says of the model in a folder and a data set; nothing where it plans."""
    path = next(name for name in ("model.pt", "model") if (folder / name).exists())
    text = RECIPE.format(model=path, network=network, data=data, settings=settings, what=what)
    try:
        plan(anchored(parse_recipe(text), folder))
    except UserError as error:
        return str(error)
    return ""


def of_family(family: str, folder: Path) -> None:
    module: Any = built(family).module
    if FAMILIES[family].hugging_face:
        module.save_pretrained(folder / "model")
    else:
        torch.save(module.state_dict(), folder / "model.pt")


def saved(folder: Path, samples: Any, labels: int = 2) -> str:
    np.save(folder / "set.npy", samples)
    np.save(folder / "set.labels.npy", np.arange(len(samples)) % labels)
    return "set.npy"


def images(*shape: int) -> Any:
    return np.zeros((3, *shape), np.uint8)


@pytest.mark.parametrize(
    ("family", "samples", "said"),
    [
        ("resnet_cifar", images(1, 8, 8), "takes images of 3 channels, and those of d have 1. Write channels = 3"),
        ("vit", images(3, 8, 8), "takes images of 16 × 16 pixels, and those of d have 8 × 8. Write resize = [16, 16]"),
        ("mlp_mixer", images(3, 16, 18), "16 × 16 pixels, and those of d have 16 × 18"),
        ("vgg", images(3, 31, 40), "takes images of at least 32 × 32 pixels"),
        ("densenet", images(3, 4, 4), "takes images of at least 5 × 5 pixels"),
        ("convnext", images(3, 31, 31), "takes images of at least 32 × 32 pixels"),
        (
            "resnet",
            np.ones((3, 5), np.float32),
            "takes images, and d holds rows of numbers. Choose a",
        ),
        ("mlp", np.ones((3, 7), np.float32), "takes rows of 8 numbers, and those of d have 7. Name the columns"),
        ("mlp", np.ones((3, 9), np.float32), "takes rows of 8 numbers, and those of d have 9"),
        ("mlp", images(1, 3, 3), "takes rows of 8 numbers, and those of d have 9. Write resize and channels"),
        ("mlp", np.ones((3, 8), np.int64), "takes rows of numbers, and d holds tokens"),
        (
            "recurrent",
            np.ones((3, 8), np.float32),
            "takes tokens, and d holds rows of numbers. Choose a",
        ),
        ("recurrent", np.full((3, 8), 19), "knows 19 tokens, and d has the token 19. Name the tokenizer"),
        ("recurrent", np.full((3, 8), -1), "knows 19 tokens, and d has the token -1"),
        (
            "gpt2",
            np.ones((3, 17), np.int64),
            "at most 16 tokens, and those of d have 17. Write length = 16",
        ),
        ("bert", np.full((3, 9), 23), "knows 23 tokens, and d has the token 23"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(family: str, samples: Any, said: str, tmp_path: Path) -> None:
    of_family(family, tmp_path)
    assert said in refusal(tmp_path, saved(tmp_path, samples))


def test_a_class_that_the_network_has_no_output_for_is_refused(tmp_path: Path) -> None:
    of_family("mlp", tmp_path)
    data = saved(tmp_path, np.ones((9, 8), np.float32), labels=6)
    assert "m tells 5 classes apart, and d has 6" in refusal(tmp_path, data)


@pytest.mark.parametrize(
    ("family", "samples"),
    [
        ("resnet_cifar", images(3, 5, 7)),
        ("resnet", images(3, 8, 8)),
        ("mlp", images(1, 2, 4)),
        ("recurrent", np.full((3, 300), 18)),
        ("llama", np.full((3, 80), 22)),
    ],
)
def test_what_a_network_can_take_is_not_refused(family: str, samples: Any, tmp_path: Path) -> None:
    of_family(family, tmp_path)
    assert refusal(tmp_path, saved(tmp_path, samples)) == ""


def test_text_is_read_where_its_bytes_may_be_unknown(tmp_path: Path) -> None:
    of_family("recurrent", tmp_path)
    (tmp_path / "tabs.txt").write_text("\t\x05\n")  # of the tokens 0, 6 and 10
    assert refusal(tmp_path, "tabs.txt") == ""
    (tmp_path / "words.txt").write_text("\ta\n")
    assert "knows 19 tokens, and d has the token 98" in refusal(tmp_path, "words.txt")


def test_a_tokenizer_is_held_against_the_vocabulary(tmp_path: Path) -> None:
    of_family("recurrent", tmp_path)
    (tmp_path / "text.txt").write_text("ab\nba\n")
    for size, said in ((18, ""), (19, "has the token 19")):  # the place after the last fills up
        (tmp_path / "letters.json").write_text(json.dumps([chr(97 + place) for place in range(size)]))
        assert said in (found := refusal(tmp_path, "text.txt", settings='tokenizer = "letters.json"'))
        assert bool(said) == bool(found)


def test_costs_need_no_samples_that_fit(tmp_path: Path) -> None:
    of_family("vit", tmp_path)
    assert refusal(tmp_path, saved(tmp_path, images(1, 8, 8)), what="cost.nominal") == ""


def specs_of(module: nn.Module) -> dict[str, TensorSpec]:
    return {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in module.state_dict().items()}


def example(architecture: Architecture, side: int) -> Any:
    shape = (architecture.input_shape[0], side, side) if architecture.inputs == "images" else (side,)
    dtype = torch.int64 if architecture.inputs == "tokens" else torch.float32
    return torch.zeros((1, *shape), dtype=dtype)


def test_data_that_a_method_trains_on_are_checked(tmp_path: Path) -> None:
    of_family("resnet_cifar", tmp_path)
    step = '[[data]]\nname = "few"\npath = "few.npy"\n[[step]]\nmethod = "retrain.full"\nof = ["m"]\ndata = "few"\n'
    np.save(tmp_path / "few.npy", images(1, 8, 8))
    data = saved(tmp_path, images(3, 8, 8))
    assert "those of few have 1" in refusal(tmp_path, data, settings=step)
    np.save(tmp_path / "few.npy", images(3, 8, 8))
    np.save(tmp_path / "few.labels.npy", np.array([0, 5, 1]))
    assert "m tells 5 classes apart, and few has 6" in refusal(tmp_path, data, settings=step)


@pytest.mark.parametrize(
    ("name", "samples", "said"),
    [
        ("resnet10t", images(3, 40, 48), ""),
        ("resnet10t", images(1, 40, 48), "takes images of 3 channels, and those of d have 1"),
        ("deit_tiny_patch16_224", images(3, 224, 224), ""),
        ("deit_tiny_patch16_224", images(3, 96, 96), "takes samples of 3 × 224 × 224 values, and d has samples of 3"),
    ],
)
def test_timms_networks(name: str, samples: Any, said: str, tmp_path: Path) -> None:
    with quiet():
        torch.save(library("timm").create_model(name, num_classes=5).state_dict(), tmp_path / "model.pt")
    found = refusal(tmp_path, saved(tmp_path, samples), network=f'network = "timm:{name}"')
    assert said in found
    assert bool(said) == bool(found)


@pytest.mark.parametrize(
    ("kind", "samples", "said"),
    [
        ("Electra", np.full((3, 9), 39), ""),
        ("Electra", np.full((3, 9), 40), "knows 40 tokens, and d has the token 40"),
        (
            "Electra",
            np.full((3, 33), 1),
            "at most 32 tokens, and those of d have 33. Write length = 32",
        ),
        ("Roberta", np.full((3, 30), 1), ""),
        ("Roberta", np.full((3, 31), 1), "at most 30 tokens"),
        ("ViT", images(3, 32, 32), ""),
        ("ViT", images(3, 24, 24), "takes samples of 3 × 32 × 32 values"),
    ],
)
def test_transformers_networks(kind: str, samples: Any, said: str, tmp_path: Path) -> None:
    parts, pictures = library("transformers"), kind == "ViT"
    settings = {"num_labels": 5, **(PICTURES if pictures else TEXT)}
    name = f"{kind}For{'Image' if pictures else 'Sequence'}Classification"
    getattr(parts, name)(getattr(parts, f"{kind}Config")(**settings)).save_pretrained(tmp_path / "model")
    found = refusal(tmp_path, saved(tmp_path, samples))
    assert said in found
    assert bool(said) == bool(found)


@pytest.mark.parametrize(
    ("name", "samples", "said"),
    [
        ("flat", images(3, 8, 8), ""),
        ("flat", images(3, 9, 9), "The code of m cannot take them, and d has samples of 3 × 9 × 9 values"),
        ("flat", np.ones((3, 192), np.float32), ""),
        ("flat", np.ones((3, 191), np.float32), "d has samples of 191 numbers"),
        ("reader", np.full((3, 9), 29), ""),
        ("reader", np.full((3, 9), 30), "d has samples of 9 tokens"),
        ("tagger", images(3, 8, 8), ""),
        ("tagger", images(1, 8, 8), "d has samples of 1 × 8 × 8 values"),
    ],
)
def test_a_persons_own_code_is_tried(name: str, samples: Any, said: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(OWN)
    trust.trust(tmp_path / "net.py")
    made: dict[str, Any] = {}
    exec(OWN, made)
    torch.save(made[name]().state_dict(), tmp_path / "model.pt")
    found = refusal(tmp_path, saved(tmp_path, samples), network=f'network = "net.py:{name}"')
    assert said in found
    assert bool(said) == bool(found)


@pytest.mark.parametrize("family", FAMILIES)
def test_sizes_are_those_that_the_network_runs_with(family: str) -> None:
    """The least runs, one less does not; so does the most, and one more does not."""
    architecture = recognise(specs_of(built(family).module), {"num_attention_heads": 2})
    assert architecture is not None
    assert architecture.sizes is not None
    network = skeleton(architecture).to_empty(device="cpu").eval()
    least, most = architecture.sizes
    step = architecture.config.get("patch", 1) if most else 1  # what is left of a patch is not seen
    with torch.inference_mode():
        network(example(architecture, least))
        network(example(architecture, most or 2 * least + 60))
        for beyond in ({least - step} - {0}) | ({most + step} if most else set()):
            with pytest.raises((RuntimeError, IndexError)):
                network(example(architecture, beyond))
