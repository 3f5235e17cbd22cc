"""Theorem A.5 (informally 3.2): every weight of a step unrolled into the weight and the gradient of the step before."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from math import comb

from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.support.recursion_cases import MixedProduct, degrees, dense_value, difference, lookup_after, shown
from theory.inputs import Discrete
from theory.problem import TeacherStudent
from theory.recursion import KroneckerForm, unroll
from theory.trace_forms import W, g, teacher

INSTANCE = MixedProduct


def check(instance: MixedProduct) -> Evidence:
    """The unrolled form on a path of SGD against the form itself on that path; number, coefficients and degrees of its terms."""
    result = unroll(instance.form, instance.problem, instance.step)
    return _evidence(instance, result, broken_counts(instance, result), "W_t = W_{t-1} - alpha_{t-1} g_{t-1} in every place")


def check_printed(instance: MixedProduct) -> Evidence:
    """The proof as printed, W_t = W_{t-1} - alpha_t g_{t-1}: the same terms with the wrong learning rate."""
    problem = instance.problem
    shifted = replace(problem, learning_rates=lambda s: problem.learning_rate(s + 1))
    result = unroll(instance.form, shifted, instance.step)
    return _evidence(instance, result, [], "W_t = W_{t-1} - alpha_t g_{t-1} in every place, as printed")


def _evidence(instance: MixedProduct, result: KroneckerForm, faults: list[str], rule: str) -> Evidence:
    lookup = lookup_after(instance)
    left, right = result.evaluate(lookup, instance.problem), dense_value(instance.form, lookup)
    gap = difference(left, right)
    return Evidence(
        statement="tr(C (x) rows) row_0 in the letters of step t - 1, and the counts and degrees of its terms",
        instance=str(instance),
        left_route=f"{rule}: {len(result.terms)} terms",
        left=shown(left),
        right_route="the product itself, W_t taken from the path of SGD",
        right=shown(right) + (f"; broken: {', '.join(faults)}" if faults else ""),
        holds=gap == 0 and not faults,
        residual=gap,
    )


def broken_counts(instance: MixedProduct, result: KroneckerForm) -> list[str]:
    """Which of the statement's counts, coefficients and degree identities the terms break."""
    before, t = instance.form.terms[0], instance.step
    old = degrees(before.letters, t)
    d, rate = old[f"W_{t}"], F(instance.problem.learning_rate(t - 1))
    faults = [] if len(result.terms) == 2**d else [f"{len(result.terms)} terms for d = {d}"]
    picks: dict[int, int] = {}
    for term in result.terms:
        new = degrees(term.letters, t)
        j = new[f"G_{t - 1}"] - old[f"G_{t - 1}"]
        picks[j] = picks.get(j, 0) + 1
        expected = old | {f"W_{t}": 0, f"G_{t - 1}": old[f"G_{t - 1}"] + j, f"W_{t - 1}": old[f"W_{t - 1}"] + d - j}
        if new != expected:
            faults.append(f"degrees {new} for {expected}")
        if term.coefficient != (-rate) ** j:
            faults.append(f"coefficient {term.coefficient} with {j} gradients")
        if (len(term.rows), term.row_length) != (len(before.rows), before.row_length):
            faults.append("other rows")
    if picks != {j: comb(d, j) for j in range(d + 1)}:
        faults.append(f"terms by gradient picks {picks}")
    return faults


def _two_rates(rates: list[F]) -> TeacherStudent:
    return TeacherStudent(
        student=[[[1, F(1, 2)]], [[-1]]],
        teacher=[[[0, 1]], [[2]]],
        inputs=Discrete([(1, 0), (F(1, 2), -1)], [F(1, 3), F(2, 3)]),
        learning_rates=rates,
    )


def _mixed() -> MixedProduct:
    rows = (W(2, 1).T @ g(1, 1), W(2, 2) @ teacher(1) @ W(2, 1).T)
    return MixedProduct(_two_rates([F(1, 2), F(1, 4), F(1, 8)]), rows, [[1, 2], [3, 4]], W(2, 2).T @ W(1, 2), history=((0, 1), (1, 1)))


def _single() -> MixedProduct:
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[0]]], Discrete([1]), learning_rates=[F(1, 2), F(1, 4)])
    return MixedProduct(problem, (), None, W(1, 1), history=((0,),))


CLAIM = Claim(
    id="A.5",
    title="One step unrolled",
    source="Theorem A.5 and its proof, lines 609-623",
    printed=(
        r"<em>(Abridged.)</em> "
        r"For \(\mathcal{M}\) with letters in \(W_{0:t}, G_{0:t-1}, W^*\) and \(\bar{\mathcal{C}}\), \(\deg(W_t; \mathcal{M}) = d\):"
        r" \[ \mathrm{tr}( C \bigotimes_{i} \prod_{j} M_{i,j} ) \prod_{j} M_{0,j} = \sum_{k \in [2^d]} \alpha_k \mathrm{tr}( C"
        r" \bigotimes_{i} \prod_{j} M_{k,i,j} ) \prod_{j} M_{k,0,j} \] without \(W_t\), with"
        r" \(\deg(G_{t-1}; \mathcal{M}_k) \le \deg(G_{t-1}; \mathcal{M}) + d\),"
        r" \(\deg(W_{t-1}; \mathcal{M}_k) \le \deg(W_{t-1}; \mathcal{M}) + d\), their sum growing by \(d\), other degrees unchanged."
        r" Proof: replace \(W_{t,i} = W_{t-1,i} - \alpha_t g_{t-1,i}\) everywhere; the constants come from the \(\alpha_t\)."
    ),
    corrected=(
        r"The update is \(W_{t,i} = W_{t-1,i} - \alpha_{t-1} g_{t-1,i}\), so that the term with \(j\) gradients has the coefficient"
        r" \((-\alpha_{t-1})^j\), \(\deg(G_{t-1}; \mathcal{M}_k) = \deg(G_{t-1}; \mathcal{M}) + j\) and"
        r" \(\deg(W_{t-1}; \mathcal{M}_k) = \deg(W_{t-1}; \mathcal{M}) + d - j\); there are \(\frac{d!}{j!(d-j)!}\) of them."
    ),
    hypotheses=("learning rates that do not depend on the samples",),
    verdict=Verdict.CORRECTED,
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("four weights of step 2", _mixed, note="16 terms; a general C"),
        Showcase("one weight, two different learning rates", _single, printed=True),
    ),
    remarks=(r"The statement, with unnamed constants, holds as printed; the constants that its proof gives do not.",),
    proof="Multilinearity of the product in each of its d letters.",
    command="pytest -m theorems tests/theorems/test_theorem_a5.py",
    slips=(
        r"The proof has \(\alpha_t\) where the update (line 529) has \(\alpha_{t-1}\).",
        r"The proof's expanded terms end in \(\prod_j M_{0,j}\); row 0 is unrolled too: \(\prod_j M_{k,0,j}\).",
    ),
)
