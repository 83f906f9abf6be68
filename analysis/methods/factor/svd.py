"""Replace layers by the two factors of their truncated singular value decomposition."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import torch
from torch import Tensor

from ...errors import UserError
from ...models import Checkpoint, TensorSpec, Weight
from ...models.layer_names import fitting, layer_of
from ...models.structure import Replace
from ...models.structure.forms.factors import suits
from ...registry import Parameters, parameter
from .. import METHODS, Derivative, MethodContext
from ..editing import edited
from .ranks import SCOPES, Spectrum


class SvdParameters(Parameters):
    """How much of which layers is kept."""

    keep: float = parameter(
        0.5, "Share of the layers' weights that their factors have; by energy, of their squared norm.", gt=0, le=1
    )
    scope: Literal["global", "layer", "energy"] = parameter(
        "global", "One budget for all layers, the same share of each, or the rank that keeps enough of each one's norm."
    )
    layers: tuple[str, ...] = parameter(
        (), "Patterns of the layers that are factored; all but the classifier where none is.", patterns="weights"
    )


@METHODS.register(
    "factor.svd",
    title="Truncated SVD",
    citation="Eckart & Young 1936, The approximation of one matrix by another of lower rank; for networks Denton et "
    "al. 2014, arXiv:1404.0736",
    reshapes=True,
)
def svd(parents: Sequence[Checkpoint], parameters: SvdParameters, context: MethodContext) -> Derivative:
    """Put two thin layers in the place of linear layers and convolutions: W ≈ (U√Σ)(√ΣVᵀ), cut to a rank.

    A convolution becomes one with its kernel to ``rank`` channels and one of 1×1. Ranks come from singular values in
    float64. Layers whose factors would be no smaller stay whole, as do those in groups and tied ones.

    Raises
    ------
    UserError
        If the network is not recognised, has no such layers, or a weight is not a number.
    """
    parent = parents[0]
    weights = _chosen(parent, parameters)
    spectra = {}
    for done, (name, weight) in enumerate(weights.items()):
        context.ticket.progress(done, len(weights), "singular values")
        spectra[name] = Spectrum(weight.rows, weight.size // weight.rows, _values(parent, weight))
    ranks = SCOPES[parameters.scope](spectra, parameters.keep)
    cut = {name: rank for name, rank in ranks.items() if rank <= spectra[name].most}
    factors = _Factors(parent, weights, cut, context)
    edits = [Replace(layer=layer_of(name), form="factors", options={"rank": rank}) for name, rank in cut.items()]
    return edited(parent, edits, _facts(spectra, cut), factors.tensor, factors.dtypes())


def _chosen(parent: Checkpoint, parameters: SvdParameters) -> dict[str, Weight]:
    """Return the weights that can be factored, by name."""
    network = parent.skeleton()
    able = {
        weight.name: weight
        for weight in parent.weights()
        if not weight.tied and weight.name.endswith(".weight") and suits(network.get_submodule(layer_of(weight.name)))
    }
    head = parent.architecture.head if parent.architecture else None
    usual = {name: weight for name, weight in able.items() if layer_of(name) != head}
    if not usual:
        raise UserError(f"{parent.path.name} has no layers that can be factored.", "Choose another network.")
    names = fitting(able, parameters.layers) if parameters.layers else tuple(usual)
    return {name: able[name] for name in names}


def _values(parent: Checkpoint, weight: Weight) -> Any:
    matrix = _matrix(parent, weight)
    if not matrix.isfinite().all():
        raise UserError(
            f"{parent.path.name} cannot be factored: '{weight.name}' is not finite.", "Choose another model."
        )
    return torch.linalg.svdvals(matrix).numpy()


def _matrix(parent: Checkpoint, weight: Weight) -> Tensor:
    return weight.matrix(parent.tensor(weight.name)).double()


def _facts(spectra: dict[str, Spectrum], cut: dict[str, int]) -> dict[str, Any]:
    whole = sum(spectrum.size for spectrum in spectra.values())
    kept = sum(spectrum.cost(cut.get(name, spectrum.most + 1)) for name, spectrum in spectra.items())
    return {
        "kept": kept / whole,
        "rank_by_layer": cut,
        "lost_by_layer": {name: spectra[name].lost(rank) for name, rank in cut.items()},
        "whole": [name for name in spectra if name not in cut],
    }


class _Factors:
    """The factors of weights, one layer's at a time."""

    def __init__(
        self, parent: Checkpoint, weights: dict[str, Weight], ranks: dict[str, int], context: MethodContext
    ) -> None:
        self._parent, self._ranks, self._context = parent, ranks, context
        self._weights = {layer_of(name): weights[name] for name in ranks}
        self._both = lru_cache(maxsize=1)(self._decomposed)

    def dtypes(self) -> dict[str, torch.dtype]:
        """Return those of the new tensors: the weight's, and of a bias its own."""
        found: dict[str, torch.dtype] = {}
        for layer, weight in self._weights.items():
            dtype = self._parent.specs[weight.name].dtype
            found |= {f"{layer}.down.weight": dtype, f"{layer}.up.weight": dtype}
            bias = self._parent.specs.get(f"{layer}.bias")
            found |= {f"{layer}.up.bias": bias.dtype} if bias else {}
        return found

    def tensor(self, name: str, spec: TensorSpec) -> Tensor:
        """Return a tensor of the factors."""
        self._context.ticket.check()
        layer, part, leaf = name.rsplit(".", 2)
        if leaf == "bias":
            return self._parent.tensor(f"{layer}.bias")
        return self._both(layer)[part].reshape(spec.shape).to(spec.dtype)

    def _decomposed(self, layer: str) -> dict[str, Tensor]:
        weight = self._weights[layer]
        rank = self._ranks[weight.name]
        left, values, right = torch.linalg.svd(_matrix(self._parent, weight), full_matrices=False)
        roots = values[:rank].sqrt()
        return {"up": left[:, :rank] * roots, "down": roots[:, None] * right[:rank]}
