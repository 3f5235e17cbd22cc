"""The ways to a network's noise, by name, and why one does not apply to a problem: what a refusal names in the place of what cannot.

Only the kind of the problem decides here. What each of them costs, and how far it then goes, `theory.affordable_routes` asks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from theory.activations import Activation
from theory.budget import CannotError
from theory.exact import shown, spelled
from theory.extensions import ALL, OPTIMIZER, TARGETS, reason_beyond
from theory.problem import TeacherStudent


@dataclass(frozen=True)
class Route:
    """One way: its name, where it is found, why it does not apply to a problem of the paper's kind, and what it takes beyond these."""

    name: str
    place: str
    against: Callable[[TeacherStudent], str | None]
    taken: tuple[str, ...] = ()

    def unsupported_reason(self, problem: TeacherStudent) -> str | None:
        """Why it does not apply; None where it does, whatever it costs."""
        return reason_beyond(problem, *self.taken) or self.against(problem)

    def require_applicable(self, problem: TeacherStudent) -> None:
        """CannotError, with the other routes that apply, where this one does not."""
        if (reason := self.unsupported_reason(problem)) is not None:
            raise self.cannot(problem, reason)

    def cannot(self, problem: TeacherStudent, reason: str) -> CannotError:
        """The refusal of this route for this reason; it ends with the other routes that apply."""
        return cannot(problem, reason, *(route for route in ROUTES if route is not self))

    def words(self, call: str = "") -> str:
        """As a refusal names it; `call` is a function of its module."""
        return f"{self.name} ({self.place}{call and '.'}{call})"


def applicable(problem: TeacherStudent, *routes: Route) -> list[str]:
    """Those among these routes that apply, one sentence part each."""
    return [route.words() for route in routes if route.unsupported_reason(problem) is None]


def cannot(problem: TeacherStudent, reason: str, *routes: Route) -> CannotError:
    """The refusal for this reason; it ends with those of these routes that apply."""
    left = applicable(problem, *routes)
    return CannotError(reason + (f". Alternatives: {'; '.join(left)}" if left else ""))


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
    if not (problem.inputs.is_gaussian and problem.inputs.dimension == 1):
        return f"quadrature needs scalar Gaussian inputs, but they were {shown(problem.inputs)}"
    if not problem.is_linear:
        return f"quadrature needs a linear network: activation must be the identity, (0, 1), but was {_told(problem.activation)}"
    return None


def _against_large_batch(problem: TeacherStudent) -> str | None:
    if not problem.is_polynomial:
        return f"the large-batch law needs a polynomial as activation, but it was {problem.activation}"
    missing = problem.inputs.missing_moments_reason(4 * problem.activation_degree ** (problem.depth - 1))
    return None if missing is None else f"the large-batch law needs more moments of the inputs: {missing}"


def _against_simulation(problem: TeacherStudent) -> str | None:
    return None if problem.inputs.has_samples else "inputs given by a moment table cannot be sampled"


def _told(activation: tuple[Fraction | float, ...] | Activation) -> str:
    if isinstance(activation, Activation):
        return str(activation)
    few = len(activation) <= 6
    return f"({', '.join(map(spelled, activation))})" if few else f"a polynomial of degree {len(activation) - 1}"


POLYNOMIAL = Route("the polynomial in 1/b", "theory.variance_poly", _against_polynomial, ALL)
ENUMERATION = Route("enumeration at one batch size", "theory.enumeration", _against_enumeration, ALL)
QUADRATURE = Route("quadrature at one batch size of any size", "theory.references.quadrature", _against_quadrature)
LARGE_BATCH = Route("the large-batch law beta_1/b", "theory.large_batch", _against_large_batch, (OPTIMIZER, TARGETS))
SIMULATION = Route("simulation", "empirics.simulate", _against_simulation, ALL)
#: In the order in which a refusal names them.
ROUTES = (POLYNOMIAL, ENUMERATION, QUADRATURE, LARGE_BATCH, SIMULATION)
