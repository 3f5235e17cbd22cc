"""What the sums over replicas say: moments, standard errors, tails, rounding, intervals, comparisons."""

from empirics.extra import require_extra

require_extra(__name__)
