"""Distillation: each loss on a real batch by hand, schedules, scales and alignment."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import Tensor, nn

from graftwork.analysis.data import Prepared
from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.methods import METHODS
from graftwork.analysis.methods.distil.adaptive import AdaptiveParameters, Moving
from graftwork.analysis.methods.distil.features import FeaturesParameters, TaughtLayers
from graftwork.analysis.methods.distil.logits import LogitsParameters, TaughtOutputs
from graftwork.analysis.methods.distil.teaching import LayerPairs
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.models.weight import names_of
from graftwork.analysis.training import Batch, Student

from .conftest import DEMO, apply, context_of, tensors

pytestmark = pytest.mark.heavy("networks are trained")

SHORT: dict[str, Any] = {"steps": 12, "batch": 40, "learning_rate": 0.02}
QUICK: dict[str, Any] = {"steps": 30, "batch": 40, "learning_rate": 0.02, "optimiser": "adamw"}
DISTILLING = ["distil.logits", "distil.features", "distil.adaptive"]


@pytest.fixture(scope="module")
def teacher() -> Checkpoint:
    return open_checkpoint(DEMO / "digits-resnet14.safetensors")


@pytest.fixture
def batch(digits: Prepared) -> Batch:
    return Batch(digits.take(np.arange(16)), torch.from_numpy(digits.labels[:16]))


def logits_of(checkpoint: Checkpoint, batch: Batch) -> Tensor:
    with torch.no_grad():
        return checkpoint.network()(batch.inputs)  # type: ignore[no-any-return]


def student_of(checkpoint: Checkpoint) -> Student:
    return Student(checkpoint.network(), checkpoint).eval()


def test_the_outputs_loss_is_that_of_the_formula(sparse: Checkpoint, teacher: Checkpoint, batch: Batch) -> None:
    parameters = LogitsParameters(data="d", teacher="t", temperature=3.0, hard=0.25)
    terms = TaughtOutputs(teacher.network(), parameters)(student_of(sparse), batch)
    own, taught = logits_of(sparse, batch), logits_of(teacher, batch)
    p, q = (taught / 3).softmax(1), (own / 3).softmax(1)
    torch.testing.assert_close(terms["soft"].detach(), 0.75 * 9 * (p * (p / q).log()).sum(1).mean())
    torch.testing.assert_close(terms["task"].detach(), 0.25 * F.cross_entropy(own, batch.labels))


@pytest.mark.parametrize("method", DISTILLING)
def test_a_student_comes_nearer_to_its_teacher_without_a_label(
    method: str, sparse: Checkpoint, teacher: Checkpoint, digits: Prepared
) -> None:
    made = apply(method, sparse, context_of(digits, models={"teacher": teacher}), **QUICK, hard=0.0)
    curve = made.facts["training"]["curve"]
    assert "task" not in curve[0]
    for name in [key for key in curve[0] if key.endswith(".error")] or ["loss"]:
        assert curve[-1][name] < 0.9 * curve[0][name], name
    for name in names_of(sparse.weights()):
        assert torch.equal(made.tensor(name) == 0, sparse.tensor(name) == 0), name


@pytest.mark.parametrize("method", [*DISTILLING, "distil.guide"])
def test_the_other_network_stays_as_it_was(
    method: str, sparse: Checkpoint, teacher: Checkpoint, digits: Prepared
) -> None:
    network = teacher.network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    teacher_like = open_checkpoint(teacher.path)
    teacher_like.network = lambda: network  # type: ignore[method-assign]
    apply(method, sparse, context_of(digits, models={"teacher": teacher_like, "guide": teacher_like}), **SHORT)
    assert all(torch.equal(network.state_dict()[name], before[name]) for name in before)
    assert not network.training


@pytest.mark.parametrize("method", [*DISTILLING, "distil.guide"])
def test_equal_seeds_distil_equally(method: str, sparse: Checkpoint, teacher: Checkpoint, digits: Prepared) -> None:
    context = context_of(digits, models={"teacher": teacher, "guide": teacher})
    first, again = (tensors(apply(method, sparse, context, **SHORT | {"steps": 3})) for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize("method", DISTILLING)
def test_what_is_interrupted_is_distilled_to_the_same_bits(
    method: str, sparse: Checkpoint, teacher: Checkpoint, digits: Prepared, tmp_path: Path
) -> None:
    left = iter(range(7))
    stopping = Quiet(stop=lambda: next(left, None) is None)
    context = context_of(digits, models={"teacher": teacher}, scratch=tmp_path)
    whole = apply(method, sparse, replace(context, scratch=None), **SHORT)
    with pytest.raises(Cancelled):
        apply(method, sparse, replace(context, ticket=stopping), **SHORT)
    resumed = apply(method, sparse, context, **SHORT)
    assert all(torch.equal(whole.tensor(name), resumed.tensor(name)) for name in whole.specs)
    assert resumed.facts["training"]["curve"] == whole.facts["training"]["curve"]


@pytest.mark.parametrize("name", [*DISTILLING, "distil.guide"])
def test_a_recipe_must_name_the_other_network(name: str) -> None:
    entry = METHODS.get(name)
    with pytest.raises(ValidationError, match="Field required"):
        entry.parameters.model_validate({"data": "d"})
    with pytest.raises(UserError):
        entry.check({"data": "d"})


def test_a_teacher_of_other_classes_is_refused(sparse: Checkpoint, digits: Prepared, shared: Any) -> None:
    other = open_checkpoint(DEMO / "digits-resnet14.safetensors")
    other.architecture = type(other.architecture)(**{**vars(other.architecture), "classes": 7})  # type: ignore[misc]
    with pytest.raises(UserError, match="The teacher tells 7 classes apart"):
        apply("distil.logits", sparse, context_of(digits, models={"teacher": other}), **SHORT)


def moving(**values: Any) -> Moving:
    return Moving(nn.Identity(), AdaptiveParameters.model_validate({"data": "d", "teacher": "t"} | values))


def test_the_target_goes_from_the_student_to_the_teacher_and_never_back() -> None:
    for losses in (np.linspace(3, 1, 50), np.linspace(1, 3, 50), np.random.default_rng(0).uniform(1, 3, 50)):
        objective, places = moving(start=0.2, pace=0.05), [0.2]
        for step, loss in enumerate(losses, start=1):
            objective.now = torch.tensor(loss)
            objective.advance(step, 50)
            places.append(float(objective.place))
        assert all(before <= after for before, after in itertools.pairwise(places))
        assert places[-1] == 1
        assert all(place >= 0.2 + 0.8 * step / 50 - 1e-6 for step, place in enumerate(places))


def test_the_target_runs_ahead_by_the_published_rule() -> None:
    objective = moving(start=0.0, pace=0.5, memory=0.9)
    place, trend, before = 0.0, 0.0, None
    for step, loss in enumerate([2.0, 1.5, 1.6, 1.0], start=1):
        objective.now = torch.tensor(loss)
        objective.advance(step, 1000)
        if before is not None:
            trend = 0.9 * trend + 0.1 * (before - loss) / before
        place = min(1.0, max(step / 1000, place + 0.5 / (1 + np.exp(-trend)) * (1 - place)))
        before = loss
        assert float(objective.place) == pytest.approx(place, rel=1e-5)


def test_the_moving_target_is_between_student_and_teacher(
    sparse: Checkpoint, teacher: Checkpoint, batch: Batch
) -> None:
    own, taught = logits_of(sparse, batch), logits_of(teacher, batch)
    for start in (0.0, 0.3, 1.0):
        parameters = AdaptiveParameters(data="d", teacher="t", start=start, hard=0.0)
        terms = Moving(teacher.network(), parameters)(student_of(sparse), batch)
        p, q = ((1 - start) * own + start * taught).softmax(1), own.softmax(1)
        expected = (p * (p / q).log()).sum(1).mean()
        torch.testing.assert_close(terms["soft"].detach(), expected, rtol=1e-4, atol=1e-6)


def test_the_curve_says_where_the_target_was(sparse: Checkpoint, teacher: Checkpoint, digits: Prepared) -> None:
    made = apply("distil.adaptive", sparse, context_of(digits, models={"teacher": teacher}), **SHORT)
    places = [point["target"] for point in made.facts["training"]["curve"]]
    assert places == sorted(places)
    assert places[-1] == 1


def taught_layers(student: Student, teacher: Checkpoint, batch: Batch, **values: Any) -> TaughtLayers:
    parameters = FeaturesParameters.model_validate({"data": "d", "teacher": "t", "hard": 0.0} | values)
    pairs = LayerPairs(student.parent, teacher, parameters.layers, parameters.teacher_layers)
    objective = TaughtLayers(teacher.network(), pairs, parameters)
    objective.begin(student, batch)
    return objective


def test_a_layers_error_is_its_mean_square(sparse: Checkpoint, teacher: Checkpoint, batch: Batch) -> None:
    student = student_of(sparse)
    objective = taught_layers(student, teacher, batch, layers=["layer2", "logits"])
    with torch.no_grad():
        own, taught = (
            n.layer2(n.layer1(F.relu(n.bn1(n.conv1(batch.inputs)))))  # type: ignore[operator]
            for n in (sparse.network(), teacher.network())
        )
        terms = objective(student, batch)
    outputs = F.mse_loss(logits_of(sparse, batch), logits_of(teacher, batch))
    assert objective.notes() == pytest.approx(
        {"at:layer2.error": float(F.mse_loss(own, taught)), "logits.error": float(outputs)}, rel=1e-5
    )
    assert {name: float(term) for name, term in terms.items()} == pytest.approx({"at:layer2": 0.5, "logits": 0.5})


def test_a_term_is_the_error_over_its_running_mean(sparse: Checkpoint, teacher: Checkpoint, batch: Batch) -> None:
    student = student_of(sparse)
    objective = taught_layers(student, teacher, batch, layers=["stages"])
    with torch.no_grad():
        assert torch.stack(list(objective(student, batch).values())).tolist() == pytest.approx([1 / 3] * 3)
        before = objective.errors.clone()
        student.network.conv1.weight *= 3  # type: ignore[union-attr,operator]
        terms = objective(student, batch)
    now = objective.errors
    assert not torch.allclose(now, before, rtol=0.2)
    torch.testing.assert_close(torch.stack(list(terms.values())), now / (0.9 * before + 0.1 * now) / 3)


def test_terms_stay_within_a_factor_of_three(sparse: Checkpoint, teacher: Checkpoint, digits: Prepared) -> None:
    made = apply("distil.features", sparse, context_of(digits, models={"teacher": teacher}), **SHORT)
    errors = [
        [point[f"{layer}.error"] for layer in ("stage1", "stage2", "stage3", "logits")]
        for point in made.facts["training"]["curve"]
    ]
    assert max(max(each) / min(each) for each in errors) > 5  # what there is to be balanced
    assert 1 <= made.facts["ratio"] < 3


def test_layers_of_other_widths_are_mapped_and_the_maps_learn(
    sparse: Checkpoint, teacher: Checkpoint, digits: Prepared, batch: Batch
) -> None:
    other = {"layers": ["layer1", "layer2"], "teacher_layers": ["layer2", "layer3"]}
    student = student_of(sparse)
    objective = taught_layers(student, teacher, batch, **other)
    assert [tuple(fit.weight.shape[:2]) for fit in objective.maps] == [(16, 8), (32, 16)]  # type: ignore[index]
    made = apply("distil.features", sparse, context_of(digits, models={"teacher": teacher}), **QUICK, **other)
    assert made.specs == sparse.specs
    curve = made.facts["training"]["curve"]
    assert curve[-1]["at:layer2.error"] < 0.8 * curve[0]["at:layer2.error"]


def test_layers_that_do_not_fit_are_refused(teacher: Checkpoint, sparse: Checkpoint, digits: Prepared) -> None:
    with pytest.raises(UserError, match="and its partner"):
        apply(
            "distil.features",
            sparse,
            context_of(digits, models={"teacher": teacher}),
            **SHORT,
            layers=["layer1"],
            teacher_layers=["logits"],
        )


@pytest.mark.parametrize("trained", [True, False])
def test_the_alignment_with_a_guide_rises(trained: bool, dense: Checkpoint, digits: Prepared) -> None:
    guide = open_checkpoint(DEMO / "digits-vit.safetensors")
    values = SHORT | {"trained": trained, "steps": 20, "learning_rate": 0.05}
    made = apply("distil.guide", dense, context_of(digits, models={"guide": guide}), **values)
    before, after = made.facts["cka_before"], made.facts["cka_after"]
    assert list(before) == ["stage1", "stage2", "stage3"]
    assert sum(after.values()) > sum(before.values()) + 0.05
    assert all(0 <= value <= 1 for value in after.values())
