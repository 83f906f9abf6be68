"""What a model is and where it comes from, for whoever gets the file."""

from pathlib import Path
from typing import Any

from ..frozen import Frozen
from ..modelcard import lineage_of
from ..workspace import ModelRecord, ValueRecord


class Origin(Frozen):
    """A model with all that it was made from.

    Attributes
    ----------
    model : ModelRecord
        The model.
    ancestors : tuple of ModelRecord
        What it was made from, parents before children, and itself last.
    values : tuple of ValueRecord
        What was measured of it.
    note : str
        A person's note on it.
    """

    model: ModelRecord
    ancestors: tuple[ModelRecord, ...]
    values: tuple[ValueRecord, ...] = ()
    note: str = ""

    @property
    def lineage(self) -> list[dict[str, Any]]:
        """What made it and each of its ancestors: JSON values."""
        return lineage_of(self.ancestors)

    @property
    def source(self) -> Path | None:
        """The file or folder that the first parent of the first parent … came from; None where it is not known."""
        known, record = {record.identity: record for record in self.ancestors}, self.model
        while record.parents:
            if record.parents[0].identity not in known:
                return None
            record = known[record.parents[0].identity]
        return record.path


def of_file(path: Path, content: str) -> Origin:
    """Return the origin of a file that is in no workspace, by the fingerprint of its content."""
    model = ModelRecord(
        identity=content,
        name=path.stem,
        kind="source",
        path=path,
        method=None,
        parameters={},
        parents=(),
        references={},
        seed=None,
        facts={},
        created=0.0,
    )
    return Origin(model=model, ancestors=(model,))
