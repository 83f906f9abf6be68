"""Settings that no library need be asked of: heeded, or refused by name and with a next step."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import Checkpoint, open_checkpoint, write_checkpoint
from graftwork.analysis.models.families import families
from graftwork.analysis.models.settings import Settings

from ..networks import built

OF = {"vit": "vit_tiny_patch16_224", "resnet": "resnet18", "swin": "swin_tiny_patch4_window7_224"}
OF |= {"mlp_mixer": "mixer_s16_224", "densenet": "densenet121"}


def named(folder: Path, state: Mapping[str, Tensor], config: Mapping[str, Any]) -> Checkpoint:
    save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    return open_checkpoint(folder)


def test_every_family_declares_its_settings() -> None:
    assert all(isinstance(family.SETTINGS, Settings) for family in families().values())


@pytest.mark.parametrize(
    ("family", "config", "refused"),
    [
        ("gpt2", {"n_head": 2, "activation_function": "cubic"}, "activation_function"),
        ("gpt2", {"n_head": "2"}, "n_head"),
        ("gpt2", {"n_head": 2, "layer_norm_epsilon": "1e-5"}, "layer_norm_epsilon"),
        ("gpt2", {"n_head": 2, "scale_attn_weights": 0.5}, "scale_attn_weights"),
        ("gpt2", {"n_head": 2, "model_type": "gpt2", "embedding_scale": 2}, "embedding_scale"),
        ("gpt2", {"n_head": 2, "model_type": "gpt2", "auto_map": {"AutoModel": "own.Own"}}, "auto_map"),
        ("gpt2", {"n_head": 2, "architectures": ["GPT2Model"]}, "architectures"),
        ("bert", {"num_attention_heads": 2, "model_type": "other"}, "model_type"),
        ("bert", {"num_attention_heads": 2, "is_decoder": True}, "is_decoder"),
        ("llama", {"num_attention_heads": 2, "model_type": "granite"}, "model_type"),
        ("llama", {"num_attention_heads": 2, "rope_scaling": {"type": "yarn", "factor": 2.0}}, "rope_scaling"),
        ("llama", {"num_attention_heads": 2, "rope_scaling": {"type": "linear", "factor": 0}}, "rope_scaling"),
        ("llama", {"num_attention_heads": 2, "rope_theta": -1}, "rope_theta"),
        ("llama", {"num_attention_heads": 2, "rope_interleaved": True}, "rope_interleaved"),
        *((family, {"architecture": "test_" + name}, "architecture") for family, name in OF.items()),
        *(
            (family, {"architecture": name, "model_args": {"act_layer": "celu"}}, "act_layer")
            for family, name in OF.items()
        ),
        *(
            (family, {"architecture": name, "model_args": {"option": 1}, "pretrained_cfg": {}}, "option")
            for family, name in OF.items()
        ),
        ("resnet", {"architecture": "resnet18", "global_pool": "max"}, "global_pool"),
        ("resnet", {"activation": "gelu"}, "activation"),
        ("vgg", {"activation": "gelu"}, "activation"),
        ("mlp", {"activation": "cubic"}, "activation"),
        ("mlp", {"architectures": ["SomeModel"]}, "architectures"),
        ("resnet_cifar", {"padding": "half"}, "padding"),
    ],
)
def test_what_is_not_heeded_is_refused_by_name(
    family: str, config: dict[str, Any], refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = built(family).module.state_dict()
    monkeypatch.setitem(sys.modules, "timm", None)
    monkeypatch.setitem(sys.modules, "transformers", None)
    checkpoint = named(tmp_path, state, config)
    assert checkpoint.architecture is None
    assert f"its configuration sets {refused} to " in checkpoint.reason
    assert checkpoint.likely is not None
    with pytest.raises(UserError) as error:
        checkpoint.network()
    assert 'name the code: network = "file.py:function"' in error.value.next_step


@pytest.mark.parametrize(
    ("family", "config"),
    [
        ("gpt2", {"n_head": 2, "model_type": "gpt2", "gradient_checkpointing": False, "task_specific_params": {}}),
        ("bert", {"num_attention_heads": 2, "lr": 0.1, "hidden_act": None}),
        ("llama", {"num_attention_heads": 2, "model_type": "llama", "torch_dtype": "float16", "temperature": 0.5}),
        ("vit", {"architecture": "vit_tiny_patch16_224.augreg", "num_classes": 5, "pretrained_cfg": {"mean": [0]}}),
        (
            "llama",
            {"num_attention_heads": 2, "model_type": "llama", "rope_interleaved": False, "is_llama_config": True},
        ),
        (
            "resnet",
            {"architecture": "resnet18", "labels": ["a"], "pool_size": [7, 7], "tag": "a1", "global_pool": "avg"},
        ),
        ("resnet", {"architecture": "ResNet, as in the paper"}),
        ("resnet_cifar", {"architecture": "resnet56", "model_type": "resnet"}),
        ("mlp", {"model_type": "mlp", "hidden": 3, "activation": "GELU"}),
        ("recurrent", {"architecture": "lstm", "layers": 2}),
    ],
)
def test_what_changes_no_output_or_is_no_librarys_is_left(family: str, config: dict[str, Any], tmp_path: Path) -> None:
    checkpoint = named(tmp_path, built(family).module.state_dict(), config)
    assert checkpoint.architecture is not None, checkpoint.reason
    assert checkpoint.architecture.family == family


@pytest.mark.parametrize(
    ("family", "config", "key"),
    [
        ("gpt2", {"n_head": 2, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}, "activation"),
        ("llama", {"num_attention_heads": 2, "hidden_act": "silu", "sliding_window": None}, "windows"),
        ("bert", {"num_attention_heads": 2, "hidden_act": "gelu"}, "activation"),
    ],
)
def test_usual_settings_leave_the_identity_as_it_was(
    family: str, config: dict[str, Any], key: str, tmp_path: Path
) -> None:
    architecture = named(tmp_path, built(family).module.state_dict(), config).architecture
    assert architecture is not None
    assert key not in architecture.config


def test_what_is_made_of_a_network_keeps_what_its_file_told_without_a_configuration(tmp_path: Path) -> None:
    state = {name: tensor.contiguous().clone() for name, tensor in built("gpt2").module.state_dict().items()}
    told = {"n_head": 2, "activation_function": "relu", "layer_norm_epsilon": 0.1}
    save_file(state, tmp_path / "a.safetensors", {"config": json.dumps(told)})
    torch.save({"state_dict": state, **told}, tmp_path / "a.pt")
    for name in ("a.safetensors", "a.pt"):
        one = open_checkpoint(tmp_path / name)
        write_checkpoint(tmp_path / "b.safetensors", one.specs, one.tensor, one.inherited())
        two = open_checkpoint(tmp_path / "b.safetensors")
        assert one.architecture is not None
        assert two.architecture is not None
        assert one.architecture.config["activation"] == "relu"
        assert one.architecture.config == two.architecture.config
