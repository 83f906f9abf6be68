"""Whether there is a display to open a window on: Qt ends the program where there is none."""

import socket
import sys
from collections.abc import Mapping

from ..analysis.errors import UserError

_DRAWN_ELSEWHERE = ("xcb", "wayland")
_PATIENCE_S = 2.0


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
        raise UserError(f"The display '{display}' does not answer.", "Set DISPLAY to one that does.")


def _answers(display: str) -> bool:
    """Return whether an X server of this machine listens; of one elsewhere nothing is asked."""
    host, _, number = display.rpartition(":")
    number = number.partition(".")[0]
    if host not in ("", "unix") or not number.isdigit():
        return True
    place = f"/tmp/.X11-unix/X{number}"
    return any(_listens(address) for address in (place, f"\0{place}"))


def _listens(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(_PATIENCE_S)
        try:
            caller.connect(address)
        except OSError:
            return False
    return True
