"""Numbers at the border: what a user hands in becomes exact rationals or finite floats, or a clear error.

Every number is either exact (int, Fraction, Decimal, flint.fmpz, flint.fmpq, numpy integers, and in a problem text such as "1/3" or "0.1",
which is 1/10) or a float. A float is the binary rational that it is, the Python number 0.1 too; `Fraction(x)` keeps it to the last bit. A
longer float (np.longdouble, mpmath.mpf) that no double holds is the Fraction that it is. Arrays are exact (object dtype, all Fractions)
when every entry is, and float64 otherwise. Nothing is rounded on the way in.
"""

from theory.exact.arguments import as_choice, as_flag, as_index, evaluated
from theory.exact.conversions import is_exact, to_float, to_fmpq_array, to_fmpq_mat, to_fraction_array
from theory.exact.foreign_arrays import as_sequence, plain
from theory.exact.matrices import MatrixLike, as_doubles, as_matrix, as_points, as_rows
from theory.exact.number_text import did_you_mean, read_number, shown, spelled, to_fmpq, to_fraction, written
from theory.exact.numbers import Number, NumberLike, as_double, as_number

__all__ = [
    "MatrixLike", "Number", "NumberLike",
    "as_choice", "as_double", "as_doubles", "as_flag", "as_index", "as_matrix", "as_number", "as_points", "as_rows", "as_sequence",
    "did_you_mean", "evaluated", "is_exact", "plain", "read_number", "shown", "spelled", "to_float", "to_fmpq", "to_fmpq_array",
    "to_fmpq_mat", "to_fraction", "to_fraction_array", "written",
]  # fmt: skip
