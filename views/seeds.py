"""Models that differ by their seed alone: which they are."""

import json
import re
from collections.abc import Hashable, Mapping, Sequence

from ..analysis.trials import DerivedModel, ModelSpec

_SEED = re.compile(r"-seed\d+|, measured with seed \d+")


def seedless(identity: str, specs: Mapping[str, ModelSpec]) -> Hashable:
    """Return what models that differ by their seeds, or by those of what they are made from, have in common."""
    model = specs.get(identity)
    if not isinstance(model, DerivedModel):
        return identity
    parameters = {key: value for key, value in model.parameters.items() if key not in model.references}
    references = tuple(sorted((key, seedless(value, specs)) for key, value in model.references.items()))
    parents = tuple(seedless(parent, specs) for parent in model.parents)
    return model.method, model.version, json.dumps(parameters, sort_keys=True), references, parents


def variants(identities: Sequence[str], specs: Mapping[str, ModelSpec]) -> list[list[int]]:
    """Return the places of models that differ by their seed alone, together, in the order of the first of each."""
    found: dict[Hashable, list[int]] = {}
    for place, identity in enumerate(identities):
        found.setdefault(seedless(identity, specs), []).append(place)
    return list(found.values())


def name_of_variants(names: Sequence[str]) -> str:
    """Return one name for such models: the shared one, and how many seeds there are."""
    shared = {_SEED.sub("", name) for name in names}
    return f"{min(shared)}, {len(names)} seeds"
