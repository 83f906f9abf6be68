"""Heads that nothing tells are found by the weights, or not at all."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.models.heads import head_size_of

ASSETS = Path(__file__).resolve().parents[3] / "assets"
LANGUAGE = ASSETS / "language"


def planted(heads: int, size: int, spread: float, matrices: int = 36) -> list[np.ndarray]:
    """Return rows whose heads differ by a spread, beside differences of 0.1 within each."""
    draws = np.random.default_rng(0)
    own = spread * draws.normal(size=(matrices, heads, 1)) + 0.1 * draws.normal(size=(matrices, heads, size))
    return list(own.reshape(matrices, -1))


def bare(file: Path, folder: Path) -> Checkpoint:
    """Return a network of the program's own without what its file tells."""
    save_file(load_file(file), folder / "bare.safetensors")
    return open_checkpoint(folder / "bare.safetensors")


@pytest.mark.parametrize(("heads", "size"), [(5, 32), (12, 64), (2, 80), (3, 16)])
def test_the_groups_that_rows_fall_into_are_found(heads: int, size: int) -> None:
    assert head_size_of(planted(heads, size, 0.3)) == size


@pytest.mark.parametrize("spread", [0.0, 0.02])
def test_rows_without_clear_groups_tell_nothing(spread: float) -> None:
    assert head_size_of(planted(5, 32, spread)) is None


@pytest.mark.parametrize("rows", [[], [np.zeros(7)], [np.zeros(8), np.zeros(9)], planted(1, 64, 0.3)])
def test_what_has_one_way_of_cutting_or_none_tells_nothing(rows: list[np.ndarray]) -> None:
    assert head_size_of(rows) is None


@pytest.mark.parametrize("blocks", [3, 6])
def test_a_language_model_whose_file_tells_nothing_computes_the_same(blocks: int, tmp_path: Path) -> None:
    told = open_checkpoint(LANGUAGE / f"language-{blocks}.safetensors")
    found = bare(told.path, tmp_path)
    assert found.found == ("heads of 32 channels, by how large their weights are",)
    assert told.found == ()
    assert found.architecture
    assert told.architecture
    inputs = told.architecture.example(2)
    assert found.network()(inputs).equal(told.network()(inputs))


def test_what_is_made_of_it_says_so_too(tmp_path: Path) -> None:
    assert bare(LANGUAGE / "language-3.safetensors", tmp_path).inherited() == {
        "head_dim": 32,
        "found": ["heads of 32 channels, by how large their weights are"],
    }


def test_weights_that_tell_too_little_leave_the_network_named_and_not_run(tmp_path: Path) -> None:
    found = bare(ASSETS / "demo" / "digits-vit.safetensors", tmp_path)
    assert found.architecture is None
    assert "how many heads" in found.reason
    assert found.found == ()
