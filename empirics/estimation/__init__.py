"""What the sums over replicas say: moments of blocks, standard errors, how far these can be trusted, intervals, comparisons."""

from empirics.extra import require_extra

require_extra(__name__)
