"""Every format that checkpoints come in, with every family of networks in it.

Each file is written by the library that writes such files, opened by its content alone, recognised, and run: what it
gives is what the library's own network gives. A family is a line of ``networks.FAMILIES``, a format one of `FORMATS`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from safetensors.torch import save_model
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.models.families import families

from .libraries import library, quiet
from .networks import FAMILIES, Built, built

Write = Callable[[Built, Path], Path]


def saved(content: Any, path: Path, **options: Any) -> Path:
    torch.save(content, path, **options)
    return path


def torch_zip(network: Built, folder: Path) -> Path:
    return saved(network.module.state_dict(), folder / "a.pth")


def torch_legacy(network: Built, folder: Path) -> Path:
    return saved(network.module.state_dict(), folder / "a.pth", _use_new_zipfile_serialization=False)


def training(network: Built, folder: Path) -> Path:
    """Write what a training program does, with an optimiser that has taken a step of no length."""
    optimizer = torch.optim.AdamW(network.module.parameters(), lr=0.0)
    for parameter in network.module.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    network.module.zero_grad()
    states = {"model_state_dict": network.module.state_dict(), "optimizer_state_dict": optimizer.state_dict()}
    return saved({"epoch": 3, "loss": 0.5, **states}, folder / "last.ckpt")


def data_parallel(network: Built, folder: Path) -> Path:
    return saved({"state_dict": nn.DataParallel(network.module).state_dict()}, folder / "a.pth.tar")


def averaged(network: Built, folder: Path) -> Path:
    """Write weights with an average of them that is something else."""
    average = AveragedModel(network.module, multi_avg_fn=get_ema_multi_avg_fn())
    for parameter in average.parameters():
        parameter.data.add_(1.0)
    return saved({"model": network.module.state_dict(), "model_ema": average.state_dict()}, folder / "a.pt")


def safetensors(network: Built, folder: Path) -> Path:
    save_model(network.module, str(folder / "a.safetensors"))
    return folder / "a.safetensors"


def shards(network: Built, folder: Path, **options: Any) -> Path:
    sizes = [tensor.nbytes for tensor in network.module.state_dict().values()]
    with quiet():
        huggingface_hub.save_torch_model(network.module, folder, max_shard_size=max(*sizes, sum(sizes) // 3), **options)
    return next(folder.glob("*.index.json"))


def torch_shards(network: Built, folder: Path) -> Path:
    return shards(network, folder, safe_serialization=False)


def hugging_face_folder(network: Built, folder: Path) -> Path:
    module: Any = network.module
    module.save_pretrained(folder)
    return folder


def timm_folder(network: Built, folder: Path) -> Path:
    library("timm.models").save_for_hf(network.module, str(folder), safe_serialization="both")
    return folder


def torchscript(network: Built, folder: Path) -> Path:
    with quiet():
        torch.jit.trace(network.program, network.x, check_trace=False).save(str(folder / "a.pt"))
    return folder / "a.pt"


def exported_program(network: Built, folder: Path) -> Path:
    with quiet():
        torch.export.save(torch.export.export(network.program, (network.x,)), folder / "a.pt2")
    return folder / "a.pt2"


FORMATS: dict[str, tuple[Write, str]] = {
    "torch zip": (torch_zip, "torch zip"),
    "torch legacy": (torch_legacy, "torch legacy"),
    "training checkpoint": (training, "torch zip"),
    "data parallel": (data_parallel, "torch zip"),
    "weights and their average": (averaged, "torch zip"),
    "safetensors": (safetensors, "safetensors"),
    "safetensors shards": (shards, "safetensors, "),
    "torch shards": (torch_shards, "torch zip, "),
    "Hugging Face folder": (hugging_face_folder, "safetensors"),
    "timm folder": (timm_folder, "safetensors"),
    "TorchScript": (torchscript, "TorchScript"),
    "exported program": (exported_program, "exported program"),
}


def senseless(form: str, family: str) -> str:
    """Return why a format has no files of a family; nothing if it has."""
    row = FAMILIES[family]
    if form == "Hugging Face folder" and not row.hugging_face:
        return "transformers publishes no such network under these names"
    if form == "timm folder" and row.timm is None:
        return "timm publishes no such network under these names"
    return ""


CASES = [(form, family) for form in FORMATS for family in FAMILIES if not senseless(form, family)]


def agrees(checkpoint: Checkpoint, network: Built) -> None:
    """Demand the library's outputs, to 1e-5 of the largest."""
    with torch.inference_mode():
        found = checkpoint.network()(network.x)
    largest = float(network.expected.abs().max())
    assert largest > 0
    torch.testing.assert_close(found, network.expected, atol=1e-5 * largest, rtol=1e-5)


@pytest.mark.parametrize(("form", "family"), CASES)
def test_a_file_is_recognised_and_runs_as_its_library_runs_it(form: str, family: str, tmp_path: Path) -> None:
    write, written = FORMATS[form]
    row, network = FAMILIES[family], built(family, form == "timm folder")
    checkpoint = open_checkpoint(write(network, tmp_path))
    assert checkpoint.format.startswith(written)
    architecture = checkpoint.architecture
    assert architecture is not None
    assert (architecture.family, architecture.classes) == (family, row.classes)
    assert architecture.vocabulary == row.vocabulary
    if form != "timm folder":
        assert architecture.title == row.title
    agrees(checkpoint, network)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_average_beside_the_weights_is_named_and_opens_by_its_name(family: str, tmp_path: Path) -> None:
    network = built(family)
    path = averaged(network, tmp_path)
    metadata = open_checkpoint(path).metadata
    assert (metadata["weights"], metadata["opened"]) == (["model", "model_ema"], "model")
    average = open_checkpoint(path, "model_ema")
    name = next(iter(dict(network.module.named_parameters())))
    torch.testing.assert_close(average.tensor(name), network.module.state_dict()[name] + 1.0)


def test_two_networks_of_equal_standing_must_be_told_apart(tmp_path: Path) -> None:
    states = {name: built("mlp").module.state_dict() for name in ("generator", "discriminator")}
    with pytest.raises(UserError, match="generator, discriminator") as asked:
        open_checkpoint(saved(states, tmp_path / "a.pt"))
    assert "Say which" in asked.value.next_step


def test_the_corpus_has_every_family() -> None:
    assert set(FAMILIES) == set(families())
    assert len(CASES) == 10 * len(FAMILIES) + sum(
        row.hugging_face + (row.timm is not None) for row in FAMILIES.values()
    )
