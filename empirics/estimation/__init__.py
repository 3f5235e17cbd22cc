"""What the sums over replicas say: moments, standard errors, tails, rounding, intervals, comparisons."""
