"""Exact and ball arithmetic: what is proved about numbers is proved here, and nothing here knows of networks.

    working_precision    flint's context, guarded: the precision of balls is the process's, and threads must not meet in it
    matrices             exact matrices for long products; ball_matrices has the same operations in doubles, with proved radii
    balls                a ball's ends, as rationals and as doubles around it; rational_text has rationals as text
    norms                norms of float64 matrices, rounded up
    real_roots           positive real roots of an integer polynomial, isolated between rationals or integers; nothing is sampled
    definiteness         semidefinite matrices and moment sequences, decided in rationals

A ball m +- r holds the true number, whatever was rounded on the way; a comparison of balls is true only if it is true of all their points.
"""
