"""Set up and run Graftwork from a clone; needs Python 3.11 and nothing else.

    python3 packaging/dev.py demo    open the demo, or without a display write its results and pictures
    python3 packaging/dev.py test    run every test; further arguments go to pytest
    python3 packaging/dev.py types   only check types
    python3 packaging/dev.py setup   only make .venv and install into it
    python3 packaging/dev.py recomputed   set every measure beside a plain reference, and print the table

Every command sets up first and skips what is there already.
"""

import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
if sys.version_info < OLDEST:  # before anything below that an older Python cannot read
    sys.exit(f"Graftwork needs Python 3.11 or newer; this is {sys.version.split()[0]}.")

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
STAMP = HOME / "installed"

# What Qt loads on Linux and no wheel brings. Each package is named by one library of it; what these packages depend on
# (the other xcb libraries, X11, freetype, a font) is the rest of what Qt needs. Verified from an empty Debian 12.
QT = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
SCREEN = {"Xvfb": "xvfb", "xdotool": "xdotool"}  # what the test that drives the program from outside needs
FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def main() -> int:
    """Run the command that the arguments name; return its exit code."""
    commands = {"demo": demo, "test": test, "types": types, "setup": setup, "recomputed": recomputed}
    name, *further = sys.argv[1:] or ["help"]
    if name not in commands or (further and name != "test"):
        print(__doc__)
        return 0 if name in {"help", "-h", "--help"} else 2
    return commands[name](further)


def demo(_: list[str]) -> int:
    """Open the demo in a window; without a display, run it headless."""
    headless = [] if _has_display() else ["--headless"]
    return setup([]) or _run([_script("graftwork"), "demo", *headless])


def test(further: list[str]) -> int:
    """Run the tests, several at once, then those that measure a time, and check types; or what the arguments name."""
    failed = setup([], tests=True)
    if failed:
        return failed
    pytest = [_script("python"), "-m", "pytest"]
    if further:
        return _run([*pytest, *further])
    side_by_side = ["-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"]
    return types([]) | _run([*pytest, *side_by_side]) | _run([*pytest, "-m", "timing"])


def recomputed(_: list[str]) -> int:
    """Set every measure's values beside those of a plain reference, and print the table."""
    return test(["-m", "recomputed", "tests/recomputed"])


def types(_: list[str]) -> int:
    """Check the types of the package, the tests and the scripts."""
    failed = setup([], tests=True)
    if failed:
        return failed
    mypy = [_script("python"), "-m", "mypy"]
    return _run([*mypy, "-p", "graftwork"]) | _run([*mypy, "tests", "packaging"])


def setup(_: list[str], tests: bool = False) -> int:
    """Install the system libraries, the virtual environment and the package, as far as they are missing."""
    failed = _install_packages(_missing_packages(tests))
    if failed:
        return failed
    if HOME.exists() and not _works():
        say(".venv is broken; making it anew")
        shutil.rmtree(HOME)
    if not HOME.exists():
        say("making a virtual environment in .venv")
        failed = _run([sys.executable, "-m", "venv", str(HOME)])
    installed = STAMP.read_text(encoding="utf-8") if STAMP.exists() else ""
    if not failed and installed not in {_state(tests=True), _state(tests=tests)}:
        failed = _install(tests)
        if not failed:
            STAMP.write_text(_state(tests=tests), encoding="utf-8")
    return failed or _run([_script("python"), str(ROOT / "packaging" / "typelinks.py")])


def say(line: str) -> None:
    """Print what is being done."""
    print(f"dev: {line}", flush=True)


def _install(tests: bool) -> int:
    say("installing Graftwork and its libraries into .venv (a minute or two the first time)")
    STAMP.unlink(missing_ok=True)
    pip = [_script("python"), "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    return _run([*pip, "--constraint", str(CONSTRAINTS), "--editable", f"{ROOT}[test]" if tests else str(ROOT)])


def _state(*, tests: bool) -> str:
    """Return what an installation depends on, as a hash: the clone's place, the requirements and the versions."""
    state = hashlib.sha256(f"{ROOT} {tests}".encode())
    for file in (ROOT / "pyproject.toml", CONSTRAINTS):
        state.update(file.read_bytes())
    return state.hexdigest()


def _works() -> bool:
    """Whether .venv has a Python that starts, and what an earlier run installed is still there."""
    probe = "import pip, PySide6, graftwork.app" if STAMP.exists() else "import pip"
    try:
        return subprocess.run([_script("python"), "-c", probe], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _missing_packages(tests: bool) -> list[str]:
    """Return the Debian packages of what this machine lacks."""
    if sys.platform != "linux":
        return []
    missing = [package for library, package in QT.items() if not _loads(library)]
    if not any(next(Path(folder).expanduser().rglob("*.[ot]t[fc]"), None) for folder in FONTS):
        missing.append("fonts-dejavu-core")
    if tests:
        missing += [package for program, package in SCREEN.items() if not shutil.which(program)]
    if not HOME.exists() and not importlib.util.find_spec("ensurepip"):
        missing.append(f"python3.{sys.version_info.minor}-venv")
    return missing


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _install_packages(packages: list[str]) -> int:
    if not packages:
        return 0
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return _refuse(f"This machine lacks what Qt or Python needs; first run:  sudo {' '.join(install)}")
    say(f"installing {' '.join(packages)}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], install):
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            sys.stderr.write(done.stdout)
            return _refuse(f"'{' '.join(command)}' failed; its reason stands above.")
    return 0


def _has_display() -> bool:
    return sys.platform != "linux" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _script(name: str) -> str:
    windows = sys.platform == "win32"
    return str(HOME / ("Scripts" if windows else "bin") / (f"{name}.exe" if windows else name))


def _run(command: list[str]) -> int:
    """Run a command from the clone's root; return its exit code."""
    try:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 130


def _refuse(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
