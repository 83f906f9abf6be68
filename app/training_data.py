"""What may be learnt from beside what is measured: never the measured data unless a person says so."""

from collections.abc import Mapping
from typing import Literal

from ..analysis.recipe import DataInput
from ..analysis.session import Session

TEST: Literal["test"] = "test"
TRAIN: Literal["train"] = "train"


class TrainingData:
    """The data sets of a workspace as what is learnt from while one of them is measured.

    Parameters
    ----------
    session : Session
        Says which files hold the same.
    known : mapping of str to DataInput
        The data sets by name.
    measured : DataInput
        What is measured on.
    """

    def __init__(self, session: Session, known: Mapping[str, DataInput], measured: DataInput) -> None:
        self._contents = {data.spec.path: data.spec.content for data in session.snapshot.datasets}
        self._measured = measured
        others = [data for data in known.values() if data.name != measured.name]
        self.apart = {data.name: data for data in [*self._other_split(others), *others] if self._is_apart(data)}
        """Those that hold no sample of what is measured, as far as files and splits tell, by name."""
        self.known = {**{data.name: data for data in (*others, measured)}, **self.apart}
        """All of them, by name."""

    @property
    def offered(self) -> list[str]:
        """Their names, those apart first; where there are none of these, an empty one, so that a person has to say."""
        return [*(self.apart or [""]), *(name for name in self.known if name not in self.apart)]

    @property
    def usual(self) -> DataInput | None:
        """What is learnt from unless a person says otherwise: what is called ``train``, or a split of that name."""
        return next((data for data in self.apart.values() if TRAIN in (data.name, data.split)), None)

    def _other_split(self, others: list[DataInput]) -> list[DataInput]:
        """Return the split of the measured file that is not measured, unless it is known already."""
        if self._measured.split is None:
            return []
        split = TRAIN if self._measured.split == TEST else TEST
        if any(data.split == split and self._is_same_file(data) for data in others):
            return []
        taken = {self._measured.name, *(data.name for data in others)}
        name = next(name for name in (split, f"{self._measured.name}-{split}", f"{split}-split") if name not in taken)
        return [self._measured.replaced(name=name, split=split, limit=None)]

    def _is_apart(self, data: DataInput) -> bool:
        if not self._is_same_file(data):
            return True
        splits = {data.split, self._measured.split}
        return len(splits) == 2 and None not in splits

    def _is_same_file(self, data: DataInput) -> bool:
        paths = data.path, self._measured.path
        contents = [self._contents.get(path) for path in paths]
        return paths[0] == paths[1] or (contents[0] is not None and contents[0] == contents[1])
