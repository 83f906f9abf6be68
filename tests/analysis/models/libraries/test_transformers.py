"""Networks that transformers builds, as it saves them itself, against what it computes with them."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import Architecture, open_checkpoint
from graftwork.analysis.models.weight import names_of

from ..conftest import agree
from ..networks import randomised

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
TOKENS = torch.randint(3, 40, (3, 9), generator=torch.Generator().manual_seed(0))
PADDED = TOKENS.clone()
PADDED[1, 5:] = 0
TEXT: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "num_key_value_heads": 3,
    "head_dim": 8,
    "intermediate_size": 40,
    "max_position_embeddings": 32,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "num_labels": 5,
}
IMAGE: dict[str, Any] = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "image_size": 32,
    "patch_size": 8,
    "num_labels": 5,
}
SWIN: dict[str, Any] = {
    "image_size": 32,
    "patch_size": 2,
    "embed_dim": 12,
    "depths": [2, 2],
    "num_heads": [2, 3],
    "window_size": 4,
    "num_labels": 5,
}
CONVNEXT: dict[str, Any] = {"hidden_sizes": [8, 12, 16, 20], "depths": [1, 1, 1, 1], "num_labels": 5}


def made(transformers: Any, kind: str, config: str, fields: dict[str, Any]) -> Any:
    return randomised(getattr(transformers, kind)(getattr(transformers, config)(**fields)))


def opened(network: Any, folder: Path, x: Tensor, expected: Tensor) -> Architecture:
    """Return what the folder that the library writes is opened as, after the outputs have agreed."""
    network.save_pretrained(folder)
    checkpoint = open_checkpoint(folder)
    architecture = checkpoint.architecture
    assert architecture is not None, checkpoint.reason
    assert architecture.family == "transformers"
    modules = dict(checkpoint.network().named_modules())
    assert architecture.stages
    assert set(architecture.stages) <= set(modules)
    assert architecture.head is None or isinstance(modules[architecture.head], nn.Linear)
    assert set(names_of(checkpoint.weights()))
    with torch.inference_mode():
        assert len(checkpoint.network()(architecture.example(1))) == 1
    agree(checkpoint, x, expected)
    return architecture


@pytest.mark.parametrize(
    ("kind", "config", "fields", "head"),
    [
        ("ElectraForSequenceClassification", "ElectraConfig", TEXT, "classifier.out_proj"),
        ("DebertaV2ForSequenceClassification", "DebertaV2Config", TEXT, "classifier"),
        ("RobertaForMaskedLM", "RobertaConfig", TEXT, "lm_head.decoder"),
    ],
)
def test_networks_on_tokens_look_past_padding(
    transformers: Any, kind: str, config: str, fields: dict[str, Any], head: str, tmp_path: Path
) -> None:
    network = made(transformers, kind, config, fields)
    with torch.inference_mode():
        expected = network(PADDED, attention_mask=(PADDED != 0).long()).logits
    architecture = opened(network, tmp_path, PADDED, expected)
    assert (architecture.inputs, architecture.vocabulary, architecture.head) == ("tokens", 40, head)
    assert architecture.classes == (40 if kind.endswith("LM") else 5)


@pytest.mark.parametrize(
    ("kind", "config", "fields"),
    [
        ("Qwen3ForCausalLM", "Qwen3Config", TEXT),
        ("Qwen3ForCausalLM", "Qwen3Config", TEXT | {"tie_word_embeddings": True}),  # all names begin with "model."
        ("GPTNeoXForCausalLM", "GPTNeoXConfig", TEXT),
    ],
)
def test_causal_language_models(
    transformers: Any, kind: str, config: str, fields: dict[str, Any], tmp_path: Path
) -> None:
    network = made(transformers, kind, config, fields)
    with torch.inference_mode():
        expected = network(TOKENS).logits
    architecture = opened(network, tmp_path, TOKENS, expected)
    assert (architecture.classes, architecture.input_shape, architecture.head) == (40, (32,), "lm_head")


def test_an_encoder_gives_the_mean_of_its_real_tokens(transformers: Any, tmp_path: Path) -> None:
    network = made(transformers, "MPNetModel", "MPNetConfig", TEXT)
    real = (PADDED != 0).long()
    with torch.inference_mode():
        hidden = network(PADDED, attention_mask=real).last_hidden_state
    expected = (hidden * real[..., None]).sum(1) / real.sum(1, keepdim=True)
    architecture = opened(network, tmp_path, PADDED, expected)
    assert (architecture.classes, architecture.head) == (0, None)
    assert architecture.input_shape == (30,)  # positions are numbered from after the padding's


@pytest.mark.parametrize(
    ("kind", "config", "fields"),
    [
        ("ViTForImageClassification", "ViTConfig", IMAGE),
        ("DeiTForImageClassificationWithTeacher", "DeiTConfig", IMAGE),
        ("SwinForImageClassification", "SwinConfig", SWIN),
        ("ConvNextForImageClassification", "ConvNextConfig", CONVNEXT | {"image_size": 32}),
    ],
)
def test_networks_on_images(transformers: Any, kind: str, config: str, fields: dict[str, Any], tmp_path: Path) -> None:
    network = made(transformers, kind, config, fields)
    with torch.inference_mode():
        expected = network(IMAGES).logits
    architecture = opened(network, tmp_path, IMAGES, expected)
    assert (architecture.inputs, architecture.input_shape, architecture.classes) == ("images", (3, 32, 32), 5)


def test_an_encoder_of_images_gives_what_it_pools(transformers: Any, tmp_path: Path) -> None:
    network = made(transformers, "Dinov2Model", "Dinov2Config", IMAGE)
    with torch.inference_mode():
        expected = network(IMAGES).pooler_output
    assert opened(network, tmp_path, IMAGES, expected).classes == 0


def test_a_class_is_named_by_hand_where_the_settings_name_none(transformers: Any, tmp_path: Path) -> None:
    network = made(transformers, "ElectraForSequenceClassification", "ElectraConfig", TEXT)
    network.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["architectures"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert open_checkpoint(tmp_path).architecture is None
    checkpoint = open_checkpoint(tmp_path, network="transformers:ElectraForSequenceClassification")
    with torch.inference_mode():
        agree(checkpoint, TOKENS, network(TOKENS).logits)


def test_settings_that_name_code_or_other_weights_are_left_out(
    transformers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = made(transformers, "ElectraForSequenceClassification", "ElectraConfig", TEXT)
    network.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    hostile = {"auto_map": {"AutoModel": "evil.Evil"}, "attn_implementation": "some/where", "use_kernels": True}
    (tmp_path / "config.json").write_text(json.dumps(config | hostile))
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.setattr("socket.socket.connect", fails)
    with torch.inference_mode():
        agree(open_checkpoint(tmp_path), TOKENS, network(TOKENS).logits)
    assert not (tmp_path / "ran").exists()


def fails(*_: object) -> None:
    raise AssertionError("nothing may be fetched")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"architectures": ["Owl"], "model_type": "owl"}, r"transformers [\d.]+ has no network 'Owl'"),
        ({"architectures": ["PreTrainedConfig"], "model_type": "bert"}, "has no network 'PreTrainedConfig'"),
        ({"architectures": ["ElectraModel"]}, "'ElectraModel' needs its settings"),
        ({"architectures": ["T5ForConditionalGeneration"], "model_type": "t5"}, "is no classifier"),
        ({"architectures": ["CLIPModel"], "model_type": "clip"}, "is no classifier"),
        ({"architectures": ["DetrModel"], "model_type": "detr"}, "is no classifier"),
        ({"architectures": ["ElectraModel"], "model_type": "electra", "hidden_size": "wide"}, "cannot be built"),
        ({"architectures": ["ElectraModel"], "model_type": "electra", "vocab_size": 4}, "wants 'embeddings"),
        ({"architectures": ["ElectraModel"], "model_type": "electra", "num_hidden_layers": 10**9}, "more layers than"),
    ],
)
def test_what_cannot_be_built_is_refused_in_a_sentence(
    transformers: Any, config: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket.connect", fails)
    save_file({"odd": torch.ones(2, 2)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=said) as refused:
        open_checkpoint(tmp_path).network()
    assert f"it names {config['architectures'][0]} of transformers, but " in refused.value.problem
    assert "\n" not in refused.value.problem


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_tensors_are_matched_strictly(transformers: Any, change: str, tmp_path: Path) -> None:
    made(transformers, "ElectraForSequenceClassification", "ElectraConfig", TEXT).save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    name = "classifier.out_proj.weight"
    changed = {"missing": {}, "extra": {name: state[name], "odd": torch.ones(2)}, "shape": {name: torch.ones(5, 25)}}
    state = {key: tensor for key, tensor in state.items() if key != name} | changed[change]
    save_file(state, tmp_path / "model.safetensors")
    checkpoint = open_checkpoint(tmp_path)
    assert checkpoint.architecture is None
    assert {"missing": "is not in the file", "extra": "holds 'odd'", "shape": "[5, 25]"}[change] in checkpoint.reason


def test_without_transformers_its_name_and_how_to_install_it_are_said(
    transformers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(transformers, "ElectraForSequenceClassification", "ElectraConfig", TEXT).save_pretrained(tmp_path)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match="transformers, which would open it, is not installed") as refused:
        open_checkpoint(tmp_path).network()
    assert "pip install 'graftwork[transformers]'" in refused.value.problem
