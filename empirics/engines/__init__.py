"""Engines: ways to run many replicas of mini-batch SGD in lockstep and to look at them at every step."""

from empirics.extra import require_extra

require_extra(__name__)
