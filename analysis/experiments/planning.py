"""Planning: from a recipe to the trials it stands for.

Everything is checked here, before anything runs: names, parameters, files and data. Lists are swept where the
parameter itself is not a list.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError, unknown
from ..identity import fingerprint
from ..measures import MEASURES
from ..methods import METHODS, Method
from ..models import open_checkpoint
from ..models.layer_names import layer_of
from ..models.weight import names_of
from ..recipe import KEPT, ON_THE_WAY, DataInput, Measuring, ModelInput, Recipe, Step
from ..registry import Registered
from ..trials import DataSpec, DerivedModel, FitSpec, MeasureSpec, ModelSpec, Plan, SourceModel, Trial
from ..trust import is_library, require_trust
from ..wording import counted, natural
from .asked import specs_of
from .checking import check_inputs
from .fitting import plan_fits
from .inputs import data_content
from .outlook import Outlook

_PATTERN = "*?["
_LISTED = 8  # files
EACH = "each"

Fingerprint = Callable[[Path], str]


def plan(
    recipe: Recipe,
    content_of: Fingerprint = fingerprint,
    kept: Mapping[str, ModelSpec] | None = None,
    root: Path | None = None,
) -> Plan:
    """Return the recipe's trials, parents before children.

    Parameters
    ----------
    recipe : Recipe
        With absolute paths (`graftwork.analysis.recipe.anchored`).
    content_of : callable
        Gives a file's fingerprint; a workspace gives remembered ones.
    kept : mapping of str to SourceModel or DerivedModel
        The models that the workspace holds, by name.
    root : Path or None
        The workspace's folder, where there is one.

    Raises
    ------
    UserError
        If a name, parameter or file is wrong; nothing has run then.
    """
    planned = _Planner(recipe, content_of, kept or {}, root).plan()
    return planned.replaced(remarks=check_inputs(planned))


def plan_steps(
    recipe: Recipe, content_of: Fingerprint = fingerprint, kept: Mapping[str, ModelSpec] | None = None
) -> tuple[Plan, Mapping[str, tuple[ModelSpec, ...]]]:
    """Return `plan`, not checked against its files, and the models by their input's name or their step's label."""
    planner = _Planner(recipe, content_of, kept or {})
    return planner.plan(), planner.known


def fits_over(
    recipe: Recipe,
    models: Mapping[str, Sequence[ModelSpec]],
    content_of: Fingerprint = fingerprint,
    kept: Mapping[str, ModelSpec] | None = None,
) -> tuple[FitSpec, ...]:
    """Return the recipe's fits over models, by their input's name or their step's label.

    Raises
    ------
    UserError
        As `plan`.
    """
    planner = _Planner(recipe, content_of, kept or {})
    return plan_fits(recipe, models, planner.data)


def layers_of(
    recipe: Recipe, model: str, content_of: Fingerprint = fingerprint, kept: Mapping[str, ModelSpec] | None = None
) -> tuple[str, ...]:
    """Return the weights that pruning counts of a model, named as a step names it.

    Raises
    ------
    UserError
        As `plan`; or if they are not known before it is made.
    """
    planner = _Planner(recipe, content_of, kept or {})
    planner.plan()
    return planner.weights(planner.models(model)[0], "The recipe")


@dataclass(frozen=True)
class _Group:
    """One or more parents of one operation."""

    names: tuple[str, ...]
    models: tuple[ModelSpec, ...]


class _Planner:
    def __init__(
        self, recipe: Recipe, content_of: Fingerprint, kept: Mapping[str, ModelSpec], root: Path | None = None
    ) -> None:
        self.recipe = recipe
        self.root = root
        self.content_of = content_of
        self.kept = kept
        self.data = {entry.name: self._data_spec(entry) for entry in recipe.data}
        self.known: dict[str, tuple[ModelSpec, ...]] = {m.name: self._sources(m) for m in recipe.model}
        self.by_identity: dict[str, ModelSpec] = {m.identity: m for models in self.known.values() for m in models}
        self.measures = self._measures(recipe.measure)

    def plan(self) -> Plan:
        trials = [self._trial(model, {}) for models in list(self.known.values()) for model in models]
        for step in self.recipe.step:
            trials += self._step(step)
        trials = self._compared(trials)
        unique = {trial.identity: trial for trial in reversed(trials)}
        kept = [trial for trial in trials if unique[trial.identity] is trial]
        aliases = {trial.model.name: trial.model.identity for trial in trials if unique[trial.identity] is not trial}
        fits = plan_fits(self.recipe, self.known, self.data)
        defaults = {spec.measure: MEASURES.get(spec.measure).entry.defaults for spec in self.measures}
        return Plan(title=self.recipe.title, trials=tuple(kept), fits=fits, aliases=aliases, defaults=defaults)

    # Inputs

    def _sources(self, entry: ModelInput) -> tuple[ModelSpec, ...]:
        """Return the model, or the series that a pattern stands for, in the order of the numbers in its names."""
        if entry.path.startswith(KEPT) and entry.path.endswith(ON_THE_WAY):
            entry = self._on_the_way(entry)
        if not any(character in entry.path for character in _PATTERN) or Path(entry.path).exists():
            return (self._source(entry.replaced(step=_steps(entry, [entry.path])[0])),)
        root = Path(Path(entry.path).anchor)
        found = sorted(map(str, root.glob(str(Path(entry.path).relative_to(root)))), key=natural)
        if not found:
            raise UserError(f"No file fits '{entry.path}', the path of model '{entry.name}'.", "Mend it in the recipe.")
        return tuple(
            self._source(entry.replaced(name=f"{entry.name}/{name}", path=path, step=step))
            for name, path, step in zip(_distinct(found), found, _steps(entry, found), strict=True)
        )

    def _on_the_way(self, entry: ModelInput) -> ModelInput:
        """Return the input with the pattern of the checkpoints that a training of the workspace kept."""
        name = entry.path.removeprefix(KEPT).removesuffix(ON_THE_WAY)
        if name not in self.kept or self.root is None:
            raise unknown("model in the workspace called", name, list(self.kept))
        folder = self.root.absolute() / "checkpoints" / self.kept[name].identity
        if not folder.is_dir():
            raise UserError(f"No checkpoints were kept while '{name}' was trained.", "Train it with keep_every.")
        return entry.replaced(path=str(folder / "step*.safetensors"))

    def _source(self, entry: ModelInput) -> ModelSpec:
        if entry.path.startswith(KEPT):
            name = entry.path.removeprefix(KEPT)
            if name not in self.kept:
                raise unknown("model in the workspace called", name, list(self.kept))
            return _declared(entry, self.kept[name])
        content = self._content(entry.path, f"model '{entry.name}'")
        code = require_trust(entry.network).content if entry.network and not is_library(entry.network) else None
        told = entry.model_dump(exclude={"step"})
        step = None if isinstance(entry.step, tuple) else entry.step
        return SourceModel(content=content, code=code, step=step, **told)

    def _data_spec(self, entry: DataInput) -> DataSpec:
        return DataSpec(content=data_content(entry, self._content), **entry.model_dump())

    def _content(self, path: str, what: str) -> str:
        try:
            return self.content_of(Path(path))
        except OSError as error:
            reason = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
            raise UserError(f"The {what}, {path}, {reason}.", "Mend its path in the recipe.") from error

    # Measures

    def _measures(self, measuring: Measuring | None) -> tuple[MeasureSpec, ...]:
        if measuring is not None and measuring.data not in self.data:
            raise unknown("data set", measuring.data, list(self.data))
        return specs_of(measuring)

    def _compared(self, trials: list[Trial]) -> list[Trial]:
        """Give every trial the reference that its measures compare with, and put the one that makes it first."""
        reference = self._reference()
        if reference is None:
            return trials
        self._check_order(reference, trials)
        trials.sort(key=lambda trial: trial.model.identity != reference.identity)
        return [_beside(trial, reference) for trial in trials]

    def _reference(self) -> ModelSpec | None:
        name = self.recipe.measure.reference if self.recipe.measure else None
        comparing = {m.measure: MEASURES.get(m.measure).entry.compares for m in self.measures}
        if name is not None:
            found = self._single(name, "The measures' reference")
            return found if any(comparing.values()) else None
        for measure, compares in comparing.items():
            if compares is True:
                raise UserError(
                    f"{measure} compares each model with a reference, and the recipe names none.",
                    f'Write reference = "{next(iter(self.known))}" below [measure], or leave {measure} out.',
                )
        return None

    def _check_order(self, reference: ModelSpec, trials: Sequence[Trial]) -> None:
        """Refuse a reference that is made from what is to be compared with it; one that is kept already may be."""
        made = {trial.model.identity: trial for trial in reversed(trials) if isinstance(trial.model, DerivedModel)}
        if reference.identity not in made:
            return
        needed = [model.name for identity, model in made[reference.identity].inputs.items() if identity in made]
        if needed:
            raise UserError(
                f"The reference {reference.name} is made from {needed[0]}, which is to be compared with it.",
                f'Run the steps first, and then name it as an input: path = "{KEPT}{reference.name}".',
            )

    # Steps

    def _step(self, step: Step) -> list[Trial]:
        method = METHODS.get(step.method)
        if step.label in {m.name for m in self.recipe.model} or (step.name and step.name in self.known):
            raise UserError(f"Two entries of the recipe are called '{step.label}'.", "Give the step another name.")
        made: list[tuple[DerivedModel, Trial]] = []
        for group in self._groups(step, method):
            for parameters, swept in _sweep(method, self._each_layer(step, group)):
                for seed in self._seeds(step) if method.entry.stochastic else (None,):
                    made.append(self._derive(step, method, group, parameters, swept, seed))
        models = tuple(model for model, _ in made)
        self.known[step.label] = self.known.get(step.label, ()) + models if step.name is None else models
        return [trial for _, trial in made]

    def _seeds(self, step: Step) -> tuple[int, ...]:
        return step.seeds or self.recipe.seeds

    def _groups(self, step: Step, method: Registered[Method]) -> Iterator[_Group]:
        for entry in step.of:
            names = (entry,) if isinstance(entry, str) else entry
            choices = [self.models(name) for name in names]
            if method.entry.parents == "one" and len(names) > 1:
                raise UserError(
                    f"{method.entry.id} takes one parent, and step '{step.label}' gives it a group of {len(names)}.",
                    "List the models without the inner brackets.",
                )
            for models in itertools.product(*choices):
                yield _Group(names, models)

    def models(self, name: str) -> tuple[ModelSpec, ...]:
        """Return what a name of the recipe stands for."""
        if name not in self.known:
            raise unknown("model or earlier step", name, list(self.known))
        return self.known[name]

    def _each_layer(self, step: Step, group: _Group) -> Step:
        """Return the step with ``layers = "each"`` as what it stands for: a sweep over the weights of its parent."""
        if step.parameters.get("layers") != EACH:
            return step
        layers = [[layer_of(name)] for name in self.weights(group.models[0], f"Step '{step.label}'")]
        return step.replaced(layers=layers)

    def weights(self, model: ModelSpec, what: str) -> tuple[str, ...]:
        """Return the names of a model's weights that pruning counts, from the header of the source it comes from."""
        outlook = Outlook([Trial(model=known) for known in self.by_identity.values()])
        source = self.by_identity.get(outlook.root(model.identity), model)
        if not isinstance(source, SourceModel):
            raise UserError(
                f"{what} goes through the layers of {model.name}, which are known once it is made.",
                f'Run the steps before it first, and then name it as an input: path = "{KEPT}{model.name}".',
            )
        return names_of(open_checkpoint(Path(source.path), **source.told).weights())

    def _derive(
        self,
        step: Step,
        method: Registered[Method],
        group: _Group,
        parameters: dict[str, Any],
        swept: tuple[str, ...],
        seed: int | None,
    ) -> tuple[DerivedModel, Trial]:
        models, data = self._references(step, method, parameters)
        model = DerivedModel(
            name=_readable(group, step, parameters, swept, seed, len(self._seeds(step)) > 1),
            method=method.entry.id,
            version=method.entry.version,
            parameters=parameters,
            parents=tuple(parent.identity for parent in group.models),
            references={k: v.identity for k, v in (models | data).items()},
            seed=seed,
        )
        self.by_identity[model.identity] = model
        inputs = {m.identity: m for m in (*group.models, *models.values())}
        return model, self._trial(model, inputs, data)

    def _references(
        self, step: Step, method: Registered[Method], parameters: Mapping[str, Any]
    ) -> tuple[dict[str, ModelSpec], dict[str, DataSpec]]:
        models: dict[str, ModelSpec] = {}
        data: dict[str, DataSpec] = {}
        for field, role in _roles(method).items():
            name = parameters[field]
            if name is None:
                continue
            if role == "data":
                if name not in self.data:
                    raise unknown("data set", name, list(self.data))
                data[field] = self.data[name]
            else:
                models[field] = self._single(name, f"Step '{step.label}': {field}")
        return models, data

    def _single(self, name: str, what: str) -> ModelSpec:
        found = self.models(name)
        if len(found) != 1:
            raise UserError(f"{what} = '{name}' stands for {len(found)} models.", "Name a single one.")
        return found[0]

    def _trial(self, model: ModelSpec, inputs: dict[str, ModelSpec], data: dict[str, DataSpec] | None = None) -> Trial:
        measuring = self.recipe.measure
        return Trial(
            model=model,
            inputs=inputs,
            data=self.data[measuring.data] if measuring else None,
            operation_data=data or {},
            measures=self.measures,
            features=measuring.features if measuring else None,
            seed=self.recipe.seeds[0],
            alone=any(MEASURES.get(spec.measure).alone for spec in self.measures),
        )


