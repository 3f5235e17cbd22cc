"""Who touches flint's context, read from the sources: the rule that test_working_precision.py holds the house to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

GUARD = "theory/arithmetic/working_precision.py"
#: Ways to change the context that flint offers.
_MANAGERS = frozenset({"workprec", "workdps", "extraprec", "extradps"})
_BLOCK = "working_precision"


def violations(root: Path) -> list[str]:
    """Every place under theory, empirics and reports, but for the guard, that asks flint for its context, or yields in a block."""
    found = []
    for package in ("theory", "empirics", "reports"):
        for path in sorted((root / package).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            found += [f"{name}:{line}: {what}" for line, what in complaints(path.read_text(encoding="utf-8"), guard=name == GUARD)]
    return found


def complaints(source: str, guard: bool = False) -> list[tuple[int, str]]:
    """(line, what) for one module."""
    tree = ast.parse(source)
    found = [] if guard else list(_of_the_context(tree))
    return sorted(found + list(_of_yields(tree)))


def _of_the_context(tree: ast.AST) -> Iterator[tuple[int, str]]:
    imports = [alias for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names = {alias.asname or "flint" for alias in imports if alias.name.split(".")[0] == "flint"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "flint":
            yield from ((node.lineno, f"imports {alias.name} of flint") for alias in node.names if alias.name in ("ctx", "*", "thectx"))
        elif isinstance(node, ast.Attribute) and node.attr in _MANAGERS:
            yield node.lineno, f"calls {node.attr}"
        elif isinstance(node, ast.Attribute) and node.attr in ("ctx", "thectx") and _root(node.value) in names:
            yield node.lineno, f"reads {ast.unparse(node)}"


def _root(node: ast.expr) -> str:
    """x of x.y.z."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _of_yields(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """A generator that is left in the middle would keep the block open, and its caller would compute in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.With) and any(_opens(item.context_expr) for item in node.items):
            inside = [n for statement in node.body for n in _same_function(statement)]
            yield from ((n.lineno, "yields in a block") for n in inside if isinstance(n, ast.Yield | ast.YieldFrom))


def _same_function(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from _same_function(child)


def _opens(call: ast.expr) -> bool:
    if not isinstance(call, ast.Call):
        return False
    return (call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")) == _BLOCK
