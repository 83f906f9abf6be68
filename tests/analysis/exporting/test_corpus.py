"""Every family, changed in every way and exported in every format: equal outputs, or the sentence that says why not."""

from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import Checkpoint, open_checkpoint

from ..models.networks import FAMILIES, built
from .conftest import CHANGES, Changed, Send, alike, outputs

OF_TRANSFORMERS = [family for family, row in FAMILIES.items() if row.hugging_face]
EDITED = ("factored", "cut")
REFUSED = ("A plain state dict cannot hold how this network is edited", "What was written computes something else")
FEW = ("resnet_cifar", "mobilenet_v2", "vit", "gpt2", "llama", "mlp")


def same(found: Checkpoint, model: Checkpoint, family: str, share: float = 1e-5) -> bool:
    return alike(outputs(found, built(family).x), outputs(model, built(family).x), share)


@pytest.mark.heavy("a library's networks are built and changed, once for each family")
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("family", FAMILIES)
def test_safetensors_open_as_what_they_were(
    family: str, change: str, changed: Changed, send: Send, tmp_path: Path
) -> None:
    model = changed(family, change)
    send(model, tmp_path / "out.safetensors")
    found = open_checkpoint(tmp_path / "out.safetensors")
    assert found.architecture is not None
    assert model.architecture is not None
    assert found.architecture.title == model.architecture.title
    assert found.structure() == model.structure()
    assert found.metadata.get("quantised") == model.metadata.get("quantised")
    assert same(found, model, family, 0.0)
    assert [made["identity"] for made in found.metadata["graftwork"]["lineage"]] == ["0" * 64]


@pytest.mark.heavy("a library's networks are built and changed, once for each family")
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("family", FEW)
def test_a_state_dict_computes_the_same_or_is_refused(
    family: str, change: str, changed: Changed, send: Send, tmp_path: Path
) -> None:
    model = changed(family, change)
    try:
        send(model, tmp_path / "out.pth")
    except UserError as refused:
        said = refused.problem
    else:
        said = ""
    if said or change == "factored":
        assert (change in EDITED, said.startswith(REFUSED), list(tmp_path.iterdir())) == (True, True, [])
        return
    found = open_checkpoint(tmp_path / "out.pth")
    assert all(found.tensor(name).equal(model.tensor(name)) for name in model.specs)
    assert found.architecture is None or same(found, model, family)


@pytest.mark.heavy("networks of libraries are traced")
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("family", ["resnet_cifar", "vit", "gpt2"])
def test_a_program_computes_the_same_for_any_batch(
    family: str, change: str, changed: Changed, send: Send, tmp_path: Path
) -> None:
    model = changed(family, change)
    assert send(model, tmp_path / "out.pt2")["difference"] <= 1e-5
    assert open_checkpoint(tmp_path / "out.pt2").format == "exported program"


def test_a_program_that_unrolls_a_loop_is_refused(changed: Changed, send: Send, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="takes inputs of one size alone, 2 × 12"):
        send(changed("recurrent", "plain"), tmp_path / "out.pt2")
    assert not list(tmp_path.iterdir())


@pytest.mark.heavy("networks of transformers are built, and loaded again")
@pytest.mark.parametrize("change", [*CHANGES, "omitted"])
@pytest.mark.parametrize("family", OF_TRANSFORMERS)
def test_transformers_loads_the_folder_or_a_sentence_says_why_not(
    family: str, change: str, changed: Changed, send: Send, tmp_path: Path
) -> None:
    model, out = changed(family, change), tmp_path / "out"
    if change in ("factored", "omitted"):
        with pytest.raises(UserError, match="transformers cannot build"):
            send(model, out)
        assert not list(tmp_path.iterdir())
        return
    assert send(model, out)["difference"] <= 1e-5
    assert same(open_checkpoint(out), model, family)
    assert (out / "tokenizer.json").exists() == (change == "plain")  # beside a lone file there is none
    assert "## Made from" in (out / "README.md").read_text()


@pytest.mark.heavy("networks of timm are built, and loaded again")
@pytest.mark.parametrize("change", ["plain", "packed", "cut", "factored"])
def test_timm_loads_the_folder_or_a_sentence_says_why_not(
    change: str, changed: Changed, send: Send, tmp_path: Path
) -> None:
    model = changed("vit of timm", change)
    if change == "factored":
        with pytest.raises(UserError, match="timm cannot build a layer in another form"):
            send(model, tmp_path / "out")
        return
    assert send(model, tmp_path / "out")["difference"] <= 1e-5
    assert same(open_checkpoint(tmp_path / "out"), model, "vit")
