"""Trains the language models that come along: ``python assets/language/train.py``.

They learn to continue text character by character, from the docstrings of Python's standard library, which every
installation has. Writes each network, the characters that they know and their lines of the model card beside this file.
"""

import ast
import json
import math
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from graftwork.analysis.models import TensorSpec, open_checkpoint, write_checkpoint
from graftwork.analysis.models.families.gpt2 import GPT2

HERE = Path(__file__).resolve().parent
HELD_OUT = HERE / "held-out.txt"
CHARACTERS = [chr(code) for code in (10, *range(32, 127))]
"""The newline and printable ASCII; whatever else occurs becomes a question mark."""
DEPTHS = (3, 6)
_WIDTH, _HEADS = 160, 5
_TABLE = ("<!-- made by train.py: begin -->\n", "<!-- made by train.py: end -->\n")


@dataclass(frozen=True)
class Training:
    """AdamW over a rising and falling learning rate, on windows drawn at random.

    Attributes
    ----------
    steps, batch, length : int
        Steps, windows a step, characters a window.
    learning_rate : float
        The highest.
    seed : int
        Of weights and windows.
    """

    steps: int = 3000
    batch: int = 32
    length: int = 128
    learning_rate: float = 2e-3
    seed: int = 0


def main() -> None:
    """Train every depth, and renew the model card."""
    text = docstrings()
    (HERE / "characters.json").write_text(json.dumps(CHARACTERS), encoding="utf-8")
    for depth in DEPTHS:
        training = Training()
        network = train(depth, encode(text), training)
        save(HERE / f"language-{depth}.safetensors", network, depth, training)
    _renew_card(baselines(text))


def docstrings() -> str:
    """Return every docstring of the standard library's modules, in the order of their paths."""
    library = Path(sysconfig.get_paths()["stdlib"])
    files = sorted(path for path in library.rglob("*.py") if not {"test", "tests", "site-packages"} & set(path.parts))
    return "\n\n".join(text for file in files for text in _docstrings_of(file))


def _docstrings_of(file: Path) -> Iterator[str]:
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, OSError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found = ast.get_docstring(node)
            if found:
                yield found


def encode(text: str) -> Tensor:
    """Return a text's characters as their places in `CHARACTERS`, (length,)."""
    places = {character: place for place, character in enumerate(CHARACTERS)}
    unknown = places["?"]
    return torch.tensor([places.get(character, unknown) for character in text])


def fresh(depth: int) -> GPT2:
    """Return a network with random weights; it knows one token more than there are characters, which pads."""
    sizes = {"inner": [_WIDTH] * depth, "hidden": [4 * _WIDTH] * depth, "head_dim": _WIDTH // _HEADS}
    network = GPT2(
        {
            "widths": [_WIDTH],
            "vocabulary": len(CHARACTERS) + 1,
            "length": Training.length,
            "prefix": "",
            "tied": True,
            **sizes,
        }
    )
    for name, tensor in network.named_parameters():
        if tensor.ndim == 2:
            scale = 0.02 / math.sqrt(2 * depth) if name.endswith("c_proj.weight") else 0.02
            torch.nn.init.normal_(tensor, std=scale)
    return network


def train(depth: int, tokens: Tensor, training: Training) -> GPT2:
    """Return a network that was trained on the tokens (length,)."""
    torch.manual_seed(training.seed)
    network = fresh(depth)
    optimiser = torch.optim.AdamW(network.parameters(), training.learning_rate, (0.9, 0.95), weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, training.learning_rate, training.steps, pct_start=0.1)
    for step in range(training.steps):
        starts = torch.randint(len(tokens) - training.length, (training.batch, 1))
        windows = tokens[starts + torch.arange(training.length)]
        loss = F.cross_entropy(network(windows)[:, :-1].flatten(0, 1), windows[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            sys.stdout.write(f"{depth} blocks, step {step}: {loss.item() / math.log(2):.3f} bits\n")
            sys.stdout.flush()
    return network.eval()


def bits(network: torch.nn.Module, text: str) -> float:
    """Return the bits that a text's characters cost on average, each guessed from up to 127 before it.

    Windows overlap by half, and of each the second half counts, so that every guess has 64 characters to go by.
    """
    tokens = encode(text)
    length, half = Training.length, Training.length // 2
    windows = tokens.unfold(0, length, half)
    with torch.inference_mode():
        logits = network(windows)[:, half - 1 : -1]
    return float(F.cross_entropy(logits.flatten(0, 1), windows[:, half:].flatten())) / math.log(2)


def baselines(text: str) -> tuple[float, float]:
    """Return the bits a character of the held-out text, guessed by frequency alone, and from the one before it."""
    held_out = _known(HELD_OUT.read_text(encoding="utf-8"))
    text = _known(text)
    single, pairs = Counter(text), Counter(pairwise(text))
    size = len(CHARACTERS)
    alone = sum(math.log2((single[c] + 1) / (len(text) + size)) for c in held_out)
    after = sum(math.log2((pairs[p] + 1) / (single[p[0]] + size)) for p in pairwise(held_out))
    return -alone / len(held_out), -after / (len(held_out) - 1)


def _known(text: str) -> str:
    return "".join(character if character in CHARACTERS else "?" for character in text)


def save(path: Path, network: GPT2, depth: int, training: Training) -> None:
    """Write the network in float16, with what it costs on the held-out text as it then is."""
    state = {name: tensor.half() for name, tensor in network.state_dict().items()}
    specs = {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}
    network.load_state_dict({name: tensor.float() for name, tensor in state.items()})
    write_checkpoint(
        path,
        specs,
        state.__getitem__,
        {
            "name": path.stem,
            "bits": bits(network, HELD_OUT.read_text(encoding="utf-8")),
            "heads": _HEADS,
            "blocks": depth,
            "training": asdict(training),
            "licence": "MIT",
        },
    )


def card_rows(guesses: Sequence[float]) -> Iterator[str]:
    """Give the lines of the model card's table."""
    yield "| network | parameters | bits a character |\n|---|---|---|\n"
    for name, cost in zip(("characters by frequency", "characters by the one before"), guesses, strict=True):
        yield f"| {name} | – | {cost:.3f} |\n"
    for depth in DEPTHS:
        checkpoint = open_checkpoint(HERE / f"language-{depth}.safetensors")
        parameters = sum(spec.size for spec in checkpoint.specs.values())
        yield f"| `language-{depth}` | {parameters:,} | {checkpoint.metadata['graftwork']['bits']:.3f} |\n"


def _renew_card(guesses: Sequence[float]) -> None:
    card = HERE / "README.md"
    before, rest = card.read_text(encoding="utf-8").split(_TABLE[0])
    after = rest.split(_TABLE[1])[1]
    card.write_text(before + _TABLE[0] + "".join(card_rows(guesses)) + _TABLE[1] + after, encoding="utf-8")


if __name__ == "__main__":
    main()
