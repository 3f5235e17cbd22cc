"""Evidence by simulation: mini-batch SGD run as it is written, with stated standard errors.

Shares no formula with `theory`.
"""
