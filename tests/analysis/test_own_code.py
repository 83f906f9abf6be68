"""All code of a network: the modules that it imports from beside it, found without running them."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from graftwork.analysis import trust
from graftwork.analysis.errors import UserError
from graftwork.analysis.own_code import code_of

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return write


def beside(network: str, root: Path) -> set[str]:
    return {file.relative_to(root).as_posix() for file in code_of(network).files[1:]}


PACKAGE = {"p/__init__.py": "x = 1", "p/a.py": "y = 1", "p/b.py": "z = 1", "p/q/__init__.py": "w = 1"}


@pytest.mark.parametrize(
    ("code", "more", "found"),
    [
        ("import helper", {}, "helper.py"),
        ("import os, helper as h", {}, "helper.py"),
        ("from helper import made", {}, "helper.py"),
        ("from helper import *", {}, "helper.py"),
        ("from . import helper", {}, "helper.py"),
        ("from .helper import made", {}, "helper.py"),
        ("import other", {"other.py": "import helper"}, "helper.py other.py"),
        ("import other", {"other.py": "import helper, net", "helper.py": "import other"}, "helper.py other.py"),
        ("if 0:\n import helper", {}, "helper.py"),
        ("try:\n import torch\nexcept ImportError:\n import helper", {}, "helper.py"),
        ("def make():\n from helper import made", {}, "helper.py"),
        ("class Net:\n def forward(self, x):\n  import helper", {}, "helper.py"),
        ("import p.a", PACKAGE, "p/__init__.py p/a.py"),
        ("from p import a, x", PACKAGE, "p/__init__.py p/a.py"),
        ("from p.q import w", PACKAGE, "p/__init__.py p/q/__init__.py"),
        ("import p", PACKAGE | {"p/__init__.py": "from . import b"}, "p/__init__.py p/b.py"),
        ("import p", PACKAGE | {"p/__init__.py": "from .a import y", "p/a.py": "from .q import w"},
         "p/__init__.py p/a.py p/q/__init__.py"),
        ("from p.q import w", PACKAGE | {"p/q/__init__.py": "from ..a import y"},
         "p/__init__.py p/a.py p/q/__init__.py"),
        ("from p import *", PACKAGE | {"p/__init__.py": "__all__ = ['a', 'x']"}, "p/__init__.py p/a.py"),
        ("from p import *", PACKAGE | {"p/__init__.py": "__all__ = [n for n in dir()]"},
         "p/__init__.py p/a.py p/b.py p/q/__init__.py"),
        ("import n.a", {"n/a.py": "import helper"}, "helper.py n/a.py"),
        ("import torch, json", {"torch/notes.py": "x = 1", "helper.py": ""}, ""),
        ("import sys, builtins", {"sys.py": "x = 1"}, ""),
        ("import helper.none", {}, "helper.py"),
        ("from ... import helper", {}, ""),
        ("x = 'import helper'", {}, ""),
        ("import helper (", {}, ""),
    ],
)  # fmt: skip
def test_what_a_file_imports_from_beside_it_is_its_code(
    code: str, more: Mapping[str, str], found: str, write: Write
) -> None:
    root = write({"net.py": code, "helper.py": "made = 1", "unused.py": "x = 1", **more})
    assert beside(f"{root / 'net.py'}:make", root) == set(found.split())


LAB = {
    "lab/__init__.py": "from .shared import x",
    "lab/shared.py": "x = 1",
    "lab/nets/__init__.py": "",
    "lab/nets/mine.py": "from .blocks import y\nfrom .. import widths\nimport lab.deep, sibling",
    "lab/nets/blocks.py": "y = 1",
    "lab/widths.py": "z = 1",
    "lab/deep.py": "v = 1",
    "lab/unused.py": "v = 1",
    "sibling.py": "u = 1",
}


@pytest.mark.parametrize(("folder", "siblings"), [("", {"sibling.py"}), ("site-packages", set())])
def test_what_a_module_imports_from_its_package_is_its_code(
    folder: str, siblings: set[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write({f"{folder}/{name}".lstrip("/"): text for name, text in LAB.items()}) / folder
    monkeypatch.syspath_prepend(root)
    inside = {"lab/__init__.py", "lab/shared.py", "lab/nets/blocks.py", "lab/widths.py", "lab/deep.py"}
    assert beside("lab.nets.mine:Net", root) == inside | siblings


def test_code_alone_is_known_by_its_file_as_before(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"net.py": "import torch", "alone/__init__.py": "", "alone/nets.py": "import torch"})
    monkeypatch.syspath_prepend(root)
    for network in (f"{root / 'net.py'}:make", "alone.nets:make"):
        assert code_of(network).content == sha256(b"import torch").hexdigest()


def test_code_is_known_by_all_that_it_imports_wherever_it_lies(write: Write) -> None:
    files = {"net.py": "import helper", "helper.py": "import p.a", "p/a.py": "x = 1", "unused.py": "x = 1"}
    places = ("one", "two", "three", "four")
    changed = [{}, {"unused.py": "x = 2"}, {"p/a.py": "x = 2"}, {"helper.py": "import p.a\n"}]
    for place, change in zip(places, changed, strict=True):
        root = write({f"{place}/{name}": text for name, text in {**files, **change}.items()})
    one, two, three, four = (code_of(f"{root / place / 'net.py'}:make").content for place in places)
    assert one == two
    assert len({one, three, four}) == 3


def test_a_changed_helper_is_asked_about_again(write: Write) -> None:
    root = write({"net.py": "import helper", "helper.py": "x = 1"})
    network = f"{root / 'net.py'}:make"
    alone = trust.trust(write({"old/net.py": "import helper"}) / "old" / "net.py")
    assert alone.content == sha256(b"import helper").hexdigest()
    with pytest.raises(
        UserError, match=r"net\.py and in what it imports from .*: helper\.py \(SHA-256 of all"
    ) as asked:
        trust.require_trust(network)
    assert "importlib, exec or data files, is not covered" in asked.value.next_step
    trust.trust(root / "net.py")
    assert trust.require_trust(network).content in str(asked.value)
    write({"helper.py": "x = 2"})
    with pytest.raises(UserError, match="has not been trusted"):
        trust.require_trust(network)


def test_a_package_is_trusted_by_what_the_question_names(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(write(LAB))
    with pytest.raises(UserError) as asked:
        trust.require_trust("lab.nets.mine:Net")
    trust.trust(asked.value.next_step.split("'")[1])
    assert trust.require_trust("lab.nets.mine:Net")


def test_a_question_about_many_files_stays_short(write: Write) -> None:
    names = [f"h{number:02}" for number in range(30)]
    root = write({"net.py": f"import {', '.join(names)}"} | {f"{name}.py": "x = 1" for name in names})
    with pytest.raises(UserError, match=r"h00\.py, .*h07\.py, 22 more \(SHA-256"):
        trust.require_trust(f"{root / 'net.py'}:make")
