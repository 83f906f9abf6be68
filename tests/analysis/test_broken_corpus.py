"""Broken, hostile and foreign files: one clear sentence each, nothing run, nothing written, little memory taken."""

import os
from pathlib import Path

import pytest

from graftwork.analysis.data import open_data
from graftwork.analysis.models import describe
from graftwork.analysis.trials import DataSpec

from .broken import refused_well
from .data.broken_data import DATA
from .models.broken_checkpoints import CHECKPOINTS

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs pipes and links")


@pytest.mark.parametrize("name", DATA)
def test_a_broken_data_set_gets_one_sentence(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = DATA[name]

    def use(path: Path) -> None:
        with open_data(DataSpec(name="set", path=str(path), content="-", **broken.fields)) as data:
            list(data.batches(4))

    refused_well(broken, tmp_path, monkeypatch, use)


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_broken_checkpoint_gets_one_sentence(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused_well(CHECKPOINTS[name], tmp_path, monkeypatch, describe)


def test_the_corpus_is_large() -> None:
    assert len(CHECKPOINTS) > 100
    assert len(DATA) > 150
