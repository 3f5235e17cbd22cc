"""The import rules of the house, read from the sources: who may import whom, without importing anyone.

    foundations <- moments, trace forms <- recursion, engines <- variance_poly <- theory/__init__ <- claims
    empirics -> theory.problem, theory.inputs, theory.exact, theory.budget only        reports -> anything        nobody -> reports

A module may import what stands on its own floor or below, in no circle.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGES = ("theory", "empirics", "reports")

#: The floors of theory, bottom to top. A package stands for everything in it, unless a module of it is named.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset(f"theory.{m}" for m in ("number_text", "foreign_arrays", "definiteness"))
    | frozenset(f"theory.{m}" for m in ("exact", "budget", "working_precision", "matrices", "ball_matrices", "problem", "inputs"))
    | frozenset({"theory.activations", "theory.activation_functions", "theory.unit_costs", "theory.stein"})
    | frozenset(f"theory.{m}" for m in ("real_roots", "inverse_batch", "degrees", "sample_gradients", "norms"))
    | frozenset(f"theory.{m}" for m in ("remez", "certified_sup", "bernstein_ellipses")),
    frozenset(f"theory.{m}" for m in ("kronecker", "gaussian_moments", "letters", "trace_forms"))
    | frozenset(f"theory.{m}" for m in ("wishart_words", "word_polynomials", "word_expectations"))
    | frozenset({"theory.engines.base"}),
    frozenset({"theory.recursion", "theory.engines", "theory.symbolic", "theory.enumeration", "theory.enumeration_cost"})
    | frozenset({"theory.polynomial_networks", "theory.linear_regression", "theory.scalar_monotonicity", "theory.chebyshev"})
    | frozenset(f"theory.{m}" for m in ("gap_recursion", "double_runs", "gap_bounds", "run_bounds", "a_priori_bounds")),
    frozenset(f"theory.{m}" for m in ("variance_poly", "other_routes", "approximation", "gradient_gaps", "product_gaps", "variance_gaps")),
    frozenset({"theory"}),
    frozenset({"theory.claims"}),
)
ENGINES_UP = 2
THIRD_PARTY = frozenset({"numpy", "scipy", "flint"})
EVIDENCE_MAY_USE = frozenset({"theory.problem", "theory.inputs", "theory.exact", "theory.budget"})
#: The slow, obvious truth shares no formula with what it is compared with; costs and errors are none.
ORACLE = "theory.enumeration"
ORACLE_MAY_USE = FLOORS[0] | {"theory.polynomial_networks", "theory.enumeration_cost"}
TOP_LEVEL = frozenset({"pyproject.toml", "constraints.txt", "Makefile", ".ci", ".gitignore"}) | frozenset(
    {"README.md", "CHANGELOG.md", "LICENSE", "tests", *PACKAGES}
)


def read_imports(root: Path) -> dict[str, set[str]]:
    """Every module of the packages under `root`, with all that its text imports, in functions and under `if` too."""
    files = {_name(path, root): path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))}
    return {name: set(_imports(name, path, files)) for name, path in files.items()}


def violations(imports: Mapping[str, set[str]]) -> list[str]:
    """Every breach of the rules, as a line that names both modules; empty when the house is in order."""
    found = []
    for name, targets in sorted(imports.items()):
        found += [f"{name} imports {t}: {why}" for t in sorted(targets) for why in _objections(name, t)]
        if _in(name, "theory") and floor(name) is None:
            found.append(f"{name} has no floor: give it its place in FLOORS")
    return found + [f"circular import: {' -> '.join(circle)}" for circle in circles(imports)]


def floor(name: str) -> int | None:
    """The floor on which a module of theory stands: that of the longest name in FLOORS that covers it."""
    if name == "theory":
        return next(k for k, names in enumerate(FLOORS) if name in names)
    parents = [".".join(name.split(".")[:k]) for k in range(len(name.split(".")), 1, -1)]
    return next((k for parent in parents for k, names in enumerate(FLOORS) if parent in names), None)


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
    if _in(name, "empirics") and _in(target, "theory") and target not in EVIDENCE_MAY_USE:
        yield "evidence must not share the formula that it tests"
    if not _in(name, "theory"):
        return
    if not _in(target, "theory"):
        top = target.split(".")[0]
        if top not in THIRD_PARTY and top not in sys.stdlib_module_names and top != "reports":
            yield f"theory stands on {', '.join(sorted(THIRD_PARTY))} and the standard library alone"
        return
    here, there = floor(name), floor(target)
    if here is not None and there is not None and there > here:
        yield "it stands on a higher floor"
    if target == "theory.engines.base" and here is not None and here < ENGINES_UP and name != target:
        yield "only engines, and what stands above them, may import it"
    if name == ORACLE and target not in ORACLE_MAY_USE:
        yield "the brute-force truth must not share a formula with what it is compared with"


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
