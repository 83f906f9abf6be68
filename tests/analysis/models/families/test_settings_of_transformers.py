"""What a configuration of transformers says is used or refused: never are the numbers those of another network."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.models.families import families

from ..conftest import agree
from ..networks import randomised

TOKENS = torch.randint(3, 40, (3, 9), generator=torch.Generator().manual_seed(0))
TOKENS[1, 5:] = 0
TEXT: dict[str, Any] = {"vocab_size": 40, "bos_token_id": 1, "eos_token_id": 2}
BERT = TEXT | {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 40,
    "max_position_embeddings": 32,
    "num_labels": 5,
    "pad_token_id": 0,
}
LLAMA = BERT | {"num_key_value_heads": 2, "head_dim": 8}
GPT2 = TEXT | {"n_embd": 32, "n_head": 4, "n_layer": 2, "n_positions": 32}
ALIKE = {
    "llama": "Llama Mistral Qwen2 Qwen3 Gemma Gemma2 Granite Helium Ernie4_5 SmolLM3 Olmo Olmo2 Phi3 StableLm Cohere "
    "Starcoder2 Glm Nemotron Arcee",
    "bert": "Bert Roberta XLMRoberta Electra Camembert Data2VecText Ernie MegatronBert RoFormer RobertaPreLayerNorm",
    "gpt2": "GPT2 GPTBigCode",
}
HEADS = {"llama": ["ForCausalLM"], "bert": ["Model", "ForSequenceClassification", "ForTokenClassification"]}
HEADS |= {"gpt2": ["LMHeadModel", "Model", "ForCausalLM"]}
FIELDS = {"llama": LLAMA, "bert": BERT, "gpt2": GPT2}
NETWORKS = [(n, h, f) for f in ALIKE for n in ALIKE[f].split() for h in HEADS[f]]
NETWORKS += [("Llama", "Model", "llama"), ("Qwen2", "Model", "llama")]


def saved(transformers: Any, kind: str, config: str, fields: Mapping[str, Any], folder: Path) -> Any:
    """Return a random network that the library has saved."""
    if not hasattr(transformers, kind):
        pytest.skip(f"needs a transformers with {kind}")
    network = randomised(getattr(transformers, kind)(getattr(transformers, config)(**fields))).eval()
    network.save_pretrained(folder)
    return network


def told(network: Any) -> Tensor:
    """Return what a library's network gives: logits, or the mean of the real tokens."""
    pad = network.config.pad_token_id
    sees = type(network).__name__.endswith(("CausalLM", "LMHeadModel"))
    real = torch.ones_like(TOKENS) if pad is None else (pad != TOKENS).long()
    with torch.inference_mode():
        output = network(TOKENS, **({} if sees else {"attention_mask": real}))
    if "logits" in output:
        logits: Tensor = output.logits
        return logits
    mean: Tensor = (output.last_hidden_state * real[..., None]).sum(1) / real.sum(1, keepdim=True)
    return mean


def agrees_or_is_refused(folder: Path, network: Any, name: str) -> str:
    """Return what runs it, or nothing where the refusal says what for."""
    checkpoint = open_checkpoint(folder)
    if checkpoint.architecture is None:
        assert name in checkpoint.reason
        return ""
    agree(checkpoint, TOKENS, told(network))
    return checkpoint.architecture.family


@pytest.mark.parametrize(("name", "head", "family"), NETWORKS)
def test_networks_of_alike_names_are_themselves_or_refused(
    transformers: Any, name: str, head: str, family: str, tmp_path: Path
) -> None:
    network = saved(transformers, name + head, f"{name}Config", FIELDS[family], tmp_path)
    runs = agrees_or_is_refused(tmp_path, network, name + head)
    ours = {"Llama", "Mistral", "Qwen2", "Bert", "GPT2"}
    assert runs in (family if name in ours else "transformers", "transformers", "")


