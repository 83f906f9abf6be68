"""The linear merge, and random mixtures."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from graftwork.analysis.errors import UserError
from graftwork.analysis.methods import METHODS
from graftwork.analysis.methods.merge.tensors import check_same_tensors

Make = Callable[..., Any]


def merged(parents: list[Any], context: Any, **parameters: Any) -> Any:
    method = METHODS.get("merge.linear")
    assert method.fits is not None
    method.fits([(parent.path.name, parent.specs) for parent in parents])
    derivative = method.function(parents, method.check(parameters), context)
    return derivative.facts, {key: derivative.tensor(key) for key in derivative.specs}


def test_default_is_the_mean(make: Make, context: Make) -> None:
    parents = [make(seed) for seed in range(3)]
    _, tensors = merged(parents, context())
    expected = sum(p.tensors["hidden.weight"] for p in parents) / 3
    torch.testing.assert_close(tensors["hidden.weight"], expected)


@pytest.mark.parametrize(("normalise", "shares"), [(True, [0.75, 0.25]), (False, [3.0, 1.0])])
def test_weights(normalise: bool, shares: list[float], make: Make, context: Make) -> None:
    parents = [make(0), make(1)]
    facts, tensors = merged(parents, context(), weights=[3, 1], normalise=normalise)
    expected = sum(s * p.tensors["conv.weight"] for s, p in zip(shares, parents, strict=True))
    torch.testing.assert_close(tensors["conv.weight"], expected)
    assert facts["weights"] == shares


def test_a_model_with_itself_is_itself(make: Make, context: Make) -> None:
    parents = [make(4)] * 4
    _, tensors = merged(parents, context())
    assert all(torch.equal(tensors[key], parents[0].tensors[key]) for key in tensors)


def test_counters_are_the_firsts(make: Make, context: Make) -> None:
    facts, tensors = merged([make(7), make(1)], context())
    assert tensors["norm.num_batches_tracked"].item() == 107
    assert facts["taken_from_first"] == ["norm.num_batches_tracked"]


def test_half_precision_is_added_in_full(make: Make, context: Make) -> None:
    # In bfloat16, 256 + 1 is 256: the ones would be lost one by one.
    parents = [make(**{"head.weight": torch.tensor([value], dtype=torch.bfloat16)}) for value in (256.0, 1, 1, 1, 1)]
    _, tensors = merged(parents, context(), weights=[1] * 5, normalise=False)
    assert tensors["head.weight"].dtype == torch.bfloat16
    assert tensors["head.weight"].item() == 260


def test_all_differences_in_one_error(make: Make, context: Make) -> None:
    other = make(1, **{"head.bias": torch.zeros(5)})
    del other.specs["conv.weight"]
    with pytest.raises(UserError) as caught:
        merged([make(0), other], context())
    assert "conv.weight is missing in seed1.safetensors" in caught.value.problem
    assert "head.bias is 4 in seed0.safetensors and 5 in seed1.safetensors" in caught.value.problem


def test_many_differences_are_counted(make: Make, context: Make) -> None:
    other = make(1)
    other.specs = {}
    with pytest.raises(UserError, match="and 2 more"):
        merged([make(0), other], context())


@pytest.mark.parametrize(
    ("parameters", "text"),
    [({"weights": [1, 2, 3]}, "3 weights for 2 models"), ({"weights": [1, -1]}, "add up to 0")],
)
def test_weights_that_do_not_fit(parameters: dict[str, Any], text: str, make: Make, context: Make) -> None:
    with pytest.raises(UserError, match=text):
        merged([make(0), make(1)], context(), **parameters)


def test_a_random_mixture_is_a_linear_merge_with_weights_of_its_seed(make: Make, context: Make) -> None:
    parents = [make(seed) for seed in range(3)]
    method = METHODS.get("merge.random")
    mixtures = [method.function(parents, method.check({}), context(seed=seed)) for seed in (1, 1, 2)]
    weights = [mixture.facts["weights"] for mixture in mixtures]
    assert weights[0] == weights[1] != weights[2]
    assert sum(weights[0]) == pytest.approx(1)
    assert min(weights[0]) > 0
    _, expected = merged(parents, context(), weights=weights[0])
    for key, tensor in expected.items():
        torch.testing.assert_close(mixtures[0].tensor(key), tensor)


def test_a_high_concentration_draws_nearly_equal_weights(make: Make, context: Make) -> None:
    method = METHODS.get("merge.random")
    mixture = method.function([make(0), make(1)], method.check({"concentration": 1e8}), context(seed=0))
    assert mixture.facts["weights"] == pytest.approx([0.5, 0.5], abs=1e-3)


@pytest.mark.parametrize("lacking", [0, 1])
def test_counters_that_a_parent_lacks_are_left_to_the_first(lacking: int, make: Make, context: Make) -> None:
    parents = [make(0), make(1)]
    del parents[lacking].tensors["norm.num_batches_tracked"]
    del parents[lacking].specs["norm.num_batches_tracked"]
    _, tensors = merged(parents, context())
    assert tensors.keys() == parents[0].tensors.keys()


@pytest.mark.parametrize("dtypes", [(torch.float8_e4m3fn,) * 2, (torch.float8_e5m2, torch.bfloat16)])
def test_numbers_of_a_byte_are_added_in_float32(
    dtypes: tuple[torch.dtype, torch.dtype], make: Make, context: Make
) -> None:
    parents = [
        make(**{"hidden.weight": torch.full((2, 2), float(n)).to(dtype)})
        for n, dtype in zip((1, 3), dtypes, strict=True)
    ]
    found = merged(parents, context())[1]["hidden.weight"]
    assert found.dtype == dtypes[0]
    assert torch.equal(found.float(), torch.full((2, 2), 2.0))


def test_complex_and_real_tensors_are_not_added(make: Make) -> None:
    parents = [make(**{"hidden.weight": torch.ones(2, 2, dtype=dtype)}) for dtype in (torch.float32, torch.complex64)]
    with pytest.raises(UserError, match=r"hidden.weight is complex in 1 alone"):
        check_same_tensors([(str(number), parent.specs) for number, parent in enumerate(parents)])


@pytest.mark.parametrize("value", [60000.0, -60000.0])
@pytest.mark.parametrize(("dtype", "scale"), [(torch.float16, 1.0), (torch.float32, 5e33), (torch.float8_e4m3fn, 5e-3)])
def test_a_sum_beyond_its_number_type_is_refused(
    value: float, dtype: torch.dtype, scale: float, make: Make, context: Make
) -> None:
    parents = [make(**{"head.weight": torch.tensor([1.0, scale * value]).to(dtype)}) for _ in range(2)]
    kind = str(dtype).removeprefix("torch.")
    with pytest.raises(UserError, match=f"^head.weight would reach .* and {kind} ends at"):
        merged(parents, context(), weights=[1, 1], normalise=False)
    assert merged(parents, context())[1]["head.weight"].float().isfinite().all()


def test_what_is_infinite_in_a_parent_may_stay_so(make: Make, context: Make) -> None:
    parents = [make(**{"head.weight": torch.tensor([float("inf"), 1.0])}), make(**{"head.weight": torch.ones(2)})]
    assert merged(parents, context())[1]["head.weight"].tolist() == [float("inf"), 1]


@pytest.mark.parametrize("name", ["norm.running_var", "norm/moving_variance"])
def test_a_variance_below_zero_is_refused(name: str, make: Make, context: Make) -> None:
    parents = [make(**{name: torch.tensor([1.0, 1.0])}), make(**{name: torch.tensor([1.0, 4.0])})]
    with pytest.raises(UserError, match=rf"^{name} would be a variance below zero \(-2\)"):
        merged(parents, context(), weights=[2, -1])
    assert merged(parents, context(), weights=[1.2, -0.2])[1][name].tolist() == pytest.approx([1, 0.4])


def test_other_tensors_may_be_negative(make: Make, context: Make) -> None:
    parents = [make(**{"head.weight": torch.tensor([1.0])}), make(**{"head.weight": torch.tensor([4.0])})]
    assert merged(parents, context(), weights=[2, -1])[1]["head.weight"].item() == -2
