"""The engines, with what can be said of them before torch loads: their names, what they take, and where they have closed forms.

Whoever adds an engine writes its module in `empirics/engines/`, its line in ENGINES, and its test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from theory.exact import shown
from theory.extensions import WITHOUT_REPLACEMENT, reason_beyond
from theory.inputs import InputLaw
from theory.problem import TeacherStudent

#: Why not, or None.
Reason = Callable[[TeacherStudent], str | None]


@dataclass(frozen=True)
class EngineRecord:
    """A way to run replicas.

    Attributes:
        home: "module:class", in `empirics.engines`; the class is a subclass of `empirics.engines.base.Engine`.
        unsupported_reason: why it does not take a problem; None where it does.
        no_closed_form_reason: why it knows no E[ ||g - grad L||^2 | w ] of a problem, which all estimators but the naive one need.
    """

    name: str
    home: str
    unsupported_reason: Reason
    no_closed_form_reason: Reason

    def load(self) -> type[Any]:
        """The class, with torch."""
        module, _, name = self.home.partition(":")
        engine: type[Any] = getattr(import_module(f"empirics.engines.{module}"), name)
        return engine


def is_users_function(problem: TeacherStudent) -> bool:
    """Whether the activation is a numpy function of the user's."""
    return not problem.is_polynomial and not problem.activation_function.is_certified


def sample_moments_kind(law: InputLaw) -> str | None:
    """The closed form of `empirics.engines.sample_moments` for the law: "atoms", "gaussian", "independent", or None."""
    if law.atom_count is not None:
        return "atoms"
    if law.is_gaussian:
        return "gaussian"
    return "independent" if law.has_centred_iid_coordinates else None


def _unless_two_linear(problem: TeacherStudent) -> str | None:
    if not (problem.is_linear and problem.depth == 2):
        return "it takes two linear layers and nothing else"
    return reason_beyond(problem, WITHOUT_REPLACEMENT)


def _if_users_function(problem: TeacherStudent) -> str | None:
    return f"it cannot differentiate an activation that is a numpy function ({problem.activation})" if is_users_function(problem) else None


def _unless_sample_moments(problem: TeacherStudent) -> str | None:
    return None if sample_moments_kind(problem.inputs) else f"there is no closed form for {shown(problem.inputs)}"


def _unless_atoms(problem: TeacherStudent) -> str | None:
    if problem.inputs.atom_count is not None:
        return None
    return "of such a network, closed forms exist for inputs with finitely many atoms only"


#: By name, the fastest first: "auto" takes the first one that takes the problem.
ENGINES: dict[str, EngineRecord] = {
    engine.name: engine
    for engine in (
        EngineRecord("two_linear", "two_linear:TwoLinear", _unless_two_linear, _unless_sample_moments),
        EngineRecord("networks", "networks:Networks", lambda problem: None, _unless_atoms),
        EngineRecord("autograd", "autograd:Autograd", _if_users_function, lambda problem: "the autograd engine knows no closed form"),
    )
}
