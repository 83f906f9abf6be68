"""Every format that checkpoints come in, with every family of networks in it.

Each file is written by the library that writes such files, opened by its content alone, recognised, and run: what it
gives is what the library's own network gives. A family is a line of ``networks.FAMILIES``, a format one of
``formats.FORMATS``.
"""

import json
from pathlib import Path

import pytest
import torch

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.models.families import families

from .formats import FORMATS, averaged, saved
from .networks import FAMILIES, Built, built


def senseless(form: str, family: str) -> str:
    """Return why a format has no files of a family; nothing if it has."""
    row = FAMILIES[family]
    if form == "Hugging Face folder" and not row.hugging_face:
        return "transformers publishes no such network under these names"
    if form == "timm folder" and row.timm is None:
        return "timm publishes no such network under these names"
    return ""


CASES = [(form, family) for form in FORMATS for family in FAMILIES if not senseless(form, family)]


def agrees(checkpoint: Checkpoint, network: Built) -> None:
    """Demand the library's outputs, to 1e-5 of the largest."""
    with torch.inference_mode():
        found = checkpoint.network()(network.x)
    largest = float(network.expected.abs().max())
    assert largest > 0
    torch.testing.assert_close(found, network.expected, atol=1e-5 * largest, rtol=1e-5)


@pytest.mark.parametrize(("form", "family"), CASES)
def test_a_file_is_recognised_and_runs_as_its_library_runs_it(form: str, family: str, tmp_path: Path) -> None:
    write, written = FORMATS[form]
    row, network = FAMILIES[family], built(family, form == "timm folder")
    path = write(network, tmp_path)
    if row.told and form != "Hugging Face folder":
        unknown = open_checkpoint(path)
        assert unknown.architecture is None
        assert "nothing tells how many heads" in unknown.reason
        (tmp_path / "config.json").write_text(json.dumps(row.told))
    checkpoint = open_checkpoint(path)
    assert checkpoint.format.startswith(written)
    architecture = checkpoint.architecture
    assert architecture is not None
    assert (architecture.family, architecture.classes) == (family.partition(",")[0], row.classes)
    assert architecture.vocabulary == row.vocabulary
    if form != "timm folder":
        assert architecture.title == row.title
    agrees(checkpoint, network)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_average_beside_the_weights_is_named_and_opens_by_its_name(family: str, tmp_path: Path) -> None:
    network = built(family)
    path = averaged(network, tmp_path)
    metadata = open_checkpoint(path).metadata
    assert (metadata["weights"], metadata["opened"]) == (["model", "model_ema"], "model")
    average = open_checkpoint(path, "model_ema")
    name = next(iter(dict(network.module.named_parameters())))
    torch.testing.assert_close(average.tensor(name), network.module.state_dict()[name] + 1.0)


def test_two_networks_of_equal_standing_must_be_told_apart(tmp_path: Path) -> None:
    states = {name: built("mlp").module.state_dict() for name in ("generator", "discriminator")}
    with pytest.raises(UserError, match="generator, discriminator") as asked:
        open_checkpoint(saved(states, tmp_path / "a.pt"))
    assert "Say which" in asked.value.next_step


def test_the_corpus_has_every_family() -> None:
    assert {name.partition(",")[0] for name in FAMILIES} == set(families())
    assert len(CASES) == 10 * len(FAMILIES) + sum(
        row.hugging_face + (row.timm is not None) for row in FAMILIES.values()
    )
