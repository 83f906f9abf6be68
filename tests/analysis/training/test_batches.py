"""Batches: every sample once a pass, by seed and step alone."""

from typing import Any

import numpy as np
import pytest
import torch

from graftwork.analysis.data import Prepared, open_data
from graftwork.analysis.errors import UserError
from graftwork.analysis.training import Batches, TrainingParameters
from graftwork.analysis.training.batches import generator, overview, shifted_and_mirrored
from graftwork.analysis.trials import DataSpec


def batches(data: Any, seed: int = 0, **values: Any) -> Batches:
    parameters = TrainingParameters.model_validate({"data": "d", "batch": 30, **values})
    return Batches(data, parameters, seed, torch.device("cpu"))


def test_a_pass_holds_every_sample_once_with_its_label(digits: Prepared) -> None:
    found = torch.cat([batch.inputs for batch in batches(digits, batch=40).from_step(0)])
    labels = torch.cat([batch.labels for batch in batches(digits, batch=40).from_step(0)])
    plain = digits.take(np.arange(len(digits)))
    places = [int((plain == one).flatten(1).all(1).nonzero()[0]) for one in found]
    assert sorted(places) == list(range(len(digits)))
    assert places != sorted(places)
    assert labels.tolist() == digits.labels[places].tolist()


def test_one_pass_follows_another_without_a_gap(digits: Prepared) -> None:
    stream = batches(digits, batch=30, steps=20)
    samples = torch.cat([batch.inputs for batch in stream.from_step(0)])
    first, second, third = samples[:200], samples[200:400], samples[400:600]
    for one in (second, third):
        assert not torch.equal(first, one)
        torch.testing.assert_close(first.sum(0), one.sum(0))


def test_training_can_begin_at_any_step(digits: Prepared) -> None:
    whole = list(batches(digits, steps=9, augment="crop_flip").from_step(0))
    rest = list(batches(digits, steps=9, augment="crop_flip").from_step(5))
    assert all(torch.equal(a.inputs, b.inputs) for a, b in zip(whole[5:], rest, strict=True))


def test_another_seed_is_another_order(digits: Prepared) -> None:
    assert not torch.equal(batches(digits).first().inputs, batches(digits, seed=1).first().inputs)


def test_what_is_held_out_is_not_trained_on(digits: Prepared) -> None:
    stream = batches(digits, held_out=0.25, steps=30)
    assert len(stream.held) == 50
    assert set(stream.held) | set(stream.training) == set(range(200))
    assert not set(stream.held) & set(stream.training)
    held = torch.cat([batch.inputs for batch in stream.held_out()])
    torch.testing.assert_close(held, digits.take(stream.held), rtol=0, atol=0)


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_a_share_that_leaves_nothing_is_refused(share: float, digits: Prepared) -> None:
    with pytest.raises(UserError, match="Choose another share"):
        batches(digits, held_out=share)


def test_samples_can_be_taken_in_any_order(digits: Prepared) -> None:
    whole = torch.cat(list(digits.batches(64)))
    assert torch.equal(digits.take(np.array([7, 3, 3, 150])), whole[[7, 3, 3, 150]])


def test_an_overview_is_spread_over_the_set(digits: Prepared) -> None:
    found = overview(digits, torch.device("cpu"), 5)
    assert torch.equal(found.inputs, digits.take(np.array([0, 50, 100, 149, 199])))
    assert found.labels.tolist() == digits.labels[[0, 50, 100, 149, 199]].tolist()
    assert len(overview(digits, torch.device("cpu"), 500).inputs) == 200


def test_images_are_moved_and_mirrored_one_by_one() -> None:
    images = torch.rand(64, 3, 16, 8, generator=torch.Generator().manual_seed(0))
    moved = shifted_and_mirrored(images, generator("test"))
    padded = torch.nn.functional.pad(images, (1, 1, 2, 2))
    choices = set()
    for image, found in zip(padded, moved, strict=True):
        options = {
            (down, right, mirrored): window.flip(2) if mirrored else window
            for down in range(5)
            for right in range(3)
            for window in [image[:, down : down + 16, right : right + 8]]
            for mirrored in (False, True)
        }
        choices |= {which for which, option in options.items() if torch.equal(option, found)}
    assert len(choices) > 20  # of 30
    assert {mirrored for *_, mirrored in choices} == {False, True}


def test_what_is_no_image_cannot_be_mirrored() -> None:
    spec = DataSpec(name="d", path="digits", content="digits", normalise="digits", limit=20)
    data = open_data(spec)
    data.kind = "numbers"
    with pytest.raises(UserError, match="Numbers cannot be cropped"):
        batches(data, augment="crop_flip")
