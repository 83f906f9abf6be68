"""The formats that checkpoints come in, each written by the library that writes such files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import torch
from safetensors.torch import save_model
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .networks import Built
from .publishers import library, quiet

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
"""How a format is written, and what the start of its name is."""
