"""Where batches come from: streams of random numbers, one source of mini-batches for each law and way of drawing."""

from empirics.extra import require_extra

require_extra(__name__)
