"""Input laws: where the samples x in R^p come from, and their exact joint moments.

Every law gives `dimension` (p), `moment(exponents)` = E[ x_1^{a_1} ... x_p^{a_p} ] as a Fraction, `second_moment` = E[x x^T] (which is the
covariance only where the mean is 0), `support()` (its atoms, when they are finitely many) and `sample`. Parameters given as floats are
taken as the binary rationals that they are; `exact` says whether all of them were exact to begin with.

    Gaussian        any mean mu and covariance Sigma, singular ones too, so that a coordinate may be constant and make biases; moments by
                    Stein's lemma, E[x_i f(x)] = mu_i E[f(x)] + sum_j Sigma_ij E[d_j f(x)]
    Discrete        atoms x_n with probabilities q_n; E[f(x)] = sum_n q_n f(x_n)
    DataSet         N points, equally likely, with labels or without; as Discrete, for large N too
    Rademacher, Uniform, Independent     independent coordinates; products of the moments of one, by formula or from a table

The exact var(g_t) of a linear network needs moments up to the order 4 m^t, m = 2 H - 1 for H layers (3 for two): g_t is of degree m^t in
the second moment of the first batch, and stands there squared. A table of moments that ends before is refused.

One module a family. Engines, cost models, samplers and files ask a law for what they need of it (`InputLaw`) or for its name (`name_of`),
never for its class, so a law of one's own, a subclass of `InputLaw` or `IndependentCoordinates`, works everywhere that its answers allow.
"""

from collections.abc import Mapping

from theory.inputs.data_set import DataSet
from theory.inputs.discrete import Discrete
from theory.inputs.gaussian import Gaussian
from theory.inputs.independent import MAX_ENUMERATED_ATOMS, Independent, IndependentCoordinates, Rademacher, Uniform
from theory.inputs.law import MAX_ORDER, InputLaw, as_law

#: The laws that files, the command line and samplers know by a name.
NAMED: dict[str, type[InputLaw]] = {
    "gaussian": Gaussian,
    "rademacher": Rademacher,
    "uniform": Uniform,
    "discrete": Discrete,
}


def name_of(law: InputLaw, among: Mapping[str, type[InputLaw]] = NAMED) -> str | None:
    """The law's name, or None. A subclass of a named law is another law: it may have other samples and other parameters.

    >>> name_of(Rademacher(3))
    'rademacher'
    """
    return next((name for name, kind in among.items() if type(law) is kind), None)


__all__ = [
    "MAX_ENUMERATED_ATOMS",
    "MAX_ORDER",
    "NAMED",
    "DataSet",
    "Discrete",
    "Gaussian",
    "Independent",
    "IndependentCoordinates",
    "InputLaw",
    "Rademacher",
    "Uniform",
    "as_law",
    "name_of",
]
