"""Gradient noise in a training loop that is not ours: what hooks see of its micro-batches, and what follows from it."""

from empirics.extra import require_extra

require_extra(__name__)
