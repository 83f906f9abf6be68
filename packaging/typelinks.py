"""Make ``.types/graftwork``: links that show static tools the package as it is imported.

The folders at the top of the repository are installed as ``graftwork.app``, ``graftwork.views`` …; type checkers and
import-linter do not follow that mapping by themselves.
"""

import os
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Link every mapped folder, and the root package's files, anew."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    package_dir = config["tool"]["setuptools"]["package-dir"]
    home = ROOT / ".types" / "graftwork"
    home.mkdir(parents=True, exist_ok=True)
    for link in home.iterdir():
        link.unlink()
    for package, folder in package_dir.items():
        if package == "graftwork":
            for file in (ROOT / folder).glob("*.py*"):
                (home / file.name).write_bytes(file.read_bytes())
        else:
            _link(home / package.removeprefix("graftwork."), ROOT / folder)


def _link(link: Path, target: Path) -> None:
    if sys.platform == "win32":
        import _winapi  # a junction needs no privilege, unlike a symbolic link

        _winapi.CreateJunction(str(target), str(link))
    else:
        link.symlink_to(os.path.relpath(target, link.parent), target_is_directory=True)


if __name__ == "__main__":
    main()
