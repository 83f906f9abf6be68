"""The order of trials: each after those that make what it needs."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from ..trials import DerivedModel, ModelSpec, Trial


class Schedule:
    """Trials that wait and trials that run.

    Parameters
    ----------
    made : callable
        Says whether a derived model has been made, given its identity.
    apart : bool
        Whether trials that run at once run on different machines.
    """

    def __init__(self, made: Callable[[str], bool], *, apart: bool = False) -> None:
        self._is_made = made
        self._apart = apart
        self._made: set[str] = set()
        self._waiting: dict[str, Trial] = {}
        self._running: dict[str, Trial] = {}
        self._makers: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, trials: Iterable[Trial]) -> None:
        """Let trials wait; those that are here already stay where they are."""
        for trial in trials:
            if trial.identity not in self._waiting and trial.identity not in self._running:
                self._waiting[trial.identity] = trial
                self._makers[trial.model.identity] += 1

    def take(self) -> Trial | None:
        """Return the first trial that can begin, and count it as running; None where all that wait must wait on.

        Nothing runs beside a trial that must be alone, unless on another machine, and nothing overtakes it.
        """
        trial = next(filter(self._can_begin, self._waiting.values()), None)
        if trial is None or self._disturbs(trial):
            return None
        self._running[trial.identity] = self._waiting.pop(trial.identity)
        return trial

    def orphans(self) -> Iterator[tuple[Trial, ModelSpec]]:
        """Take out every trial that can never begin, and give it with the input that nothing makes any more."""
        for trial in list(self._waiting.values()):
            missing = next((model for model in _derived(trial) if self._is_lost(model.identity)), None)
            if missing:
                self.drop(trial.identity)
                yield trial, missing

    def end(self, identity: str) -> None:
        """Note that a running trial is over, however it ended."""
        trial = self._running.pop(identity)
        self._makers[trial.model.identity] -= 1

    def drop(self, identity: str) -> None:
        """Forget a trial that waits, if it does."""
        trial = self._waiting.pop(identity, None)
        if trial:
            self._makers[trial.model.identity] -= 1

    def clear(self) -> None:
        """Forget all that wait."""
        for identity in list(self._waiting):
            self.drop(identity)

    def _disturbs(self, trial: Trial) -> bool:
        running = self._running.values()
        return not self._apart and bool(running) and any(other.alone for other in (trial, *running))

    def _can_begin(self, trial: Trial) -> bool:
        in_the_making = {running.model.identity for running in self._running.values()}
        if trial.model.identity in in_the_making and not self._exists(trial.model.identity):
            return False
        return all(self._exists(model.identity) for model in _derived(trial))

    def _is_lost(self, model: str) -> bool:
        return not self._makers[model] and not self._exists(model)

    def _exists(self, model: str) -> bool:
        if model not in self._made and self._is_made(model):
            self._made.add(model)
        return model in self._made


def _derived(trial: Trial) -> Iterator[DerivedModel]:
    return (model for model in trial.inputs.values() if isinstance(model, DerivedModel))
