"""Loading: arrays and answers that come later, each asked for once, on threads of its own."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from ..errors import Cancelled, UserError

Pool = Literal["reader", "layouts", "asker"]
"""``reader`` reads files; ``layouts`` and ``asker`` wait for the desk, each for one answer at a time."""

_THREADS: dict[Pool, int] = {"reader": 2, "layouts": 1, "asker": 1}


class Loading:
    """What was loaded, by key, what could not be, and what is under way.

    Parameters
    ----------
    arrived : callable
        Called on a loading thread whenever something is there, or cannot be had.
    """

    def __init__(self, arrived: Callable[[], None]) -> None:
        self._arrived = arrived
        self.held: dict[Hashable, Any] = {}
        self._latest: dict[Hashable, tuple[Hashable, Any]] = {}
        self._errors: dict[Hashable, UserError] = {}
        self._waiting: set[Hashable] = set()
        self.misses = 0
        """How often something was asked for that was not there yet."""
        self._lock = threading.Lock()
        self._closed = False
        self._pools = {name: ThreadPoolExecutor(count, f"graftwork {name}") for name, count in _THREADS.items()}

    def fetch(self, key: Hashable, read: Callable[[], Any], pool: Pool = "reader") -> Any | None:
        """Return what ``read`` gave for a key; None until it has, or if it cannot."""
        if key in self.held:
            return self.held[key]

        def load() -> None:
            self.held[key] = read()

        self.request(key, load, pool)
        return None

    def latest(self, slot: Hashable, key: Hashable, compute: Callable[[], Any], pool: Pool = "reader") -> Any | None:
        """Return the answer to the latest key of a slot; until it is there, the one to the key before, or None.

        Only one answer a slot is kept, and one is computed at a time: what was asked for meanwhile is computed once it
        is asked for again, so that keys that nobody waits for any more are left out.
        """
        known, answer = self._latest.get(slot, (None, None))
        if known != key:

            def load() -> None:
                self._latest[slot] = key, compute()

            self.request(slot, load, pool)
        return answer

    def request(self, key: Hashable, load: Callable[[], None], pool: Pool = "reader") -> None:
        """Run ``load`` once, which puts what it loads into ``held``; not again after an error."""
        with self._lock:
            if key in self._errors or self._closed:
                return
            self.misses += 1
            if key in self._waiting:
                return
            self._waiting.add(key)

        def run() -> None:
            try:
                load()
            except UserError as error:
                self._errors[key] = error
            except Cancelled:
                pass
            except (OSError, KeyError) as error:
                self._errors[key] = UserError(f"An array of the workspace cannot be read: {error}.", _CHECK)
            self._waiting.discard(key)
            self._arrived()

        self.later(run, pool)

    def later(self, work: Callable[[], None], pool: Pool = "reader") -> None:
        """Run something on one of the threads; nothing once closed."""
        with self._lock:
            if not self._closed:
                self._pools[pool].submit(work)

    def error(self, *prefix: Hashable) -> UserError | None:
        """Return the first error of a key that starts so."""
        return next((error for key, error in self._errors.items() if _starts(key, prefix)), None)

    def forget_errors(self, *prefix: Hashable) -> None:
        """Forget the errors of keys that start so, so that they are asked for again."""
        self._errors = {key: error for key, error in self._errors.items() if not _starts(key, prefix)}

    def idle(self) -> bool:
        """Return whether nothing is under way."""
        return not self._waiting

    def close(self) -> None:
        """Wait for what runs, and drop what waits."""
        with self._lock:
            self._closed = True
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)


def _starts(key: Hashable, prefix: tuple[Hashable, ...]) -> bool:
    return isinstance(key, tuple) and key[: len(prefix)] == prefix


_CHECK = "Run 'graftwork workspace check' on it."
