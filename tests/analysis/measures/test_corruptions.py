"""Robustness to corruptions: on networks and corruptions of which the answer is known."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.data.normalise import normalisation
from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.measures import MEASURES, Column, robustness_corruptions
from graftwork.kernels.corruptions import CORRUPTIONS, corrupt

Make = Callable[..., Any]
ID = "robustness.corruptions"


class Images:
    """Pictures of grey noise, normalised."""

    kind = "images"
    classes = tuple("abcdefg")

    def __init__(self, pixels: np.ndarray, normalise: str = "imagenet") -> None:
        self.pixels = pixels
        self.normalisation = normalisation(normalise, 3)
        self.read = 0

    def __len__(self) -> int:
        return len(self.pixels)

    def batches(self, size: int, start: int = 0) -> Iterator[Tensor]:
        for first in range(start, len(self), size):
            chosen = self.pixels[first : first + size]
            inputs = np.empty(chosen.shape, np.float32)
            self.normalisation.apply(chosen, inputs)
            self.read += len(inputs)
            yield torch.from_numpy(inputs)


class Brightness(nn.Module):
    """Says class 1 of pictures whose pixels are above the middle on average, else class 0."""

    def __init__(self, images: Images) -> None:
        super().__init__()
        self.undo = images.normalisation.undo

    def forward(self, x: Tensor) -> Tensor:
        light = self.undo(x).mean((1, 2, 3)) - 0.5
        return torch.stack([-light, light, *[torch.full_like(light, -9)] * 5], dim=1)


def noise(samples: int = 12, side: int = 32, high: int = 256) -> np.ndarray:
    return np.random.default_rng(0).integers(0, high, (samples, 3, side, side), dtype=np.uint8)


@pytest.fixture
def on(evidence: Make) -> Make:
    """Return a function that gives evidence of the brightness network on images, with labels as it says of them."""

    def build(images: Images, **changed: Any) -> Any:
        network = Brightness(images)
        with torch.no_grad():
            logits = network(torch.cat(list(images.batches(len(images))))).numpy()
        given = evidence(samples=len(images), labels=logits.argmax(1), logits=logits)
        return replace(given, data=images, build=lambda: network, reference=None, **changed)

    return build


def said(evidence: Any, **parameters: Any) -> Any:
    measure = MEASURES.get(ID)
    results: list[Any] = list(measure.function(evidence, measure.check(parameters)))
    columns = {r.name.removeprefix(f"{ID}."): r.values for r in results if isinstance(r, Column)}
    return {r.measure.removeprefix(f"{ID}."): r for r in results if not isinstance(r, Column)}, columns


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make "fog" turn pictures white from severity 3 on, and "snow" turn every second sample black at all of them."""

    def stub(images: Tensor, name: str, severity: int, samples: Tensor) -> Tensor:
        if name == "fog":
            return torch.full_like(images, 255) if severity >= 3 else images
        every_second = (samples & 1).bool().view(-1, 1, 1, 1)
        return torch.where(every_second, torch.zeros_like(images), images)

    monkeypatch.setattr(robustness_corruptions, "corrupt", stub)


@pytest.mark.usefixtures("known")
def test_accuracies_of_known_corruptions(on: Make) -> None:
    pixels = noise(12, high=120)  # dark: class 0, and black stays right
    pixels[:6] += 130  # bright: class 1, and white stays right
    values, columns = said(on(Images(pixels)), corruptions=["fog", "snow"], severities=[1, 3, 5])
    assert [values[f"accuracy.fog.{s}"].value for s in (1, 3, 5)] == [1, 0.5, 0.5]
    assert [values[f"accuracy.snow.{s}"].value for s in (1, 3, 5)] == [0.75] * 3
    assert values["accuracy.fog"].value == pytest.approx(2 / 3)
    assert values["error"].value == pytest.approx((1 / 3 + 0.25) / 2)
    assert values["drop"].value == pytest.approx(values["error"].value)
    assert values["accuracy"].value == pytest.approx(1 - values["error"].value)
    bright_even, bright_odd, dark = [0b10101, 0b10101], [0b10101, 0], [0b00001, 0b10101]
    assert columns["correct"].tolist() == [bright_even, bright_odd] * 3 + [dark] * 6
    np.testing.assert_allclose(columns["survived"], [1, 0.5] * 3 + [4 / 6] * 6)
    expected = np.corrcoef([0] * 6 + [2 / 3] * 6, [0, 1] * 3 + [0] * 6)[0, 1]
    for name in ("redundancy", "redundancy.fog", "redundancy.snow"):
        assert values[name].value == pytest.approx(expected)


