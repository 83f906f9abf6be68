"""Which modules Python code may import, as its text says; nothing is run.

Every import statement counts, wherever it stands and whether it is reached or not. What code imports by a name that it
makes up as it runs is not seen.
"""

import ast
from collections.abc import Iterator
from functools import lru_cache

EVERY = "*"
"""Stands for all modules of a package."""


@lru_cache(1024)
def imported(source: bytes, package: str, *, is_package: bool = False) -> tuple[str, ...]:
    """Return the dotted names of what code may import; some of them are no modules but names in one.

    Parameters
    ----------
    source : bytes
        The code; one that cannot be parsed cannot be run either, and imports nothing.
    package : str
        The package that it lies in, or is; empty for none.
    is_package : bool
        Whether it is the package itself, whose ``__all__`` names modules that are imported with it.
    """
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    names = {name for node in nodes for name in _by_statement(node, package)}
    offered = {f"{package}.{name}" for node in nodes for name in _offered(node)} if is_package else set[str]()
    return tuple(sorted(names | offered))


def _by_statement(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _base(node, package)
        if base is not None:
            names = (alias.name for alias in node.names if alias.name != "*")
            yield from filter(None, (base, *(f"{base}.{name}".lstrip(".") for name in names)))


def _base(node: ast.ImportFrom, package: str) -> str | None:
    """Return the module that names are imported from; None above the outermost package."""
    above = package.split(".") if package else []
    if node.level > max(len(above), 1):
        return None
    kept = above[: len(above) - node.level + 1] if node.level else []
    return ".".join([*kept, *([node.module] if node.module else [])])


def _offered(node: ast.AST) -> Iterator[str]:
    """Yield what a statement puts into ``__all__``; `EVERY` where only a run tells."""
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) or node.value is None:
        return
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
        try:
            yield from map(str, ast.literal_eval(node.value))
        except (ValueError, TypeError):
            yield EVERY
