"""The paper's experiments, one file a figure: how they are run, at full or reduced size, and where their results are stored."""
