"""Second routes to var(g_t) of two linear layers, all symbolic and no line shared with an engine: what holds here holds for every network.

Weights, learning rate, eps = 1/b and, on request, the covariance of the Gaussian inputs are variables of one polynomial ring over the
rationals (`ring`). Two routes that share no formula beyond the definition of SGD lead to var(g_t) at t = 0 and 1: `by_generator` and
`by_partitions`. What they will take is predicted (`theory.references.symbolic_cost`): terms grow fast with the sizes.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from flint import fmpq_mpoly

from theory.arithmetic.rows import RowMatrix as Matrix
from theory.budget import WITHOUT_BUDGET, Budget, CannotError, Cost
from theory.exact import as_choice, as_index, as_sequence, shown, to_fmpq
from theory.extensions import require_within
from theory.problem import TeacherStudent, as_problem
from theory.references import symbolic_cost
from theory.references.symbolic.by_generator import ByGenerator
from theory.references.symbolic.by_partitions import ByPartitions
from theory.references.symbolic.ring import Ring, entries

ROUTES = ("generator", "partitions")


class SymbolicNetwork(Ring):
    """Two linear layers of sizes (p, p_1, p_2) whose weights are variables; `SymbolicNetwork.of(problem)` has a problem's numbers instead.

    Args:
        sizes: (p, p_1, p_2).
        teacher: "factors" for the entries of W*_1 and W*_2 as variables; "product" for those of V = W*_2 W*_1, through which alone the
            teacher acts: an identity in V holds for all factors.
        covariance: "identity" or "symbolic" (Sigma_ij, i <= j).

    Raises ValueError or TypeError naming the argument, and UnaffordableError for a ring of too many variables.

    Examples:
        >>> network = SymbolicNetwork((1, 1, 1), teacher="product")
        >>> network.variance_by_generator(step=0, layer=2)            # 2 eps w1^2 (w2 w1 - v)^2
        2*W1_00^4*W2_00^2*eps - 4*W1_00^3*W2_00*V_00*eps + 2*W1_00^2*V_00^2*eps
    """

    def __init__(self, sizes: tuple[int, int, int], teacher: str = "factors", covariance: str = "identity") -> None:
        as_choice(teacher, "teacher", ("factors", "product"))
        as_choice(covariance, "covariance", ("identity", "symbolic"))
        given = as_sequence(sizes, "sizes")
        if len(given) != 3:
            raise ValueError(f"sizes must be (p, p_1, p_2), but were {shown(sizes)}")
        p, h, outputs = self._sizes = tuple(as_index(n, f"sizes[{k}]", minimum=1) for k, n in enumerate(given))
        self._free_sigma = covariance == "symbolic"
        student, target = h * (p + outputs), h * (p + outputs) if teacher == "factors" else outputs * p
        self._kinds = student // 2 + (target // 2 if teacher == "factors" else target)  # factors come in products
        symbolic_cost.require_ring("sizes", student + target + (2 if self._free_sigma else 1) * (p * (p + 1) // 2), student + target)
        shapes = {"W1": (h, p), "W2": (outputs, h)}
        shapes |= {"V1": (h, p), "V2": (outputs, h)} if teacher == "factors" else {"V": (outputs, p)}
        names = [f"{letter}_{i}{j}" for letter, shape in shapes.items() for i, j in product(*map(range, shape))]
        names += [f"Sigma_{i}{j}" for i, j in entries(p)] if self._free_sigma else []
        super().__init__(p, [*names, "alpha"], None)
        letters = {
            letter: Matrix([[self.variable[f"{letter}_{i}{j}"] for j in range(shape[1])] for i in range(shape[0])])
            for letter, shape in shapes.items()
        }
        self.w1, self.w2, self.alpha = letters["W1"], letters["W2"], self.variable["alpha"]
        self.target = letters["V"] if teacher == "product" else letters["V2"] @ letters["V1"]
        self.sigma = self.symmetric("Sigma") if self._free_sigma else self.numbers(np.eye(p, dtype=int))

    @classmethod
    def of(cls, problem: TeacherStudent) -> SymbolicNetwork:
        """The numbers of one problem with two linear layers: only eps remains. The route by partitions takes any law with moments."""
        require_within(as_problem(problem))
        if problem.depth != 2 or not problem.is_linear:
            raise ValueError(f"problem must have two linear layers, but had {problem.depth} and the activation {shown(problem.activation)}")
        network = cls.__new__(cls)
        network._sizes, network._kinds, network._free_sigma = problem.sizes, 0, False
        p, weights = problem.inputs.dimension, 2 * sum(w.size for w in problem.student)
        symbolic_cost.require_ring("problem", p * (p + 1) // 2, weights)
        Ring.__init__(network, p, [], problem.inputs)
        network.w1, network.w2 = (network.numbers(w) for w in problem.student)
        v1, v2 = (network.numbers(w) for w in problem.teacher_weights)
        network.target, network.sigma = v2 @ v1, network.numbers(problem.inputs.second_moment)
        rates = problem.learning_rates
        given = callable(rates) or not isinstance(rates, tuple) or len(rates) > 0
        network.alpha = network.context.constant(to_fmpq(problem.learning_rate(0)) if given else 0)
        return network

    def predicted_cost(self, step: int, route: str = "partitions") -> Cost:
        """Of var(g_{step,k}) by "generator" or "partitions", whatever the layer. Nothing is computed."""
        as_choice(route, "route", ROUTES)
        t = symbolic_cost.first_steps(step)
        return symbolic_cost.two_layers(self._sizes, self._kinds, t, self._free_sigma, route == "partitions")

    def variance_by_generator(self, step: int, layer: int, *, budget: Budget | None = None) -> fmpq_mpoly:
        """var(g_{step,layer}), step 0 or 1, by the first route, for Gaussian inputs.

        CannotError for others, UnaffordableError beyond the budget, a minute by default.
        """
        if not (self.law is None or self.law.is_centred_gaussian):
            raise CannotError(f"the generator is for Gaussian inputs, but the inputs were {shown(self.law)}")
        t, k = self._affordable(step, layer, "generator", budget)
        return ByGenerator(self, t).variance(k)

    def variance_by_partitions(self, step: int, layer: int, *, budget: Budget | None = None) -> fmpq_mpoly:
        """var(g_{step,layer}), step 0 or 1, by the second route. UnaffordableError beyond the budget, a minute by default."""
        t, k = self._affordable(step, layer, "partitions", budget)
        return ByPartitions(self, t).variance(k)

    def _affordable(self, step: int, layer: int, route: str, budget: Budget | None) -> tuple[int, int]:
        t, k = symbolic_cost.first_steps(step), as_index(layer, "layer", minimum=1)
        if k > 2:
            raise ValueError(f"layer must be in 1..2, but was {shown(layer)}")
        Budget.of(budget, WITHOUT_BUDGET).require(self.predicted_cost(t, route), f"var(g) by {route} at t = {t}", symbolic_cost.LEFT)
        return t, k
