"""What one unit of work takes: the seconds that the cost models multiply their counts with, all in one place.

`make calibrate` measures a grid of problems on the machine at hand, fits these numbers to it (least squares in logarithms) and writes
this file anew. On another machine all of them are off by about one factor, which refusals forgive: they are made at minutes and gigabytes.
"""

#: Where and when the numbers were fitted.
MACHINE = {
    "name": "Linux",
    "processor": "AMD EPYC",
    "date": "2026-11-27",
    "versions": "Python 3.11.7, python-flint 0.9.0, numpy 2.4.6",
}

#: Seconds, by model and unit.
UNITS = {
    "frequencies.start": 0.00014,  # of any quantity
    "frequencies.rule": 8.1e-07,  # an operation on polynomials, for a cubature rule
    "frequencies.number": 1.3e-07,  # a multiplication and an addition in an object array,
    "frequencies.bit": 9.7e-11,  # for every bit of its integers,
    "frequencies.long": 5.7e-08,  # and a product of long ones
    "frequencies.block": 2.3e-05,  # numpy's own time for a block of paths
    "frequencies.contraction": 1.6e-06,  # a path's value times a weight,
    "frequencies.power": 5.4e-08,  # for every pair of powers of eps
    "wishart.start": 0.00029,  # of any quantity
    "wishart.entry": 8.4e-07,  # reading a weight, and writing an entry of the mean
    "wishart.leaf": 7e-05,  # an evaluation at a lattice point,
    "wishart.product": 1.05e-07,  # for every product of terms in it
    "wishart.monomial": 3.9e-07,  # to its expectation,
    "wishart.power": 3.1e-08,  # for every power of eps
    "wishart.transform": 7.1e-09,  # an operation between values and coefficients
    "wishart.moment": 1.1e-06,  # an operation for a table of batch moments
    "wishart.form": 2e-07,  # a product of terms in a trace form
    "one_layer.step": 1.4e-05,  # of SGD,
    "one_layer.product": 9.6e-07,  # of polynomials in eps,
    "one_layer.operation": 5.5e-08,  # on their coefficients,
    "one_layer.bit": 1.1e-11,  # for every bit
    "one_layer.mean_bit": 2.5e-10,  # of rationals
    "one_layer.term": 8.2e-07,  # of the products of two entries after a step
    "law.gaussian": 3.8e-06,  # a moment, for each coordinate
    "law.table": 8.3e-10,  # of independent coordinates, for each
    "law.atom": 3e-06,  # of a list of atoms: for each of them,
    "law.coordinate": 7.4e-07,  # and each of its coordinates
    "law.point": 5.2e-08,  # of a data set, whose points are doubles: for each point, and again for each coordinate that is there
    "law.pair": 6.6e-06,  # an entry of E[S_ij S_kl]
    "trace_words.start": 0.00033,  # of any quantity
    "trace_words.float_product": 0.00026,  # a product of matrices in balls,
    "trace_words.flop": 5.9e-11,  # and for the cube of their order
    "trace_words.entry": 2.3e-05,  # of the mean,
    "trace_words.state": 1.8e-05,  # a product of words expanded
    "trace_words.exact_product": 4.7e-07,  # an exact product of matrices
    "trace_words.multiplication": 1.8e-10,  # of integers in it,
    "trace_words.bit": 7.2e-11,  # for every bit
    "trace_words.pairing": 2.6e-06,  # of two S, walked in words with many of them,
    "trace_words.sum": 1.2e-09,  # and a number of its matrix,
    "trace_words.word": 1.8e-06,  # and a word before
    "deep_moments.start": 0.00012,  # of any quantity
    "deep_moments.level": 0.00012,  # of the polynomials of a last batch,
    "deep_moments.product": 4.9e-10,  # a product of their terms,
    "deep_moments.read": 5.5e-07,  # a term read,
    "deep_moments.pair": 1e-06,  # two powers of x paired,
    "deep_moments.contraction": 6.6e-06,  # a monomial to its expectation
    "deep_moments.direction": 9.4e-06,  # of a batch's gradient: a coefficient,
    "deep_moments.cell": 8.7e-07,  # a cell of the matrices of joint moments,
    "deep_moments.multiplication": 7.1e-09,  # a product of two,
    "deep_moments.bit": 6.5e-11,  # for every bit,
    "deep_moments.residue": 2.5e-10,  # and of a cell for every bit
    "deep_moments.cumulant": 1.6e-07,  # a product of terms from the moments of a sample to those of a batch
    "deep_moments.rule": 6.5e-07,  # an operation on polynomials, for a rule on lattice points
    "deep_moments.entry": 1e-07,  # reading a weight of a linear network
    "deviations.start": 0.0011,  # of any quantity
    "deviations.point": 0.0002,  # of the later batches, numpy's own time at each,
    "deviations.product": 1.1e-09,  # of two coefficients at a point, with its bound
    "deviations.flop": 2.6e-11,  # of products of matrices
    "deviations.pair": 1.6e-09,  # of two monomials, for each power of eps
    "deviations.moment": 3.8e-06,  # an operation for the moments of a batch
    "data.call": 5e-06,  # an operation on arrays,
    "data.product": 3.9e-10,  # a product of doubles with its error bound,
    "data.entry": 3.3e-09,  # going over an entry,
    "data.number": 2.4e-07,  # or a rational,
    "data.bit": 4.3e-10,  # for every bit
    "quadrature.call": 1.1e-05,  # a node, for each layer,
    "quadrature.product": 1.5e-06,  # and each weight
    "quadrature.rule": 1.2e-06,  # for the cube of a rule's nodes
    "symbolic.term": 6.8e-06,  # a monomial that can occur,
    "symbolic.product": 2.6e-08,  # a product of two terms, of numbers,
    "symbolic.pair": 8.3e-09,  # of two terms of a mean,
    "symbolic.slope": 3.5e-07,  # a derivative,
    "symbolic.partition": 1.2e-05,  # a partition of a batch's entries,
    "symbolic.block": 3e-06,  # and a block split off
    "large_batch.call": 1.1e-06,  # numpy's own time
    "large_batch.flop": 5.1e-12,  # in doubles,
    "large_batch.number": 1.6e-09,  # for a number passed over,
    "large_batch.rational": 7.2e-08,  # in rationals,
    "large_batch.length": 2.4e-08,  # for every growth of their length
    "large_batch.moment": 1.5e-05,  # a covariance of two products of coordinates
    "linear_regression.product": 1e-07,  # of integers, for a sample,
    "linear_regression.entry": 1.4e-07,  # making an entry of a table or a map,
    "linear_regression.number": 8.6e-08,  # an exact product,
    "linear_regression.bit": 1.9e-10,  # for every bit,
    "linear_regression.ball": 4.8e-08,  # a product of balls,
    "linear_regression.step": 7.6e-06,  # and of a step
    "linear_regression.solve": 8.2e-09,  # an exact system: for the cube of its order and every bit
    "enumeration.path": 2.4e-06,  # following one,
    "enumeration.draw": 5.7e-07,  # of a batch that is walked through draw by draw, for each layer,
    "enumeration.number": 2.7e-07,  # an operation on rationals,
    "enumeration.bit": 1.6e-09,  # for every bit
    "enumeration.gradient": 8.4e-06,  # at one atom
    "recursion.start": 0.0003,  # of any form
    "recursion.pairing": 4.2e-06,  # making a product of traces
    "recursion.graph": 2.1e-05,  # making a moment graph,
    "recursion.monomial": 9.2e-06,  # and evaluating it, for each monomial
    "recursion.product": 6e-08,  # of two rationals
    "recursion.kronecker": 0.0002,  # a Kronecker term
    "moments.state": 6e-06,  # a state of a recursion over multisets,
    "moments.term": 1.7e-06,  # a block split off a multiset,
    "moments.pairing": 6.5e-06,  # of the S of a word
    "moments.entry": 2.3e-09,  # a product of entries of forms
    "roots.bisection": 5e-06,  # of an interval,
    "roots.bit": 1.3e-10,  # for every bit and the square of the degree
    "roots.root": 5e-06,  # isolating one beside another
    "minors.entry": 2.1e-11,  # of Bareiss elimination, for the eighth power of the order
    "kronecker.product": 2.5e-06,  # of two Fractions, and a sum
    "chebyshev.start": 0.00018,  # of any polynomial
    "chebyshev.cell": 0.00037,  # a cell of certifying,
    "chebyshev.step": 4.3e-08,  # a coefficient of the recurrence to powers of x,
    "chebyshev.bit": 4.6e-11,  # for every bit,
    "chebyshev.scale": 2.5e-10,  # and for every bit of the result
    "chebyshev.shift": 7.4e-10,  # for every product in its Taylor shift
    "gaps.number": 2.9e-07,  # an activation of a sample, in both runs and their bounds
    "gaps.step": 0.00011,  # a step of a layer in the bounds on gaps
}
