"""What one unit of work takes: the seconds that the cost models multiply their counts with, all in one place.

`make calibrate` measures a grid of problems on the machine at hand, fits these numbers to it (least squares in logarithms) and writes
this file anew. On another machine all of them are off by about one factor, which refusals forgive: they are made at minutes and gigabytes.
"""

#: Where and when the numbers were fitted.
MACHINE = {
    "name": "a 2020s core",
    "processor": "x86-64",
    "date": "before calibration",
    "versions": "",
}

#: Seconds, by model and unit.
UNITS = {
    "frequencies.rule": 2e-6,  # an operation on polynomials, for a cubature rule
    "frequencies.number": 1.5e-7,  # a multiplication and an addition in an object array,
    "frequencies.bit": 1e-10,  # for every bit of its integers,
    "frequencies.long": 1e-7,  # and where they are long
    "frequencies.block": 2e-4,  # numpy's own time for a block of paths
    "frequencies.contraction": 3e-7,  # a path's value times a weight,
    "frequencies.power": 4e-9,  # for every pair of powers of eps
    "wishart.entry": 5e-6,  # reading a weight, and writing an entry of the mean
    "wishart.leaf": 7.8e-5,  # an evaluation at a lattice point,
    "wishart.product": 7.8e-8,  # for every product of terms in it
    "wishart.monomial": 2e-7,  # to its expectation,
    "wishart.power": 1.3e-8,  # for every power of eps
    "wishart.transform": 3.9e-7,  # an operation between values and coefficients
    "wishart.moment": 1.3e-6,  # an operation for a table of batch moments
    "wishart.form": 2e-7,  # a product of terms in a trace form
    "one_layer.operation": 2e-7,  # on polynomials in eps,
    "one_layer.bit": 6e-11,  # for every bit
    "one_layer.mean_bit": 3e-10,  # of rationals
    "law.gaussian": 2e-5,  # a moment, for each coordinate
    "law.table": 2e-6,  # of independent coordinates, for each
    "law.atom": 3e-6,  # of a list of atoms: for each of them,
    "law.coordinate": 4.2e-6,  # and each of its coordinates
    "law.point": 1.4e-7,  # of a data set, whose points are doubles: for each point, and again for each coordinate that is there
    "law.pair": 1.4e-5,  # an entry of E[S_ij S_kl]
    "trace_words.float_product": 3e-4,  # a product of matrices in balls,
    "trace_words.flop": 6e-10,  # and for the cube of their order
    "trace_words.state": 2.5e-5,  # a product of words expanded
    "trace_words.exact_product": 3e-6,  # an exact product of matrices
    "trace_words.multiplication": 5e-9,  # of integers in it,
    "trace_words.bit": 1.2e-10,  # for every bit
    "quadrature.call": 3e-5,  # a node, for each layer,
    "quadrature.product": 1e-6,  # and each weight
    "quadrature.rule": 1e-5,  # for the cube of a rule's nodes
    "large_batch.call": 4e-6,  # numpy's own time
    "large_batch.flop": 5e-10,  # in doubles
    "large_batch.rational": 4e-7,  # in rationals,
    "large_batch.length": 1.3e-8,  # for every growth of their length
    "large_batch.moment": 2e-5,  # a covariance of two products of coordinates
    "enumeration.path": 2e-5,  # following one,
    "enumeration.number": 2e-7,  # an operation on rationals,
    "enumeration.bit": 7e-9,  # for every bit
    "enumeration.gradient": 4e-5,  # at one atom
    "recursion.pairing": 4e-5,  # making a product of traces
    "recursion.graph": 1.5e-4,  # making a moment graph,
    "recursion.monomial": 6e-6,  # and evaluating it, for each monomial
    "recursion.product": 2e-7,  # of two rationals
    "recursion.kronecker": 2e-4,  # a Kronecker term
    "moments.state": 6e-6,  # a state of a recursion over multisets,
    "moments.term": 2.5e-6,  # a block split off a multiset,
    "moments.pairing": 6.6e-6,  # of the S of a word
    "moments.entry": 4e-8,  # a product of entries of forms
    "roots.bisection": 5e-6,  # of an interval,
    "roots.bit": 1.3e-10,  # for every bit and the square of the degree
    "roots.root": 5e-6,  # isolating one beside another
    "minors.entry": 2.1e-11,  # of Bareiss elimination, for the eighth power of the order
    "kronecker.product": 2.5e-6,  # of two Fractions, and a sum
    "chebyshev.cell": 4e-5,  # a cell of certifying,
    "chebyshev.shift": 7e-9,  # for every product in its Taylor shift
    "gaps.step": 1e-4,  # a step of a layer in the bounds on gaps
}
