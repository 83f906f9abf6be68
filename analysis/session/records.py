"""Records: the snapshot of a workspace, read anew when it changes."""

import threading
from collections.abc import Callable

from ..workspace import Workspace
from .snapshot import Snapshot

FOLLOW_S = 1.0
"""How often a read-only workspace is looked at for what another process writes."""


class Records:
    """The latest snapshot; of a workspace that another process writes to, a second old at most.

    Parameters
    ----------
    workspace : Workspace
        Read-only or writable.
    later : callable
        Runs a function on a thread.
    heard : callable
        Returns whether somebody hears of a new snapshot; while nobody does, none is read.
    on_read : callable
        Called once there is a new snapshot, on the thread that read it.
    """

    def __init__(
        self,
        workspace: Workspace,
        later: Callable[[Callable[[], None]], None],
        heard: Callable[[], bool],
        on_read: Callable[[], None],
    ) -> None:
        self._workspace, self._later, self._heard, self._on_read = workspace, later, heard, on_read
        self._latest = Snapshot()
        self._lock = threading.Lock()
        self._refreshing = self._stale = False
        self._over = threading.Event()
        workspace.changed.connect(self._on_changed)
        if workspace.read_only:
            threading.Thread(target=self._follow, name="graftwork follower", daemon=True).start()

    @property
    def snapshot(self) -> Snapshot:
        """The records as last read; if they changed while nobody listened, they are read anew.

        That happens here for a script, and on a thread for a listener, who will hear of it.
        """
        if self._stale and not self._over.is_set():
            if self._heard():
                self._on_changed()
            else:
                self._stale = False
                self.refresh()
        return self._latest

    @snapshot.setter
    def snapshot(self, snapshot: Snapshot) -> None:
        self._latest = snapshot

    def refresh(self) -> None:
        """Read the records now."""
        self._latest = Snapshot.of(self._workspace)
        self._on_read()

    def idle(self) -> bool:
        """Return whether nothing is being read."""
        return not self._refreshing

    def close(self) -> None:
        """Stop following."""
        self._workspace.changed.disconnect(self._on_changed)
        with self._lock:
            self._over.set()

    def _on_changed(self) -> None:
        with self._lock:
            self._stale = True
            if self._refreshing or self._over.is_set() or not self._heard():
                return
            self._refreshing = True
            self._later(self._refresh_while_stale)

    def _follow(self) -> None:
        """Look at what another process writes."""
        seen = self._workspace.stamp()
        while not self._over.wait(FOLLOW_S):
            stamp = self._workspace.stamp()
            if stamp != seen:
                seen = stamp
                self._on_changed()

    def _refresh_while_stale(self) -> None:
        while True:
            with self._lock:
                if not self._stale or self._over.is_set():
                    self._refreshing = False
                    return
                self._stale = False
            self.refresh()
