"""A run from its request to its result: plan, cost, shards, store, cluster, and what the result holds."""
