"""The rise at one constant rate by a third route: quadrature over five batches, in balls."""

import pytest

from tests.thorough import THOROUGH
from theory.claims.variance_decreasing import rises
from theory.references import quadrature


@pytest.mark.slow
@pytest.mark.skipif(not THOROUGH, reason="half a minute: HYPOTHESIS_PROFILE=thorough")
def test_the_constant_rate_by_quadrature():
    rise = rises.constant_rate()
    low, high = (quadrature.variance(rise.problem, rise.step, rise.layer, batch_size=b) for b in rise.pair)
    assert low < high and rise.variance.decreasing_from() == 2784 and rise.variance.degree == 237
    assert float(rise.variance(2800) / rise.variance(1300)) == pytest.approx(1.0482, abs=1e-4)