def _declared(entry: ModelInput, model: ModelSpec) -> ModelSpec:
    """Return a model that the workspace holds with what a recipe declares of it."""
    if entry.activation is None:
        return model
    if isinstance(model, DerivedModel):
        raise UserError(
            f"{model.name} is made from other models, and has their activation.",
            f"Leave out activation for '{entry.name}', or declare it where they are opened.",
        )
    return model.replaced(activation=entry.activation)


def _beside(trial: Trial, reference: ModelSpec) -> Trial:
    """Return the trial with its measures' reference."""
    other = {} if trial.model.identity == reference.identity else {reference.identity: reference}
    return trial.replaced(inputs=trial.inputs | other, reference=reference.identity)


def _steps(entry: ModelInput, found: Sequence[str]) -> tuple[float | None, ...]:
    """Return the step that is declared of each file."""
    steps = (
        entry.step if isinstance(entry.step, tuple) else (entry.step,) * (1 if entry.step is not None else len(found))
    )
    if len(steps) != len(found):
        raise UserError(
            f"Model '{entry.name}' declares {counted(len(steps), 'step')} of {counted(len(found), 'file')}.",
            f"Write one for each, in this order: {', '.join(Path(path).name for path in found[:_LISTED])}.",
        )
    return steps


def _distinct(paths: Sequence[str]) -> list[str]:
    """Return a name for each path: what tells it from the others, without the suffix that all share."""
    parts = [Path(path).parts for path in paths]
    first = next((i for i, level in enumerate(zip(*parts, strict=False)) if len(set(level)) > 1), len(parts[0]) - 1)
    return ["/".join((*part[first:-1], Path(part[-1]).stem)) for part in parts]


