"""Deep polynomial networks as sums of products of matrices: the paper's A.1.2, A.1.3 and Lemma A.8, written out.

    f(w; x) = W_H sigma( W_{H-1} sigma( ... sigma(W_1 x) ) ),      sigma(z) = sigma_0 + sigma_1 z + ... + sigma_D z^D entrywise
    dl/dW_s = sum_{j=1..J} alpha_j M_{j,1} M_{j,2} ... M_{j,K}     each M or its transpose one of W_k, W*_k, x and constants

`gradient_products` lists the products, `evaluate` sums them in exact rationals, `Product.type_check` says whether one chains.
`count_products` has J and K without the list, `printed_counts` the formulas of lines 753 and 761, `fewest_products` and
`fewest_products_of_wide_layers` how many any list needs.

    >>> products = list(gradient_products((1, 2, 1), (0, 1, 1), 1))
    >>> len(products), products[0].type_check(), str(products[0])
    (18, (2, 1), 'W2^T W2 W1 x x^T')
"""

from theory.polynomial_networks.counts import Counts, count_products, printed_counts
from theory.polynomial_networks.letters import Letter, bracketed_shapes
from theory.polynomial_networks.lower_bounds import fewest_products, fewest_products_of_wide_layers
from theory.polynomial_networks.products import Product, differentiate, evaluate, gradient_products

__all__ = [
    "Counts",
    "Letter",
    "Product",
    "bracketed_shapes",
    "count_products",
    "differentiate",
    "evaluate",
    "fewest_products",
    "fewest_products_of_wide_layers",
    "gradient_products",
    "printed_counts",
]
