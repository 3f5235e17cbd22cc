"""Slower second routes to the same numbers, by other mathematics: no answer comes from here, only agreement."""