def _roles(method: Registered[Method]) -> dict[str, str]:
    properties = method.entry.parameter_schema.get("properties", {})
    return {name: schema["role"] for name, schema in properties.items() if "role" in schema}


def _sweep(method: Registered[Method], step: Step) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """Give every combination of the step's parameters, complete and checked, and the names of those that vary."""
    written = step.parameters
    swept = tuple(name for name, value in written.items() if _is_sweep(method, name, value))
    for name in swept:
        if not written[name]:
            raise UserError(f"Step '{step.label}': {name} is an empty list.", "Give at least one value.")
    for values in itertools.product(*(written[name] for name in swept)):
        checked = method.check(written | dict(zip(swept, values, strict=True)))
        yield checked.model_dump(mode="json"), swept


def _is_sweep(method: Registered[Method], name: str, value: Any) -> bool:
    """Say whether a value is a list of values; of a parameter that is a list itself, that is a list of lists."""
    if isinstance(value, list) and _takes_list(method, name):
        return bool(value) and all(isinstance(item, list) for item in value)
    return isinstance(value, list)


def _takes_list(method: Registered[Method], name: str) -> bool:
    schema = method.entry.parameter_schema.get("properties", {}).get(name, {})
    return any(option.get("type") == "array" for option in (schema, *schema.get("anyOf", ())))


def _readable(
    group: _Group, step: Step, parameters: Mapping[str, Any], swept: Iterable[str], seed: int | None, many: bool
) -> str:
    parents = "+".join(model.name for model in group.models)
    values = [_said(parameters[name]) for name in swept]
    if seed is not None and many:
        values.append(f"seed{seed}")
    return f"{parents}/{'-'.join([step.label, *values])}"


def _said(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)
