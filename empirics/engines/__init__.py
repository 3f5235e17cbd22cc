"""Engines: ways to run many replicas of mini-batch SGD in lockstep and to look at them at every step."""
