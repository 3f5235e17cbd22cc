"""Lemmas A.1 and A.2: mixed products of Kronecker and matrix products, and the expectation of products of quadratic forms.

    products             (x)_i prod_j M_ij = prod_j (x)_i M_ij, each side as it stands (Lemma A.1)
    stacked_samples      a stack of samples, equal ones under one name, as one input law
    quadratic_products   E[ D_0 z_1 z_n^T D_n prod (z_j^T D_j z_{j+1}) prod (y_i^T A_i y_{i+1}) ], both sides (Lemma A.2)

Matrices are object arrays of rationals (Fractions out). Everything is dense and literal: it is what the lemmas say, for small sizes.
"""

from theory.kronecker.products import kronecker_of_rows, kronecker_product, padded, product_of_columns
from theory.kronecker.quadratic_products import (
    direct_quadratic_product,
    expected_quadratic_product,
    moment_matrices,
    quadratic_product_from,
)
from theory.kronecker.stacked_samples import StackedSamples

__all__ = [
    "StackedSamples",
    "direct_quadratic_product",
    "expected_quadratic_product",
    "kronecker_of_rows",
    "kronecker_product",
    "moment_matrices",
    "padded",
    "product_of_columns",
    "quadratic_product_from",
]
