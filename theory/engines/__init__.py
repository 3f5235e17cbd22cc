"""Ways to the same polynomial in 1/b, one folder each; `theory.variance_poly` takes the cheapest that can, and none leans on another.

    frequencies     inputs with finitely many atoms: any depth, any widths, any polynomial activation
    wishart         one or two linear layers, few input coordinates, any law with moments: polynomials in the entries of the batches
    trace_words     linear layers of any size, Gaussian inputs: traces of words, by Stein's lemma; t <= 1 for two or more
    deep_moments    deep polynomial networks and any law with moments: any size at t = 0 (linear) or few inputs, few weights at t = 1 and 2
    deviations      linear layers and few Gaussian inputs at t >= 2, in doubles with a proved error: p = 3 at t = 2, p = 2 at t = 3
    data            two linear layers on a data set, t <= 1: thousands of labelled points, in doubles with proved radii
    base            what they share: the Quantity that is asked for, and the Engine protocol

Why there is a polynomial. g_t is a polynomial in averages over the batches 0, ..., t. A batch is b independent draws: for averages
Y_1, ..., Y_k over one batch, with eps = 1/b and (b)_j = b (b-1) ... (b-j+1),

    E[ Y_1 ... Y_k ] = sum over set partitions pi of {1, ..., k} of  (b)_|pi| b^-k  *  product over the blocks of E[product of the block],

the draws of different blocks being different: a polynomial of degree k - 1 in eps, whose value at eps = 0 is the product of the means.
Batches are independent, so one is integrated after the other, and degrees add up (`theory.degrees`). At eps = 0 every batch is its mean
and g_t is the gradient of full-gradient descent: var(g_t) has no constant term (Theorems 3.4 and A.7, lines 297-303 and 631-634).

Weights, rates and moments that are floats are the binary rationals that they are; only `trace_words` and `data`, where rationals take too
long, and `deviations`, which is asked last, turn to doubles, with proved radii.
Each engine says at once what it cannot do (`unsupported_reason`) and what it will take (`cost`: counts of operations from sizes alone,
times the seconds of theory.budget.unit_costs), before it does anything (`compute`).
"""