ROPE: dict[str, Any] = {"rope_theta": 500.0, "original_max_position_embeddings": 16}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
ACTIVATIONS = ["gelu", "gelu_new", "relu", "silu", "quick_gelu", "tanh", "relu2", "leaky_relu", "sigmoid", "mish"]
CHANGES: list[tuple[str, str, dict[str, Any], str]] = [
    *(("Llama", "ForCausalLM", {"hidden_act": act}, "llama" if "u2" not in act else "") for act in ACTIVATIONS[:7]),
    *(("GPT2", "LMHeadModel", {"activation_function": act}, "gpt2") for act in ACTIVATIONS[:6]),
    *(("Bert", "ForSequenceClassification", {"hidden_act": act}, "bert") for act in ACTIVATIONS[2:6]),
    *(("Llama", "ForCausalLM", {"tie_word_embeddings": tied}, "llama") for tied in (True, False)),
    ("Llama", "ForCausalLM", {"rms_norm_eps": 0.01}, "llama"),
    ("Llama", "ForCausalLM", {"attention_bias": True}, ""),
    ("Llama", "ForCausalLM", {"mlp_bias": True}, ""),
    ("Llama", "ForCausalLM", {"head_dim": 16}, "llama"),
    ("Llama", "ForCausalLM", {"num_key_value_heads": 1}, "llama"),
    ("Llama", "ForCausalLM", {"pad_token_id": 5}, "llama"),
    ("Llama", "ForCausalLM", {"sliding_window": 4}, ""),
    ("Llama", "ForCausalLM", {"partial_rotary_factor": 0.5}, ""),
    ("Llama", "ForCausalLM", {"attention_multiplier": 2.0}, ""),
    ("Llama", "ForCausalLM", {"rope_parameters": ROPE | {"rope_type": "default"}}, ""),
    ("Llama", "ForCausalLM", {"rope_parameters": {"rope_theta": 500.0, "rope_type": "default"}}, "llama"),
    *(
        ("Llama", "ForCausalLM", {"rope_parameters": ROPE | {"rope_type": kind, "factor": 2.0}}, "")
        for kind in ("linear", "dynamic", "yarn")
    ),
    ("Llama", "ForCausalLM", {"rope_parameters": {"rope_theta": 9.0, "rope_type": "linear", "factor": 2.0}}, "llama"),
    ("Llama", "ForCausalLM", {"rope_parameters": ROPE | LLAMA3}, "llama"),
    ("Llama", "ForCausalLM", {"rope_scaling": {"type": "linear", "factor": 2.0}}, "llama"),
    ("Mistral", "ForCausalLM", {"sliding_window": 4}, "llama"),
    ("Mistral", "ForCausalLM", {"sliding_window": None}, "llama"),
    ("Qwen2", "ForCausalLM", {"sliding_window": 4}, "llama"),
    ("Qwen2", "ForCausalLM", {"sliding_window": 4, "use_sliding_window": True, "max_window_layers": 1}, "llama"),
    ("GPT2", "LMHeadModel", {"layer_norm_epsilon": 0.01}, "gpt2"),
    ("GPT2", "LMHeadModel", {"scale_attn_weights": False}, "gpt2"),
    ("GPT2", "LMHeadModel", {"scale_attn_by_inverse_layer_idx": True}, "gpt2"),
    ("GPT2", "LMHeadModel", {"reorder_and_upcast_attn": True}, "gpt2"),
    ("GPT2", "LMHeadModel", {"tie_word_embeddings": False}, "gpt2"),
    ("GPT2", "LMHeadModel", {"n_inner": 50}, "gpt2"),
    ("GPT2", "LMHeadModel", {"n_head": 2}, "gpt2"),
    ("GPT2", "LMHeadModel", {"add_cross_attention": True}, ""),
    ("Bert", "Model", {"layer_norm_eps": 0.01}, "bert"),
    ("Bert", "Model", {"pad_token_id": 5}, "bert"),
    ("Bert", "Model", {"pad_token_id": None}, "bert"),
    ("Bert", "Model", {"type_vocab_size": 1}, "bert"),
    ("Bert", "Model", {"is_decoder": True}, ""),
    ("Bert", "Model", {"position_embedding_type": "relative_key"}, ""),
    ("Bert", "Model", {"an_option_of_tomorrow": 1}, ""),
]


@pytest.mark.parametrize(("name", "head", "changes", "family"), CHANGES)
def test_a_setting_is_heeded_handed_over_or_refused_by_name(
    transformers: Any, name: str, head: str, changes: dict[str, Any], family: str, tmp_path: Path
) -> None:
    fields = {"Bert": BERT, "GPT2": GPT2}.get(name, LLAMA) | changes
    network = saved(transformers, name + head, f"{name}Config", fields, tmp_path)
    runs = agrees_or_is_refused(tmp_path, network, next(iter(changes)))
    assert runs == family or (not family and runs == "transformers")


@pytest.mark.parametrize("name", ["Llama", "Mistral", "Qwen2", "Bert", "GPT2"])
def test_what_a_configuration_leaves_out_is_the_librarys(transformers: Any, name: str) -> None:
    config = getattr(transformers, f"{name}Config")(use_sliding_window=True)  # without it, a window is not kept
    (usual,) = [
        family.SETTINGS.usual[config.model_type]
        for family in families().values()
        if config.model_type in family.SETTINGS.usual
    ]
    left_out = {key: value for key, value in usual.items() if key != "use_sliding_window"}
    assert {key: getattr(config, key) for key in left_out} == left_out


def test_a_short_configuration_means_what_it_means_to_the_library(transformers: Any, tmp_path: Path) -> None:
    network = saved(transformers, "LlamaForCausalLM", "LlamaConfig", LLAMA, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama", "num_attention_heads": 4}))
    assert agrees_or_is_refused(tmp_path, network, "") == "llama"
