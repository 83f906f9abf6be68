"""How the classes of data line up with the outputs of a network."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..data import DataSet
from ..data.classes import are_ordinals
from ..data.labelled import are_numbers
from ..data.source import has_suffix
from ..errors import UserError
from ..models import Checkpoint
from ..models.class_names import class_names
from ..trials import DataSpec

_SHOWN = 12  # names


def lined_up(model: str, checkpoint: Checkpoint, spec: DataSpec, data: DataSet) -> tuple[str, ...]:
    """Check that a label means the output of its number; return what a person may want to know of it.

    A data set that declares all its classes is taken at its word.

    Parameters
    ----------
    model : str
        What to call the network.
    checkpoint : Checkpoint
        Where it comes from.
    spec, data : DataSpec, DataSet
        What it is measured on.

    Raises
    ------
    UserError
        If names or numbers of the classes say that labels stand for other outputs.
    """
    network = checkpoint.architecture
    if network is None or not network.classes or not data.classes or network.classes == network.vocabulary:
        return ()
    names = class_names(checkpoint)
    if data.classes != spec.classes:
        _check_first(model, network.classes, spec, data)
        _check_names(model, names, spec, data.classes)
        _check_numbers(model, network.classes, spec, data.classes)
    return tuple(_remarks(model, network.classes, names, spec, data))


def _check_first(model: str, outputs: int, spec: DataSpec, data: DataSet) -> None:
    if spec.classes is None and _begins_at_one(data) and outputs == len(data.classes) - 1:
        raise UserError(
            f"The labels of {spec.name} go from 1 to {outputs}, and {model} has {outputs} outputs, which count from 0.",
            f"If 1 stands for the first output, declare so: {_declared(data.classes[1:])}.",
        )


def _check_names(model: str, names: Sequence[str], spec: DataSpec, classes: Sequence[str]) -> None:
    places = _places(names, classes)
    if all(place == label for label, place in places.items()):
        return
    own = {place: classes[label] for label, place in places.items()}
    order = [own.get(place, name) for place, name in enumerate(names)]
    raise UserError(
        f"The outputs of {model} are called {_listed(names)}, and the classes of {spec.name} have another order: "
        f"{_listed(classes)}.",
        f"Declare them in the network's order: {_declared(order)}.",
    )


def _check_numbers(model: str, outputs: int, spec: DataSpec, classes: Sequence[str]) -> None:
    if are_numbers(classes) and not are_ordinals(classes) and outputs > len(classes):
        raise UserError(
            f"{spec.name} has the classes {_listed(classes)}, and {model} {outputs} outputs: which of them they are "
            "cannot be told.",
            f"Name all classes in the order of the outputs, such as {_declared([str(n) for n in range(outputs)])}.",
        )


def _remarks(model: str, outputs: int, names: Sequence[str], spec: DataSpec, data: DataSet) -> Iterator[str]:
    classes = data.classes
    if outputs > len(classes):
        count = f"{len(classes)} class{'es' * (len(classes) > 1)}"
        yield f"{model} has {outputs} outputs, and {spec.name} {count}: {_listed(classes)}."
    if spec.classes is None and _begins_at_one(data):
        yield f"No sample of {spec.name} has the label 0: its labels begin at {int(data.labels.min())}."
    if names and not are_numbers(classes) and not _places(names, classes):
        yield f"The outputs of {model} are called {_listed(names)}, and the classes of {spec.name} {_listed(classes)}."
    if spec.classes is None and _in_folders(spec) and are_numbers(classes) and list(classes) != sorted(classes):
        yield (
            f"The class folders of {spec.name} are in the order of their numbers. A network that was trained with "
            "torchvision's ImageFolder has them in that of text: declare it by classes = [...]."
        )


def _places(names: Sequence[str], classes: Sequence[str]) -> dict[int, int]:
    """Return which output each label names, as far as the names are the same."""
    outputs = {_plain(name): place for place, name in enumerate(names)}
    return {label: outputs[_plain(name)] for label, name in enumerate(classes) if _plain(name) in outputs}


def _plain(name: str) -> str:
    return name.strip().casefold().replace("_", " ")


def _begins_at_one(data: DataSet) -> bool:
    return are_ordinals(data.classes) and int(data.labels.min()) > 0


def _in_folders(spec: DataSpec) -> bool:
    return Path(spec.path).is_dir() or has_suffix(spec.path, ".zip")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _declared(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:_SHOWN])
    return f"classes = [{shown}{', …' if len(names) > _SHOWN else ''}]"