class Contrary(Brightness):
    """Says what the brightness network does not."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).flip(1).roll(2, 1)


@pytest.mark.usefixtures("known")
def test_the_error_beside_a_reference_is_the_mean_ratio_of_summed_errors(on: Make) -> None:
    pixels = noise(12, high=120)
    pixels[:6] += 130
    images = Images(pixels)
    given = on(images)
    other = replace(given, reference=replace(given, build=lambda: Contrary(images)))
    chosen: dict[str, Any] = {"corruptions": ["fog", "snow"], "severities": [1, 3, 5]}
    plain, beside = said(given, **chosen)[0], said(other, **chosen)[0]
    fog, snow = 6 * 2, 3 * 3  # errors of the network; the other one errs wherever it does not
    expected = (fog / (36 - fog) + snow / (36 - snow)) / 2
    mce = beside.pop("mce")
    assert mce.value == pytest.approx(expected)
    assert mce.low < mce.value < mce.high
    assert beside == plain
    assert said(replace(other, build=lambda: Contrary(images)), **chosen)[0]["mce"].value == 1


@pytest.mark.usefixtures("known")
def test_weighted_samples_err_as_much_as_they_weigh(on: Make) -> None:
    pixels = noise(12, high=120)
    pixels[:6] += 130
    images, weights = Images(pixels), np.arange(12) % 4 / 3
    given = on(images, weights=weights)
    other = replace(given, reference=replace(given, build=lambda: Contrary(images)))
    values = said(other, corruptions=["fog", "snow"], severities=[1, 3, 5])[0]
    fog, snow = np.repeat([0, 2 / 3], 6), np.repeat([0.0, 1, 0, 1, 0, 1, 0], [1, 1, 1, 1, 1, 1, 6])
    for name, errors in (("fog", fog), ("snow", snow)):
        assert values[f"accuracy.{name}"].value == pytest.approx(1 - np.average(errors, weights=weights))
    mean = np.average((fog + snow) / 2, weights=weights)
    assert values["error"].value == pytest.approx(mean)
    assert values["drop"].value == pytest.approx(mean)
    ratios = [weights @ errors / (weights @ (1 - errors)) for errors in (fog, snow)]
    assert values["mce"].value == pytest.approx(np.mean(ratios))
    assert values["redundancy"].value == pytest.approx(_correlation(fog, snow, weights))


def _correlation(one: np.ndarray, other: np.ndarray, weights: np.ndarray) -> float:
    covariance = np.cov(one, other, aweights=weights)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


@pytest.mark.usefixtures("known")
def test_there_is_no_ratio_to_a_reference_without_errors(on: Make) -> None:
    given = on(Images(noise(4, high=120)))
    chosen: dict[str, Any] = {"corruptions": ["snow"], "severities": [1]}
    assert "mce" not in said(replace(given, reference=given), **chosen)[0]


@pytest.mark.usefixtures("known")
def test_redundancy_is_left_out_where_errors_do_not_vary(on: Make) -> None:
    values, _ = said(on(Images(noise(4, high=120))), corruptions=["snow", "fog"], severities=[1])
    assert values["error"].value == 0
    assert not [name for name in values if name.startswith("redundancy")]


def test_the_network_sees_the_corrupted_pixels_normalised(on: Make) -> None:
    images = Images(noise(5))
    seen: list[Tensor] = []

    class Looking(Brightness):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x)
            return super().forward(x)

    said(replace(on(images), build=lambda: Looking(images)), corruptions=["contrast"], severities=[4])
    spoilt = corrupt(torch.from_numpy(images.pixels), "contrast", 4, torch.arange(5)).numpy()
    expected = np.empty(spoilt.shape, np.float32)
    images.normalisation.apply(spoilt, expected)
    np.testing.assert_array_equal(torch.cat(seen).numpy(), expected)


@pytest.mark.parametrize("normalise", ["imagenet", "cifar10", "none"])
def test_undoing_and_redoing_the_normalisation_changes_no_bit(normalise: str) -> None:
    every = np.broadcast_to(np.arange(256, dtype=np.uint8), (1, 3, 1, 256))
    images = Images(np.ascontiguousarray(every), normalise)
    inputs = next(images.batches(1))
    pixels = (images.normalisation.undo(inputs) * 255).round().byte()
    np.testing.assert_array_equal(pixels.numpy(), images.pixels)
    assert torch.equal(images.normalisation.redo(pixels), inputs)


def test_batches_and_order_of_corruptions_do_not_matter(on: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    images = Images(noise(11))
    first = said(on(images), corruptions=["gaussian_noise", "glass_blur"], severities=[5])
    monkeypatch.setattr(robustness_corruptions, "_BATCH", 4)
    again = said(on(images), corruptions=["glass_blur", "gaussian_noise"], severities=[5])
    assert first[0] == again[0]
    np.testing.assert_array_equal(first[1]["correct"], again[1]["correct"][:, ::-1])


def test_corruptions_and_seeds_draw_differently(on: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []

    def listening(images: Tensor, name: str, severity: int, samples: Tensor) -> Tensor:
        given.extend(samples.tolist())
        return corrupt(images, name, severity, samples)

    monkeypatch.setattr(robustness_corruptions, "corrupt", listening)
    for seed in (0, 1):
        said(on(Images(noise(3)), seed=seed), corruptions=["gaussian_noise", "speckle_noise"], severities=[1])
    assert len(set(given)) == 12


def test_the_data_are_read_once_for_all_corruptions(on: Make) -> None:
    images = Images(noise(6))
    given = on(images)
    images.read = 0
    said(given, corruptions=["contrast", "brightness"], severities=[1, 5])
    assert images.read == 6


def test_all_that_is_said_is_declared(on: Make) -> None:
    declared = {(q.name.removeprefix(f"{ID}."), q.per_sample): q for q in MEASURES.get(ID).entry.quantities}
    values, columns = said(on(Images(noise(8))), severities=[5])
    assert {f"accuracy.{name}.5" for name, c in CORRUPTIONS.items() if c.standard} <= set(values)
    for name, value in values.items():
        assert declared[name.removesuffix(".5"), False].unit == value.unit
        assert value.low is None or value.low <= value.value <= value.high
    assert {name for name, per_sample in declared if per_sample} == set(columns)
    assert columns["correct"].shape == (8, 15)
    assert columns["correct"].dtype == np.uint8


def test_not_a_number_counts_as_wrong(on: Make) -> None:
    given = on(Images(noise(3)))
    lost = replace(given, build=lambda: lambda x: torch.full((len(x), 7), torch.nan))
    assert said(lost, corruptions=["contrast"], severities=[1])[0]["accuracy"].value == 0


def test_a_batch_too_large_for_the_device_is_halved(on: Make) -> None:
    images = Images(noise(7))

    class Small(Brightness):
        def forward(self, x: Tensor) -> Tensor:
            if len(x) > 2:
                raise torch.OutOfMemoryError
            return super().forward(x)

    chosen = {"corruptions": ["glass_blur"], "severities": [3]}
    whole = said(on(images), **chosen)
    assert said(replace(on(images), build=lambda: Small(images)), **chosen)[0] == whole[0]


def test_work_is_reported_and_stops_when_asked(on: Make) -> None:
    ticket = Quiet()
    said(on(Images(noise(4)), ticket=ticket), corruptions=["contrast", "fog"], severities=[1, 2])
    assert ticket.seen == [(0, 16, "Contrast"), (4, 16, "Contrast"), (8, 16, "Fog"), (12, 16, "Fog")]
    with pytest.raises(Cancelled):
        said(on(Images(noise(4)), ticket=Quiet(lambda: True)))


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"corruptions": ["fogg"]}, "'fogg' is none of gaussian_noise"),
        ({"corruptions": []}, "name at least one"),
        ({"severities": [2, 2]}, "each once"),
        ({"severities": [6]}, "severities.0 = 6"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(parameters: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        MEASURES.get(ID).check(parameters)


def test_data_that_cannot_be_corrupted_are_refused(on: Make) -> None:
    with pytest.raises(UserError, match="6 × 6 pixels, and corruptions start at 32"):
        said(on(Images(noise(2, side=6))))
    numbers = Images(noise(2))
    numbers.kind = "numbers"
    with pytest.raises(UserError, match="the data are numbers"):
        said(on(numbers))
    wide = Images(noise(2).astype(np.float32), "none")
    with pytest.raises(UserError, match="beyond 0 to 1"):
        said(on(wide))
