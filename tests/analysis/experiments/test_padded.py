"""Networks that mask padding mask what the data are filled up with, and without a word nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graftwork.analysis.workspace import Workspace
from tests.executing import carry_out

from ..models.publishers import library

TOKENS = np.random.default_rng(0).integers(0, 20, (24, 6))
TOKENS[:, 0] = 0
LENGTHS = np.arange(24) % 4 + 3
FIELDS = {
    "vocab_size": 23,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 8,
    "num_labels": 3,
    "pad_token_id": 0,
}
RECIPE = """
[[model]]
name = "net"
path = "net"
[[data]]
name = "set"
path = "set.npz"
[measure]
data = "set"
what = ["accuracy"]
"""


@pytest.fixture(scope="module", params=["Bert", "DistilBert"])
def network(request: pytest.FixtureRequest) -> Any:
    """Return a network of a family of ours, or of a library, whose classes depend on every token that it sees."""
    transformers = library("transformers")
    torch.manual_seed(0)
    config = getattr(transformers, f"{request.param}Config")(**FIELDS, initializer_range=0.5)
    return getattr(transformers, f"{request.param}ForSequenceClassification")(config).eval()


@pytest.mark.heavy("transformers is imported")
@pytest.mark.parametrize("filler", [0, 21, None])
def test_what_is_masked_is_what_fills_up(filler: int | None, network: Any, tmp_path: Path) -> None:
    network.save_pretrained(tmp_path / "net")
    real = np.arange(6) < LENGTHS[:, None] if filler is not None else np.ones_like(TOKENS, bool)
    tokens = np.where(real, np.maximum(TOKENS, filler == 0), filler or 0)
    with torch.inference_mode():
        given = network(torch.from_numpy(tokens), attention_mask=torch.from_numpy(real).long()).logits.argmax(1)
    masked: dict[str, Any] = {} if filler is None else {"lengths": LENGTHS}
    np.savez(tmp_path / "set.npz", input_ids=tokens, labels=given.numpy(), **masked)
    assert len(set(given.tolist())) > 1
    with Workspace.create(tmp_path / "w.graft") as space:
        carry_out(space, RECIPE, tmp_path)
        (accuracy,) = (value.value for value in space.values() if value.measure == "accuracy")
    assert accuracy == 1
