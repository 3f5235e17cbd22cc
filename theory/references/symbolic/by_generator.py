"""First route: the Gram state, which closes, Isserlis for the last batch, and the generator of the Wishart process for the first one.

M = W_2 W_1, A = W_1^T W_1, C = W_2 W_2^T; with D = M - W*_2 W*_1 and G = D S_0,
    M' = M - alpha (G A + C G) + alpha^2 G M^T G,
    A' = A - alpha (G^T M + M^T G) + alpha^2 G^T C G,          C' = C - alpha (G M^T + M G^T) + alpha^2 G A G^T;
then E||g_1||^2 = tr C' D' E[S S] D'^T and E||g_2||^2 = tr A' E[S D'^T D' S] over the last batch, by Isserlis' theorem
E[S B S] = Sigma B Sigma + eps (Sigma B^T Sigma + tr(Sigma B) Sigma). For S_0, with the symmetric matrix D of derivatives,
D_ij = (1 + delta_ij) d_ij / 2, and L f = tr(Sigma D) f + 2 eps tr(S D Sigma D) f, the D all acting on f, E f(S_0) = sum_k (L^k f)(0) / k!,
a finite sum as L lowers the degree by one.
"""

from __future__ import annotations

from flint import fmpq_mpoly

from theory.arithmetic.rows import RowMatrix as Matrix
from theory.optimizers import SGD
from theory.references.symbolic.ring import Ring, entries


class ByGenerator:
    """Gram state, Isserlis for the last batch, generator for the first one."""

    def __init__(self, network: Ring, step: int) -> None:
        self._network, self._step = network, step
        w1, w2 = network.w1, network.w2
        m, a, c = w2 @ w1, w1.T @ w1, w2 @ w2.T
        if step:
            alpha, g = network.alpha, (m - network.target) @ network.s
            m, a, c = (
                m - (g @ a + c @ g) * alpha + (g @ m.T @ g) * alpha**2,
                a - (g.T @ m + m.T @ g) * alpha + (g.T @ c @ g) * alpha**2,
                c - (g @ m.T + m @ g.T) * alpha + (g @ a @ g.T) * alpha**2,
            )
        self._gram, self._residual = (a, c), m - network.target

    def variance(self, layer: int) -> fmpq_mpoly:
        """E||g||^2 - ||E g||^2."""
        network, sigma, d = self._network, self._network.sigma, self._residual
        a, c = self._gram
        eps = network.context.gens()[network.eps]
        if layer == 1:  # E[S I S]
            squared = sigma @ sigma
            second = (c @ d @ (squared + (squared + sigma * sigma.trace()) * eps) @ d.T).trace()
        else:
            x = d.T @ d
            image = sigma @ x @ sigma
            second = (a @ (image + (image + sigma * (sigma @ x).trace()) * eps)).trace()
        mean = self._mean(layer)
        squares = sum((self._expect(f) ** 2 for row in mean.rows for f in row), network.context.constant(0))
        return self._expect(second) - squares

    def _mean(self, layer: int) -> Matrix:
        """W_{t,2}^T D Sigma or D Sigma W_{t,1}^T through N_t = N_0 (I - alpha [[0, G^T], [G, 0]])."""
        network, d = self._network, self._residual @ self._network.sigma
        w1, w2t = network.w1, network.w2.T
        if self._step:
            g = (network.w2 @ network.w1 - network.target) @ network.s
            w1, w2t = SGD().step((w1, w2t), (w2t @ g, w1 @ g.T), network.alpha)
        return w2t @ d if layer == 1 else d @ w1.T

    def _expect(self, polynomial: fmpq_mpoly) -> fmpq_mpoly:
        """sum_k (L^k f)(S = 0) / k!."""
        network = self._network
        origin: dict[str | int, int] = {network.context.names()[v]: 0 for v in network.batch}
        term, total, order = polynomial, network.context.constant(0), 0
        while term:
            total += term.subs(origin)
            order += 1
            term = self._generator(term) / order
        return total

    def _generator(self, f: fmpq_mpoly) -> fmpq_mpoly:
        """L f = tr(Sigma D) f + 2 eps tr(S D Sigma D) f."""
        network = self._network
        eps = network.context.gens()[network.eps]
        sigma_d = network.sigma @ self._derivatives(f)
        second = network.context.constant(0)
        for k, row in enumerate(sigma_d.rows):  # tr(S D Sigma D) f = sum_{i,j,k} S_ij D_jk ((Sigma D)_ki f)
            for i, entry in enumerate(row):
                slopes = self._derivatives(entry)
                second += sum((network.s.rows[i][j] * slopes.rows[j][k] for j in range(network.dimension)), network.context.constant(0))
        return sigma_d.trace() + 2 * eps * second

    def _derivatives(self, f: fmpq_mpoly) -> Matrix:
        """D f, symmetric."""
        p = range(self._network.dimension)
        d = {pair: f.derivative(v) for pair, v in zip(entries(len(p)), self._network.batch, strict=True)}
        return Matrix([[d[i, j] if i == j else d[min(i, j), max(i, j)] / 2 for j in p] for i in p])
