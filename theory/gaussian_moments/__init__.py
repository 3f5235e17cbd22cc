"""Exact moments of Gaussian vectors and of Wishart matrices: Isserlis, quadratic forms, traces of words.

    isserlis                  E[ x_{i_1} ... x_{i_2k} ] = sum over the (2k-1)!! pairings of products of covariances
    quadratic_forms_moment    E[ prod_j x^T A_j x ]
    wishart_moment            E[ prod of tr(S P_1 S P_2 ...) ], S = (1/b) sum_i x_i x_i^T, x_i ~ N(0, Sigma), as a polynomial in eps = 1/b

All follow from Stein's lemma, E[x_a f(x)] = sum_c Sigma_ac E[d_c f(x)]: integration by parts against the Gaussian density. For one S,

    E[S] = Sigma,      E[S B S] = Sigma B Sigma + eps ( Sigma B^T Sigma + tr(Sigma B) Sigma ),

and `wishart_words` has the rules for any number of them; `word_levels` arranges them for many. Nothing here lists pairings: recursions over
multisets and over canonical words compute each of their states once. A word with six S and six different 64 x 64 matrices has 10,395
pairings and takes less than a second, one with ten S and ten small matrices has 654,729,075 and takes two.
"""

from theory.gaussian_moments.isserlis_theorem import isserlis
from theory.gaussian_moments.quadratic_forms import quadratic_forms_cost, quadratic_forms_moment
from theory.gaussian_moments.wishart_moments import Wishart, wishart_cost, wishart_moment

__all__ = ["Wishart", "isserlis", "quadratic_forms_cost", "quadratic_forms_moment", "wishart_cost", "wishart_moment"]
