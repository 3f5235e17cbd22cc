"""The import rules of the house, read from the sources: who may import whom, without importing anyone.

Each package has floors, from the ground up, and each floor a few folders and modules: what stands on one may import what stands on it or
on a lower one, in no circle of modules and in none of folders. `empirics` may import of `theory` the problem, its laws, numbers, budgets
and the names of the ways to a quantity only; `reports` may import anything; nobody imports `reports`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

#: The floors of every package, bottom to top. A folder stands for everything in it; the package's own name is its __init__.
HOUSE: dict[str, dict[str, tuple[str, ...]]] = {
    "theory": {
        "numbers": ("exact", "budget", "arithmetic", "inverse_batch", "degrees"),
        "problems": ("inputs", "activations", "optimizers", "problem", "extensions", "routes", "backpropagation"),
        "algebra": ("kronecker", "trace_forms", "gaussian_moments", "chebyshev", "polynomial_networks"),
        "recursion and engines": ("recursion", "engines", "large_batch", "linear_regression"),
        "slow truth": ("enumeration", "references"),
        "answers": ("affordable_routes", "variance_poly", "approximation"),
        "front": ("theory",),
        "claims": ("claims",),
    },
    "empirics": {
        "inputs": ("extra", "single_precision", "engine_records", "arguments"),
        "sampling": ("sampling",),
        "engines": ("engines",),
        "estimation": ("estimation",),
        "runs": ("runs",),
        "models": ("models",),
        "experiments": ("experiments",),
        "front": ("empirics",),
    },
    "reports": {
        "text": ("text", "findings"),
        "figures": ("figures",),
        "site": ("site",),
        "commands": ("cli",),
        "front": ("reports", "__main__"),
    },
}
THIRD_PARTY = frozenset({"numpy", "scipy", "flint"})
EVIDENCE_MAY_USE = (
    *("theory.problem", "theory.extensions", "theory.inputs", "theory.exact", "theory.budget", "theory.optimizers", "theory.routes"),
)
#: The slow truth shares no formula with what it is compared with: how far up each of the two sees.
TRUTH_SEES = {"theory.enumeration": "problems", "theory.references": "algebra"}
#: Ways to the same polynomial: none may lean on another.
ENGINES = "theory.engines"
TOP_LEVEL = frozenset({"pyproject.toml", "constraints.txt", "Makefile", ".ci", ".gitignore"}) | frozenset(
    {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE", "tests", *HOUSE}
)


def read_imports(root: Path) -> dict[str, set[str]]:
    """Every module of the packages under `root`, with all that its text imports, in functions and under `if` too."""
    files = {_name(path, root): path for package in HOUSE for path in sorted((root / package).rglob("*.py"))}
    return {name: set(_imports(name, path, files)) for name, path in files.items()}


def violations(imports: Mapping[str, set[str]]) -> list[str]:
    """Every breach of the rules, as a line that names both modules; empty when the house is in order."""
    found = []
    for name, targets in sorted(imports.items()):
        found += [f"{name} imports {t}: {why}" for t in sorted(targets) for why in _objections(name, t)]
        if floor(name) is None:
            found.append(f"{name} has no floor: give it its place in HOUSE")
    between_folders: dict[str, set[str]] = {_place(name): set() for name in imports}
    for name, targets in imports.items():
        between_folders[_place(name)] |= set(map(_place, targets))
    found += [f"circular import: {' -> '.join(circle)}" for circle in circles(imports)]
    return found + [f"circle of folders: {' -> '.join(circle)}" for circle in circles(between_folders)]


def floor(name: str) -> int | None:
    """The floor of a module in its package, counted from the ground; None for what has none."""
    package, _, rest = name.partition(".")
    place = rest.split(".")[0] or package
    return next((n for n, places in enumerate(HOUSE.get(package, {}).values()) if place in places), None)


def shadowed(root: Path) -> list[str]:
    """Every name that a package offers and that one of its modules has too: which of the two it is depends on who was imported first."""
    found = []
    for path in sorted(path for package in HOUSE for path in (root / package).rglob("__init__.py")):
        inside = {p.stem for p in path.parent.glob("*.py")} | {p.parent.name for p in path.parent.glob("*/__init__.py")}
        package = _name(path, root)
        for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module != package:
                names = [alias.asname or alias.name for alias in node.names]
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                names = [node.name]
            found += [f"{package}.{name} is also a module" for name in names if name in inside]
    return found


def circles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """One circle for every import that closes one, by depth-first search."""
    found: list[list[str]] = []
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            found.append([*path[path.index(name) :], name])
        elif name in imports and name not in done:
            for target in sorted(imports[name] - {name}):
                visit(target, [*path, name])
            done.add(name)

    for name in sorted(imports):
        visit(name, [])
    return found


def _objections(name: str, target: str) -> Iterator[str]:
    if _in(target, "reports") and not _in(name, "reports"):
        yield "only reports may import reports"
    if _in(name, "empirics") and _in(target, "theory") and not any(_in(target, allowed) for allowed in EVIDENCE_MAY_USE):
        yield "evidence must not share the formula that it tests"
    package = name.split(".")[0]
    if package == "theory" and target.split(".")[0] not in THIRD_PARTY | {"theory", "reports"} | sys.stdlib_module_names:
        yield f"theory stands on {', '.join(sorted(THIRD_PARTY))} and the standard library alone"
    if not _in(target, package):
        return
    here, there = floor(name), floor(target)
    if here is not None and there is not None and there > here:
        yield "it stands on a higher floor"
    for truth, highest in TRUTH_SEES.items():
        if _in(name, truth) and not _in(target, truth) and there is not None and there > [*HOUSE["theory"]].index(highest):
            yield "the slow truth must not share a formula with what it is compared with"
    if _in(name, ENGINES) and _in(target, ENGINES) and _engine(target) not in (_engine(name), "base", ""):
        yield "no engine leans on another"


def _place(name: str) -> str:
    """The folder or module of a package that a module stands in; the package's __init__ is a place of its own."""
    package, _, rest = name.partition(".")
    return f"{package}.{rest.split('.')[0]}" if rest else package


def _engine(name: str) -> str:
    return name.removeprefix(ENGINES).removeprefix(".").split(".")[0]


def _in(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def _name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(name: str, path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            source = ".".join(filter(None, (base, node.module)))
            # `from theory import x` asks for the module theory.x when there is one, otherwise for a name of the package
            for alias in node.names:
                yield f"{source}.{alias.name}" if f"{source}.{alias.name}" in files else source
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.args[0].value
