"""Theorem 3.1, the informal version of Theorem A.4; two linear layers are checked."""

from __future__ import annotations

from fractions import Fraction as F

from theory.claims import theorem_a4
from theory.claims.record import Claim, Showcase, Verdict
from theory.claims.support.recursion_cases import MixedProduct
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.trace_forms import g

INSTANCE = MixedProduct
check = theorem_a4.check


def _norms() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[F(1, 2)]]], Discrete([1, 2], [F(1, 3), F(2, 3)]), learning_rates=F(1, 2))
    return MixedProduct(problem, (g(0, 1).T @ g(0, 1), g(0, 2).T @ g(0, 2)))


CLAIM = Claim(
    id="3.1",
    title="The expectation over one batch is a polynomial in 1/b (informal)",
    source="Theorem 3.1, lines 247-254",
    printed=(
        r"<em>(Abridged.)</em> "
        r"For \(\mathcal{M}\) with letters in \(W_{:t}, G_{:t}\) and constants, \(\deg(G_t; \mathcal{M}) = d\):"
        r" \[ E[ \mathrm{tr}( C \bigotimes_{i \in [I]} \prod_{j \in [J]} M_{i,j} ) \prod_{j \in [J]} M_{0,j} \mid \mathcal{F}_t ] ="
        r" \sum_{s=0}^{d} Q_s \frac{1}{b^s} \] where every \(Q_s\) is a sum of terms of the same form in \(W_{:t}, G_{:t-1}\) and"
        r" constants."
    ),
    corrected=(
        r"As printed for two linear layers, with every constant in Theorem A.4; \(Q_d = 0\) for \(d \ge 1\), so that the degree is at most"
        r" \(\max(d - 1, 0)\)."
    ),
    hypotheses=("two linear layers here; the statement is for polynomial activations", "moments of order 2d"),
    verdict=Verdict.HOLDS,
    check=check,
    showcases=(Showcase("the product of both layers' norms", _norms, note="d = 4: degree 3 in 1/b"),),
    proof="Theorem A.4.",
    remarks=("The term of degree d never occurs: an average over one batch, alone, costs no power of 1/b.",),
    command="pytest -m theorems tests/theorems/test_theorem_3_1.py",
)
