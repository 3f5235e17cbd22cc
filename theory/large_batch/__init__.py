"""The large-batch law: how the noise of SGD and the loss begin in 1/b, at every step and any size, and the batch size where that ends.

    large_batch_law         beta_1 and beta_2 of var(g_t), linear and polynomial networks of any depth: exact, doubles or random probes
    large_batch_loss        beta_1 and beta_2 of E loss(w_t)
    leading_coefficient     beta_1 at one step
    noise_scale             tr Cov(grad l) / ||grad L||^2 along gradient descent, exactly
    critical_batch_size     from which batch size on beta_1/b is right to 10 %
    predicted_cost          of `leading_coefficient`

An average over b samples has joint cumulants b^(1-k) times those of one sample, so the coefficients are means over independent noise of
single samples that enters along the path of full-gradient descent (`expansions`): no batch is drawn, and no polynomial in 1/b is formed.
With the exact engines it shares gradients and the law's moments, and no expectation.
"""

from theory.large_batch.critical import CriticalBatchSize, critical_batch_size
from theory.large_batch.gradient_noise import NoiseScale, noise_scale
from theory.large_batch.law import large_batch_law, large_batch_loss, leading_coefficient, predicted_cost
from theory.large_batch.results import LargeBatchLaw
from theory.large_batch.statistic_directions import statistic_covariance

__all__ = [
    "CriticalBatchSize", "LargeBatchLaw", "NoiseScale", "critical_batch_size", "large_batch_law", "large_batch_loss", "leading_coefficient",
    "noise_scale", "predicted_cost", "statistic_covariance",
]  # fmt: skip
