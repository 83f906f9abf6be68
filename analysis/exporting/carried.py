"""What lies beside a model's weights and belongs to it whatever was cut: how its inputs are prepared."""

import shutil
from pathlib import Path

from ..models.sharded_file import stays

_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
    "preprocessor_config.json",
    "processor_config.json",
    "feature_extractor_config.json",
    "generation_config.json",
)


def carry(source: Path, folder: Path) -> None:
    """Copy tokenizer and preprocessor from a source's folder, or the folder of its file, as far as they are there."""
    home = source if source.is_dir() else source.parent
    for name in _FILES:
        if (home / name).is_file() and stays(home, name):
            shutil.copyfile(home / name, folder / name)
