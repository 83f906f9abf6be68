"""Text as tokens: bytes, characters of a vocabulary, or a tokenizer file's."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from .labelled import Labels
from .rows import RowSource

_SHOWN = 80  # characters of a text that name its sample
_PADS = ("[PAD]", "<pad>", "<|pad|>", "<PAD>")

Encode = Callable[[Sequence[str]], list[list[int]]]


class Opened(NamedTuple):
    """A tokenizer: what makes tokens, which fills up (None: none can), and what no token reaches.

    ``instead`` is what the filling one is called where the tokenizer names none for it.
    """

    encode: Encode
    pad: int | None
    vocabulary: int
    instead: str = ""


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
    found = open_tokenizer(spec.tokenizer)

    def read(samples: NDArray[np.int64]) -> NDArray[np.int64]:
        encoded = found.encode([texts[sample] for sample in samples])
        if found.pad is None:
            _require_length(spec, encoded)
        tokens = np.full((len(samples), spec.length), found.pad or 0, np.int64)
        for row, own in enumerate(encoded):
            tokens[row, : len(own)] = own[: spec.length]
        return tokens

    names = [text[:_SHOWN] for text in texts]
    told: dict[str, Any] = {"names": names, "further": further, "pad": found.pad, "vocabulary": found.vocabulary}
    remarks = [
        f"The tokenizer of {spec.name} names no token that fills up: {found.instead}, which no text gives, fills texts"
        f" of fewer than {spec.length} tokens up, and counts nowhere."
    ]
    return RowSource(
        spec.path, "tokens", (spec.length,), labelled, read, remarks=remarks if found.instead else (), **told
    )


def _require_length(spec: DataSpec, encoded: Sequence[Sequence[int]]) -> None:
    """Refuse texts that would have to be filled up where no token can do it."""
    shortest = min(map(len, encoded), default=spec.length)
    if shortest < spec.length:
        raise UserError(
            f"A text of '{spec.path}' has {shortest} of {spec.length} tokens, and its tokenizer names none to fill up.",
            'Give the tokenizer such a token, "[PAD]", or write a length that all texts have.',
        )


def open_tokenizer(path: str | None) -> Opened:
    """Return a tokenizer.

    Without a file, a text's UTF-8 bytes are its tokens, each one higher, and 0 pads. A JSON list of characters gives
    each its place, and pads with the place after the last. A Hugging Face ``tokenizer.json`` is run by the package
    tokenizers, and pads with the token that it names for it, or else a special one that no text gives.

    Raises
    ------
    UserError
        If the file is neither, cannot be read, or needs a package that is missing.
    """
    if path is None:
        return Opened(_bytes, 0, 257)
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"The tokenizer '{path}' cannot be read.", "Name a tokenizer.json, or a JSON list of characters."
        ) from error
    if isinstance(content, list) and all(isinstance(item, str) and len(item) == 1 for item in content):
        return Opened(_characters(content, path), len(content), len(content) + 1)
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


def _hugging_face(path: str) -> Opened:
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
    pad, instead = _named_pad(tokenizer), ""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if pad is None:
        pad, instead = _unused(tokenizer)

    def encode(texts: Sequence[str]) -> list[list[int]]:
        try:
            return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
        except Exception as error:
            raise UserError(
                f"The tokenizer '{path}' cannot turn the text into tokens.",
                "Name one with a token for the unknown.",
            ) from error

    return Opened(encode, pad, 1 + max(tokenizer.get_vocab().values(), default=0), instead)


def _named_pad(tokenizer: Any) -> int | None:
    """Return the token that a tokenizer pads with, or that is called so."""
    padding = tokenizer.padding or {}
    named = (padding.get("pad_token"), *_PADS, *(t.content for t in _special(tokenizer).values() if "pad" in t.content))
    found = (tokenizer.token_to_id(token) for token in named if token)
    return next((token for token in found if token is not None), None)


def _unused(tokenizer: Any) -> tuple[int | None, str]:
    """Return a special token that no text gives, and what it is called; that for the unknown is given by some."""
    with suppress(Exception):  # of one that cannot even take nothing, which its texts will tell
        given = {*tokenizer.encode("").ids, *tokenizer.encode("", "").ids}
        free = ((n, token.content) for n, token in _special(tokenizer).items() if n not in given)
        return next(((n, name) for n, name in free if "unk" not in name.lower()), (None, ""))
    return None, ""


def _special(tokenizer: Any) -> dict[int, Any]:
    return {n: token for n, token in sorted(tokenizer.get_added_tokens_decoder().items()) if token.special}
