"""Numbers in exact and ball arithmetic: working precision, matrices, norms, real roots, definiteness."""
