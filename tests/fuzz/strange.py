"""What a stranger might hand in by mistake, as expressions."""

#: What is wrong nearly everywhere, or right where one would not think of it.
STRANGE = (
    *("None", "True", "False", "...", "''", "'x'", "b'1'", "1j", "nan", "inf", "-inf", "-1", "0", "2.0", "0.5", "10**30", "-(10**30)"),
    *("10**400", "-(10**400)", "10**5000", "F(1, 10**5000)", "F(10**5000 + 1, 3)", "1e308", "-1e308", "5e-324", "1e155", "2**53 + 1"),
    *("[]", "()", "{}", "{1: 2}", "{1, 2}", "frozenset({1})", "object()", "len", "int", "F", "np", "range(3)", "iter([1, 2])", "slice(3)"),
    *("[[]]", "[[[1]]]", "[[[1], [0]], [[0], [1]]]", "[None]", "[nan]", "[[inf]]", "['a']", "[[1, 2], [3]]", "[[1], 2]", "[{}]"),
    *("np.zeros((2, 0))", "np.zeros((2, 2, 2))", "np.zeros(())", "np.ma.masked_array([[1.0, -9999.0]], [[False, True]])", "np.ma.masked"),
    *("np.array([[1j]])", "np.array(['a'])", "np.array([[True]])", "np.array([2**53 + 1])", "np.longdouble('0.1')", "np.float32(0.1)"),
    *("np.array([np.longdouble('0.1')])", "np.datetime64('2020')", "date(2020, 1, 1)", "Decimal('0.1')", "Decimal('NaN')", "mpf('0.1')"),
    *("pd.DataFrame({'a': [1.0], 'b': [2.0]})", "pd.Series([1.0, 2.0])", "torch.ones(2, 2)", "torch.ones(1, requires_grad=True)"),
    *("xr.DataArray([1.0])", "'1/3'", "'0.1'", "'1e-99999999'", "'1/0'", "'1' * 5000", "deep(900)", "deep(5000)", "Weird()", "fmpq(1, 3)"),
    *(
        "arb(1)",
        "fmpz(2)",
        "fmpq_mat([[1]])",
        "np.int64(3)",
        "np.float64('nan')",
        "(lambda *a: 1)",
        "(lambda: 1 / 0)",
        "ValueError",
        "NotImplemented",
    ),
    *(
        "arb(1, 0.25)",
        "[arb(1) / 3]",
        "mpmath.pi",
        "mpmath.matrix([[1, 2], [3, 4]])",
        "fmpq_mat(2, 2, [1, 2, 3, 4])",
        "torch.empty(2, device='meta')",
    ),
    *("np.poly1d([1, 2])", "np.polynomial.Chebyshev([0, 0, 1])", "xr.Dataset({'a': 1.0})", "pd.Series(['a', 'b'])"),
    *("np.ones((300, 300))", "[1] * 3000", "'\\0'", "'\\ud800'", "memoryview(b'ab')", "float", "type", "RuntimeError('x')"),
)
