"""Slower second routes to the same numbers, by other mathematics, which share no formula with an engine: what the answers are held against.

    quadrature      var(g_t) and E loss(w_t) at one batch size, any real b >= 1: Gauss rules over the batches; one Gaussian coordinate
    symbolic        two linear layers with every weight a variable: an identity here is a proof for all networks of that size (t <= 1)
    symbolic_deep   the same for deep polynomial networks and any law, by set partitions (t <= 1)
    symbolic_cost   what these two will take: terms grow fast with the sizes
    ball_runs       two runs of SGD in ball arithmetic, straight from the definitions: what the bounds of `approximation` are held against

A Gauss rule with n nodes is exact for polynomials of degree 2n - 1, and g_t is one in every batch: quadrature has no error but that of the
balls, and where no engine can afford the polynomial it is offered as the way to its value at one batch size. The brute force over all
mini-batches, which needs no mathematics at all, is `theory.enumeration`.
"""
