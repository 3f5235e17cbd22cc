"""The import rules of the house, read from the sources: who may import whom, without importing anyone.

Each package is a list of folders and modules, from the ground up: what stands in one may import what stands in it or in an earlier one,
in no circle. `empirics` may import of `theory` the problem, its laws, numbers, budgets and the names of the ways to a quantity only;
`reports` may import anything; nobody imports `reports`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

#: Every package as its floors, bottom to top. A folder stands for everything in it; the package's own name is its __init__.
HOUSE: dict[str, tuple[str, ...]] = {
    "theory": (
        *("exact", "budget", "arithmetic", "inputs", "activations", "optimizers", "inverse_batch", "degrees", "problem", "routes"),
        *("kronecker", "backpropagation", "trace_forms", "gaussian_moments", "chebyshev", "polynomial_networks"),
        *("recursion", "engines", "linear_regression", "large_batch", "enumeration", "references"),
        *("affordable_routes", "variance_poly", "approximation", "theory", "claims"),
    ),
    "empirics": (
        *("extra", "inputs", "single_precision", "engine_records", "arguments", "sampling", "engines", "estimation", "models", "runs"),
        *("experiments", "empirics"),
    ),
    "reports": ("text", "findings", "figures", "site", "cli", "reports", "__main__"),
}
THIRD_PARTY = frozenset({"numpy", "scipy", "flint"})
EVIDENCE_MAY_USE = ("theory.problem", "theory.inputs", "theory.exact", "theory.budget", "theory.optimizers", "theory.routes")
#: The slow, obvious truth shares no formula with what it is compared with: it sees the ground of the house, up to the problem.
ORACLE, ORACLE_UP_TO = "theory.enumeration", "backpropagation"
#: Ways to the same polynomial: none may lean on another, and what checks them leans on none.
ENGINES, REFERENCES = "theory.engines", "theory.references"
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
    return found + [f"circular import: {' -> '.join(circle)}" for circle in circles(imports)]


def floor(name: str) -> int | None:
    """The floor of a module in its package, counted from the ground; None for what has none."""
    package, _, rest = name.partition(".")
    place = rest.split(".")[0] or package
    floors = HOUSE.get(package, ())
    return floors.index(place) if place in floors else None


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
    if _in(name, ORACLE) and not _in(target, ORACLE) and there is not None and there > HOUSE["theory"].index(ORACLE_UP_TO):
        yield "the brute-force truth must not share a formula with what it is compared with"
    if _in(name, ENGINES) and _in(target, ENGINES) and _engine(target) not in (_engine(name), "base", ""):
        yield "no engine leans on another"
    if _in(name, REFERENCES) and _in(target, ENGINES):
        yield "a second route shares no formula with an engine"


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
