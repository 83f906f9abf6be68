"""What a trial needs where the workspace cannot be seen: files that travel once, under the name of their content."""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..atomic import replacing
from ..trials import DataSpec, DerivedModel, ModelSpec, SourceModel, Trial
from ..workspace.files import CHECKPOINTS

DIGITS = "digits"


@dataclass(frozen=True)
class Transfer:
    """Files that belong together.

    Attributes
    ----------
    key : str
        What they are: the fingerprint of their content, or the identity of the model that they hold.
    path : Path
        Where they lie on the machine that sends them.
    """

    key: str
    path: Path

    def pack(self) -> bytes:
        """Return the file, the folder, or the index with all that lies beside it, as an uncompressed tar archive."""
        whole = self.path.parent if self.path.name.endswith(".index.json") else self.path
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            archive.add(whole.resolve(), self.path.name if whole == self.path else ".")
        return stream.getvalue()


def unpack(packed: bytes, folder: Path) -> None:
    """Write a transfer's files to a folder that is there with all of them, or not at all."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(f"{folder}.{id(packed):x}")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(draft, filter="data")
    draft.rename(folder)


def transfers_of(trial: Trial, root: Path) -> Iterator[Transfer]:
    """Give what a trial needs of the machine where the workspace ``root`` lies."""
    for model in _models(trial):
        if isinstance(model, SourceModel):
            yield Transfer(model.content, Path(model.path))
        elif model.identity != trial.model.identity:
            yield Transfer(model.identity, root / CHECKPOINTS / f"{model.identity}.safetensors")
    for data in trial.datasets:
        if data.path != DIGITS:
            yield Transfer(data.content, Path(data.path))
        if data.tokenizer:
            yield Transfer(f"{data.content}-tokenizer", Path(data.tokenizer))


def settled(trial: Trial, depot: Path, root: Path) -> Trial:
    """Return the trial with its paths in ``depot``, and with its parents' checkpoints in the workspace ``root``."""
    for model in trial.inputs.values():
        if isinstance(model, DerivedModel):
            _place(depot, root, model)
    return trial.replaced(
        model=_settle_model(trial.model, depot),
        inputs={key: _settle_model(model, depot) for key, model in trial.inputs.items()},
        data=trial.data and _settle_data(trial.data, depot),
        operation_data={key: _settle_data(data, depot) for key, data in trial.operation_data.items()},
    )


def _models(trial: Trial) -> Iterator[ModelSpec]:
    yield trial.model
    yield from trial.inputs.values()


def _settle_model(model: ModelSpec, depot: Path) -> ModelSpec:
    if isinstance(model, DerivedModel):
        return model
    return model.replaced(path=str(depot / model.content / Path(model.path).name))


def _settle_data(data: DataSpec, depot: Path) -> DataSpec:
    changes = {}
    if data.path != DIGITS:
        changes["path"] = str(depot / data.content / Path(data.path).name)
    if data.tokenizer:
        changes["tokenizer"] = str(depot / f"{data.content}-tokenizer" / Path(data.tokenizer).name)
    return data.replaced(**changes)


def _place(depot: Path, root: Path, model: DerivedModel) -> None:
    name = f"{model.identity}.safetensors"
    target = root / CHECKPOINTS / name
    if not target.exists():
        with replacing(target) as draft:
            draft.write_bytes((depot / model.identity / name).read_bytes())
