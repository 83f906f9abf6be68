"""Padding is what a mask, a length or a tokenizer says; no token is padding by itself."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from graftwork.analysis.data import Prepared, open_data
from graftwork.analysis.data.contents import contents_of
from graftwork.analysis.errors import UserError
from graftwork.analysis.features.extraction import _lengths
from graftwork.analysis.trials import DataSpec

OWN = np.array([[4, 0, 5, 9], [0, 3, 9, 9], [7, 8, 6, 0]])
MASK = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]])


def opened(path: Path, **fields: Any) -> Prepared:
    return open_data(DataSpec(name="set", path=str(path), content="-", **fields))


def saved(folder: Path, kind: str, arrays: dict[str, NDArray[Any]]) -> Path:
    path = folder / f"set.{kind}"
    if kind == "npz":
        np.savez(path, **arrays)  # type: ignore[arg-type]
    elif kind == "npy":
        np.save(path, arrays["tokens"])
    else:
        with h5py.File(path, "w") as file:
            for name, values in arrays.items():
                file[name] = values
    return path


@pytest.mark.parametrize("kind", ["npy", "npz", "h5"])
def test_without_a_word_every_token_counts(kind: str, tmp_path: Path) -> None:
    with opened(saved(tmp_path, kind, {"tokens": OWN - 4 * (OWN == 4)})) as data:
        assert data.pad is None
        assert _lengths(data.take(np.arange(3)), data) is None
        spec = DataSpec(name="set", path="", content="-")
        assert len(np.unique(contents_of(spec, data)[:, 0])) == 3


@pytest.mark.parametrize("kind", ["npz", "h5"])
@pytest.mark.parametrize("what", [("attention_mask", MASK), ("mask", MASK.astype(bool)), ("lengths", MASK.sum(1))])
def test_a_mask_or_lengths_say_which_tokens_fill_up(kind: str, what: tuple[str, Any], tmp_path: Path) -> None:
    with opened(saved(tmp_path, kind, {"input_ids": OWN, what[0]: what[1]})) as data:
        assert data.pad == 9
        lengths = _lengths(data.take(np.arange(3)), data)
    assert lengths is not None
    assert lengths.tolist() == [3, 2, 4]


def test_whole_samples_have_no_padding(tmp_path: Path) -> None:
    with opened(saved(tmp_path, "npz", {"tokens": OWN, "mask": np.ones_like(MASK)})) as data:
        assert data.pad is None


@pytest.mark.parametrize("kind", ["npz", "h5"])
@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"mask": MASK[:, ::-1]}, "before others"),
        ({"mask": np.array([[1, 0, 1, 0]] * 3)}, "before others"),
        ({"mask": 2 * MASK}, "do not say how many"),
        ({"lengths": np.array([1, 2, 5])}, "do not say how many"),
        ({"lengths": np.array([0.5, 2, 3])}, "do not say how many"),
        ({"lengths": np.array([1, 2])}, "do not say how many"),
        ({"tokens": np.where(OWN == 9, 0, OWN), "mask": MASK}, "the token 0, which texts hold"),
        ({"tokens": OWN + np.eye(3, 4, k=3, dtype=int), "mask": MASK}, "several tokens"),
    ],
)
def test_what_says_nothing_clear_is_refused(kind: str, arrays: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=problem):
        opened(saved(tmp_path, kind, {"tokens": OWN} | arrays))


def test_samples_of_several_lengths_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "set.h5", "w") as file:
        ragged = file.create_dataset("tokens", (2,), h5py.vlen_dtype(np.int64))
        ragged[0], ragged[1] = [1, 2], [3]
    np.save(tmp_path / "set.npy", np.array([[1, 2], [3]], object), allow_pickle=True)
    np.savez(tmp_path / "set.npz", tokens=np.array([[1, 2], [3]], object))
    for kind in ("h5", "npy", "npz"):
        with pytest.raises(UserError) as refused:
            opened(tmp_path / f"set.{kind}")
        assert "save their lengths beside them" in refused.value.next_step


def tokenizer(folder: Path, vocabulary: list[str], special: list[str], pad: str | None = None) -> str:
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({word: n for n, word in enumerate(vocabulary)}, "[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.add_special_tokens(special)
    if pad:
        made.enable_padding(pad_id=made.token_to_id(pad), pad_token=pad)
    made.save(str(folder / "tokenizer.json"))
    (folder / "set.txt").write_text("cut and join\njoin cut\n")
    return str(folder / "tokenizer.json")


WORDS = ["cut", "and", "join", "[UNK]"]


@pytest.mark.parametrize(
    ("special", "pad", "expected", "said"),
    [
        (["<s>", "[PAD]"], None, 5, False),
        (["<s>", "<|my_pad|>"], None, 5, False),
        (["<s>", "</s>"], "</s>", 5, False),
        (["[UNK]", "<|end|>"], None, 4, True),
    ],
)
def test_a_tokenizers_own_token_fills_up(
    special: list[str], pad: str | None, expected: int, said: bool, tmp_path: Path
) -> None:
    path = tokenizer(tmp_path, WORDS, special, pad)
    with opened(tmp_path / "set.txt", tokenizer=path, length=4) as data:
        assert data.pad == expected
        assert data.take(np.arange(2)).tolist() == [[0, 1, 2, expected], [2, 0, expected, expected]]
        lengths = _lengths(torch.tensor([[2, 0, expected, expected]]), data)
    assert lengths is not None
    assert lengths.tolist() == [2]
    assert any("<|end|>, which no text gives" in remark for remark in data.remarks) == said


def test_a_tokenizer_without_any_such_token_fills_nothing_up(tmp_path: Path) -> None:
    path = tokenizer(tmp_path, WORDS, ["[UNK]"])
    with opened(tmp_path / "set.txt", tokenizer=path, length=2) as data:
        assert (data.pad, data.take(np.arange(2)).tolist()) == (None, [[0, 1], [2, 0]])
    with (
        opened(tmp_path / "set.txt", tokenizer=path, length=3) as data,
        pytest.raises(UserError, match="2 of 3 tokens"),
    ):
        data.take(np.arange(2))
