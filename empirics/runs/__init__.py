"""A run from its request to its result: plan, cost, shards, store, cluster, and what the result holds."""

from empirics.extra import require_extra

require_extra(__name__)
