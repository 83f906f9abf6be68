"""Whether there is a display to open a window on: Qt ends the program where there is none."""

import sys
from collections.abc import Mapping
from pathlib import Path

from ..analysis.errors import UserError

_DRAWN_ELSEWHERE = ("xcb", "wayland")


def check_display(environment: Mapping[str, str], platform: str = sys.platform) -> None:
    """Check that a window can be shown.

    Parameters
    ----------
    environment : mapping of str to str
        The process's variables.
    platform : str
        As `sys.platform`; where displays do not go by such variables, there is always one.

    Raises
    ------
    UserError
        If there is no display.
    """
    wanted = environment.get("QT_QPA_PLATFORM", "")
    if platform in ("win32", "darwin") or (wanted and not wanted.startswith(_DRAWN_ELSEWHERE)):
        return
    display, wayland = environment.get("DISPLAY", ""), environment.get("WAYLAND_DISPLAY", "")
    if not display and not wayland:
        raise UserError(
            "There is no display to open a window on.", "Set DISPLAY, or use a command: see 'graftwork --help'."
        )
    if not wayland and not _answers(display):
        raise UserError(f"The display '{display}' is not there.", "Set DISPLAY to one that is.")


def _answers(display: str) -> bool:
    """Return whether there is an X server of that number on this machine; of one elsewhere nothing is asked.

    It is not called: a server without other programs starts anew when a caller leaves.
    """
    host, _, number = display.rpartition(":")
    number = number.partition(".")[0]
    if host not in ("", "unix") or not number.isdigit():
        return True
    place = f"/tmp/.X11-unix/X{number}"
    return Path(place).exists() or place in _sockets()


def _sockets() -> set[str]:
    """Return the names of this machine's sockets, where it tells them."""
    try:
        lines = Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {line.rpartition(" ")[2].removeprefix("@") for line in lines}
