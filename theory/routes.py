"""Which ways to a network's noise apply to a problem, by the kind of problem alone: what a refusal names in the place of what cannot.

What each of them costs is not asked here; theory.other_routes asks it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from theory.activations import Activation
from theory.budget import CannotError
from theory.problem import TeacherStudent


def unsupported_reason(problem: TeacherStudent, module: str) -> str | None:
    """Why the route that this module goes (a key of ROUTES) does not apply; None where it does, whatever it costs."""
    return problem.optimizer.unsupported_reason() or ROUTES[module][1](problem)


def routes(problem: TeacherStudent, *modules: str) -> list[str]:
    """Those among the routes of these modules that apply, one sentence part each."""
    return [words for module, (words, _) in ROUTES.items() if module in modules and unsupported_reason(problem, module) is None]


def cannot(problem: TeacherStudent, reason: str, *modules: str) -> CannotError:
    """The refusal for this reason; it ends with those routes of these modules that apply."""
    left = routes(problem, *modules)
    return CannotError(reason + (f". Alternatives: {'; '.join(left)}" if left else ""))


def others(module: str) -> set[str]:
    """The modules of all routes but this."""
    return ROUTES.keys() - {module}


def require(problem: TeacherStudent, module: str) -> None:
    """CannotError where the route of this module does not apply."""
    if (reason := unsupported_reason(problem, module)) is not None:
        raise cannot(problem, reason, *others(module))


def without_atoms(problem: TeacherStudent) -> str:
    """Why what goes through the atoms of a law does not apply to this problem's."""
    return f"inputs must have finite support (as Discrete has) to be enumerated: {problem.inputs}"


def in_balls(problem: TeacherStudent) -> bool:
    """Whether enumeration needs ball arithmetic: the activation is no polynomial, not even piece by piece."""
    return isinstance(problem.activation, Activation) and not problem.activation.is_piecewise_linear


def _against_polynomial(problem: TeacherStudent) -> str | None:
    if not problem.is_polynomial:
        return f"activation must be a polynomial, but was {problem.activation}"
    of_moments = problem.inputs.highest_order == math.inf
    return None if of_moments or problem.inputs.support() else "inputs without finite support need the moments of every order"


def _against_enumeration(problem: TeacherStudent) -> str | None:
    if problem.inputs.support() is None:
        return without_atoms(problem)
    if isinstance(problem.activation, Activation) and not problem.activation.is_certified:
        return f"activation must be a polynomial or a named one, but was {problem.activation}"
    return None


def _against_quadrature(problem: TeacherStudent) -> str | None:
    if problem.inputs.is_centred_gaussian and problem.inputs.dimension == 1 and problem.is_linear:
        return None
    return "quadrature needs scalar Gaussian inputs and a linear network"


def _against_large_batch(problem: TeacherStudent) -> str | None:
    if not problem.is_linear:
        return "the large-batch law is implemented for linear networks: activation must be the identity, (0, 1)"
    missing = problem.inputs.missing_moments_reason(4)
    return None if missing is None else f"the large-batch law needs the inputs' fourth moments: {missing}"


def _against_simulation(problem: TeacherStudent) -> str | None:
    return None if problem.inputs.has_samples else "inputs given by a moment table cannot be sampled"


#: By module: what its route is called in a refusal, and why it does not apply to a problem that plain SGD trains.
ROUTES: dict[str, tuple[str, Callable[[TeacherStudent], str | None]]] = {
    "theory.variance_poly": ("the polynomial in 1/b (theory.variance_poly)", _against_polynomial),
    "theory.enumeration": ("enumeration at one batch size (theory.enumeration)", _against_enumeration),
    "theory.references.quadrature": ("quadrature at one batch size (theory.references.quadrature)", _against_quadrature),
    "theory.large_batch": ("the large-batch law beta_1/b (theory.large_batch)", _against_large_batch),
    "empirics": ("simulation (empirics.simulate)", _against_simulation),
}
