"""Text as tokens: bytes, characters of a vocabulary, or a tokenizer file's."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from .labelled import Labels
from .rows import RowSource

_SHOWN = 80  # characters of a text that name its sample
_PADS = ("[PAD]", "<pad>", "<|pad|>", "<PAD>")

Encode = Callable[[Sequence[str]], list[list[int]]]


def text_source(
    spec: DataSpec, texts: Sequence[str], labelled: Labels, further: Mapping[str, NDArray[Any]] | None = None
) -> RowSource:
    """Make samples of texts: tokens, cut and padded to the length that ``spec`` declares, made when they are read.

    Raises
    ------
    UserError
        If there are none, or the tokenizer cannot be used.
    """
    if not texts:
        raise UserError(f"'{spec.path}' holds no text.", "Give at least one line.")
    encode, pad, vocabulary = open_tokenizer(spec.tokenizer)

    def read(samples: NDArray[np.int64]) -> NDArray[np.int64]:
        tokens = np.full((len(samples), spec.length), pad, np.int64)
        for row, found in enumerate(encode([texts[sample] for sample in samples])):
            tokens[row, : len(found)] = found[: spec.length]
        return tokens

    names = [text[:_SHOWN] for text in texts]
    told: dict[str, Any] = {"names": names, "further": further, "pad": pad, "vocabulary": vocabulary}
    return RowSource(spec.path, "tokens", (spec.length,), labelled, read, **told)


def open_tokenizer(path: str | None) -> tuple[Encode, int, int]:
    """Return a tokenizer, the token that it pads with, and the number that no token of it reaches.

    Without a file, a text's UTF-8 bytes are its tokens, each one higher, and 0 pads. A JSON list of characters gives
    each its place, and pads with the place after the last. A Hugging Face ``tokenizer.json`` is run by the package
    tokenizers.

    Raises
    ------
    UserError
        If the file is neither, cannot be read, or needs a package that is missing.
    """
    if path is None:
        return _bytes, 0, 257
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"The tokenizer '{path}' cannot be read.", "Name a tokenizer.json, or a JSON list of characters."
        ) from error
    if isinstance(content, list) and all(isinstance(item, str) and len(item) == 1 for item in content):
        return _characters(content, path), len(content), len(content) + 1
    return _hugging_face(path)


def _bytes(texts: Sequence[str]) -> list[list[int]]:
    return [[byte + 1 for byte in text.encode()] for text in texts]


def _characters(vocabulary: list[str], path: str) -> Encode:
    places = {character: place for place, character in enumerate(vocabulary)}

    def encode(texts: Sequence[str]) -> list[list[int]]:
        try:
            return [[places[character] for character in text] for text in texts]
        except KeyError as error:
            raise UserError(
                f"The vocabulary '{path}' lacks the character {error.args[0]!r}.", "Add it, or take it out of the text."
            ) from error

    return encode


def _hugging_face(path: str) -> tuple[Encode, int, int]:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise UserError(
            f"The tokenizer '{path}' needs the package tokenizers.", "Install it: pip install 'graftwork[text]'."
        ) from error
    try:
        tokenizer = Tokenizer.from_file(path)
    except Exception as error:  # the library raises plain exceptions alone
        raise UserError(f"'{path}' is not a tokenizer file.", "Name the model's tokenizer.json.") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    pads = (tokenizer.token_to_id(token) for token in _PADS)
    pad = next((found for found in pads if found is not None), 0)

    def encode(texts: Sequence[str]) -> list[list[int]]:
        try:
            return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
        except Exception as error:
            raise UserError(
                f"The tokenizer '{path}' cannot turn the text into tokens.",
                "Name one with a token for the unknown.",
            ) from error

    return encode, pad, 1 + max(tokenizer.get_vocab().values(), default=0)
