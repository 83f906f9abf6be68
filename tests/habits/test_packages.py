"""The list of packages in pyproject.toml says what lies on the disk."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOMES = ("app", "views", "analysis", "kernels", "assets")


@pytest.fixture(scope="module")
def setuptools() -> dict[str, Any]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return dict(config["tool"]["setuptools"])


def test_every_package_is_listed(setuptools: dict[str, Any]) -> None:
    on_disk = {
        ".".join(("graftwork", *file.parent.relative_to(ROOT).parts))
        for home in HOMES
        for file in (ROOT / home).rglob("__init__.py")
    }
    assert set(setuptools["packages"]) == {"graftwork"} | on_disk


def test_every_folder_with_modules_is_a_package() -> None:
    bare = {file.parent for home in HOMES[:-1] for file in (ROOT / home).rglob("*.py")}
    assert [str(folder) for folder in bare if not (folder / "__init__.py").exists()] == []


def test_packaging_is_no_package() -> None:
    assert not (ROOT / "packaging" / "__init__.py").exists(), "it would hide the library called packaging"


def test_every_asset_ships(setuptools: dict[str, Any]) -> None:
    assets = ROOT / "assets"
    shipped = {file for pattern in setuptools["package-data"]["graftwork.assets"] for file in assets.glob(pattern)}
    files = {file for file in assets.rglob("*") if file.is_file() and "__pycache__" not in file.parts}
    forgotten = {file for file in files - shipped if file.suffix != ".py" and "screenshots" not in file.parts}
    assert sorted(str(file.relative_to(ROOT)) for file in forgotten) == []
