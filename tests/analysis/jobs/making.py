"""Trials for tests of the queue: small, and about no file."""

from graftwork.analysis.trials import DerivedModel, ModelSpec, SourceModel, Trial

SOURCE = SourceModel(name="source", path="/nowhere", content="source")


def child(name: str, *parents: ModelSpec) -> DerivedModel:
    """Return a model that is told from others by its name."""
    return DerivedModel(
        name=name,
        method="prune.magnitude",
        version=1,
        parameters={"name": name},
        parents=tuple(p.identity for p in parents),
    )


def trial(model: ModelSpec, *inputs: ModelSpec, seed: int = 0) -> Trial:
    """Return a trial that measures nothing."""
    return Trial(model=model, inputs={i.identity: i for i in inputs}, seed=seed)
