"""Arguments as Python expressions, drawn from one integer: good ones, edges, and what a stranger might hand in by mistake.

An expression is text, so that what is found can be printed, pasted and run again; `tests.fuzz.names` has all names that occur in them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from tests.fuzz.strange import STRANGE
from theory.variance_poly import ENGINES


class Draw(random.Random):
    """A source of expressions; `malice` is how often an argument is strange."""

    malice = 0.0

    def one(self, *options: str | Callable[[], str]) -> str:
        """One of these expressions, or of what these functions give; strange now and then."""
        if self.random() < self.malice:
            return self.choice(STRANGE)
        option = self.choice(options)
        return option if isinstance(option, str) else option()

    def edge(self, usual: tuple[str | Callable[[], str], ...], rare: tuple[str | Callable[[], str], ...]) -> str:
        """What people ask for, and once in seven times what they may not know to be much."""
        return self.one(*(usual if self.random() < 6 / 7 else rare))

    def sequence(self, item: Callable[[], str], count: int) -> str:
        return "[" + ", ".join(self.one(item) for _ in range(count)) + "]"

    # -- numbers -------------------------------------------------------------------------------------------------------------------

    def number(self) -> str:
        return self.one(
            "0", "1", "2", "-1", "3", "F(1, 2)", "F(-2, 3)", "0.5", "-0.75", "0.1", "fmpq(2, 7)", "np.int64(2)", "np.float64(0.25)"
        )

    def rate(self) -> str:
        return self.one("F(1, 10)", "0.1", "1", "0", "F(1, 3)", "2", "0.5", "1e-3", "fmpq(1, 4)")

    def index(self) -> str:
        return self.edge(("0", "1", "1", "2", "3", "np.int64(1)", "fmpz(1)"), ("4", "7", "40", "10**9"))

    def step(self) -> str:
        return self.edge(("0", "1", "1", "2", "np.int64(1)"), ("3", "40", "1000", "10**9", "10**30"))

    def layer(self) -> str:
        return self.edge(("1", "2", "1", "fmpz(1)"), ("3", "4", "0", "10**30"))

    def batch_size(self) -> str:
        return self.edge(("1", "2", "3", "4", "7"), ("64", "F(5, 2)", "2.5", "10**6", "10**30"))

    def bits(self) -> str:
        return self.edge(("53", "60", "64", "128", "256"), ("1000", "10**6", "10**30"))

    def flag(self) -> str:
        return self.one("True", "False", "np.True_")

    def tolerance(self) -> str:
        return self.one("0.5", "0.1", "F(1, 10)", "1e-3", "1e-9", "1", "10")

    def radius(self) -> str:
        return self.edge(("1", "2", "F(1, 2)", "0.5", "4", "8"), ("1e-3", "100", "2**-90", "1e30"))

    def degree(self) -> str:
        return self.edge(("1", "2", "3", "5", "9"), ("0", "21", "41", "200", "10**5", "10**30"))

    # -- arrays --------------------------------------------------------------------------------------------------------------------

    def vector(self, count: int | None = None) -> str:
        n = self.choice((1, 2, 3, 4)) if count is None else count
        return self.one(lambda: self.sequence(self.number, n), lambda: f"np.arange({n}.0)", lambda: f"tuple(range({n}))")

    def matrix(self, rows: int | None = None, columns: int | None = None) -> str:
        r, c = rows or self.choice((1, 2, 3)), columns or self.choice((1, 2, 3))
        return self.one(
            lambda: self.sequence(lambda: self.sequence(self.number, c), r),
            lambda: f"np.array({[[self.choice((0, 1, -1, 2, 0.5)) for _ in range(c)] for _ in range(r)]!r})",
            lambda: f"fmpq_mat({r}, {c}, {[self.choice((0, 1, -1, 2)) for _ in range(r * c)]!r})",
        )

    def rows(self) -> str:
        """Of a matrix, as a list."""
        p = self.randint(1, 4)
        return self.sequence(lambda: self.vector(p), self.randint(1, 6))

    def optimizer(self) -> str:
        return self.edge(
            ("SGD()", "SGD(momentum=F(1, 2))", "SGD(weight_decay=0.01)", "SGD(momentum=0.9, nesterov=True)"),
            ("None", "SGD(momentum=2)", "SGD(dampening=0.5)", "'sgd'"),
        )

    def covariance(self, p: int | None = None) -> str:
        n = p or self.choice((1, 2, 3))
        entries = [[(2 if i == j else self.choice((0, 1, -1)) if i < j and n == 2 else 0) for j in range(n)] for i in range(n)]
        entries = [[entries[min(i, j)][max(i, j)] for j in range(n)] for i in range(n)]
        return self.one(repr(entries), repr(entries), f"np.array({entries!r}) / 4", f"np.eye({n})", lambda: self.matrix(n, n))

    # -- laws, activations, problems -------------------------------------------------------------------------------------------------

    def law(self, p: int | None = None) -> str:
        n = p or self.choice((1, 2, 3))
        rows = self.choice((1, 2, 3, 5))
        return self.edge(
            (
                lambda: f"Gaussian({self.one(str(n))})",
                lambda: f"Gaussian(cov={self.covariance(n)})",
                lambda: f"Gaussian(mean={self.vector(n)}, cov={self.covariance(n)})",
                lambda: f"Discrete({self.matrix(rows, n)})",
                lambda: f"Discrete({self.matrix(2, n)}, {self.one('[F(1, 3), F(2, 3)]', '[0.5, 0.5]', '[0.3, 0.7]')})",
                lambda: f"Rademacher({self.one(str(n))})",
                lambda: f"Uniform({self.one(str(n))})",
                lambda: f"DataSet({self.matrix(rows, n)})",
            ),
            (
                lambda: f"Uniform({self.one(str(n))}, {self.number()}, {self.number()})",
                lambda: (
                    f"Independent({self.one(str(n))}, {self.one('[1, 0, 1, 0, 3, 0, 15]', '[1, 0, 2, 0, 5]', '[1, 1]', '[1, 0, 1, 0, 0]')})"
                ),
                lambda: f"DataSet(np.random.default_rng({rows}).normal(size=({self.choice((2, 50, 4000))}, {n})))",
                lambda: f"Discrete({self.matrix(2, n)}, {self.one('[1, 0]', '[0.3, 0.8]', '[-1, 2]')})",
            ),
        )

    def bounded_law(self, p: int) -> str:
        return self.one(
            f"Rademacher({p})",
            f"Uniform({p})",
            f"Uniform({p}, -1, 1)",
            lambda: f"Discrete({self.matrix(2, p)})",
            lambda: f"DataSet({self.matrix(3, p)})",
        )

    def activation(self) -> str:
        names = (
            "'tanh'",
            "'sigmoid'",
            "'tanh'",
            "'gelu'",
            "'softplus'",
            "'relu'",
            "'leaky_relu(1/5)'",
            "'gelu'",
            "'softplus'",
            "'silu'",
            "'elu'",
            "activation('tanh')",
        )
        return self.one(
            *names, "leaky_relu(F(1, 3))", "custom(np.sin, np.cos, lipschitz=1.0, derivative_lipschitz=1.0)", "'leaky_relu(1e-9999)'"
        )

    def polynomial_activation(self) -> str:
        return self.one("(0, 1)", "(0, 1, 1)", "[0, 0.5, 0, F(1, 3)]", "np.array([1.0, 2.0])", "(0, 0, 1)")

    def problem(self, polynomial: bool = True, linear: bool | None = None, bounded: bool = False) -> str:
        depth = self.choice((1, 2, 2, 2, 2, 3))
        top = self.choice((2, 2, 3, 3, 12))
        sizes = [self.randint(1, top) for _ in range(depth + 1)]
        layers = [partial(self.matrix, sizes[k + 1], sizes[k]) for k in range(depth)]
        if self.random() < 0.04:
            sizes[0] = self.choice((64, 200))
            layers[0] = partial(self.one, f"np.random.default_rng(1).normal(size=({sizes[1]}, {sizes[0]}))")

        def network() -> str:
            return self.one(lambda: "[" + ", ".join(self.one(layer) for layer in layers) + "]")

        rates = self.edge(
            (self.rate, self.rate, lambda: f"[{self.rate()}, {self.rate()}, {self.rate()}]"), ("(lambda t: F(1, t + 2))", "[]")
        )
        linear = self.random() < 0.7 if linear is None else linear
        sigma = "(0, 1)" if linear else self.polynomial_activation() if polynomial else self.activation()
        law = self.bounded_law if bounded else self.law
        more = f", optimizer={self.optimizer()}" if self.random() < 0.2 else ""
        if self.random() < 0.15:
            count = self.choice((1, 2, 3, 5))
            more += f", sampling={self.one(repr('independent'), repr('without_replacement'))}"
            data = f"DataSet({self.matrix(count, sizes[0])}, {self.matrix(count, sizes[-1])})"
            return self.one(lambda: f"TeacherStudent({network()}, None, {data}, {rates}, {self.one(sigma)}{more})")
        return self.one(lambda: f"TeacherStudent({network()}, {network()}, {law(sizes[0])}, {rates}, {self.one(sigma)}{more})")

    # -- what else functions take ------------------------------------------------------------------------------------------------------

    def polynomial(self) -> str:
        return self.one(
            lambda: f"InverseBatchPolynomial({self.vector()})",
            "InverseBatchPolynomial([0, 1, -2, 3])",
            "InverseBatchPolynomial([0, 1.0, -2.0], radii=[0.0, 1e-9, 1e-9])",
            "InverseBatchPolynomial([0, 10**400, -10**401])",
            "InverseBatchPolynomial([F(1, k + 1) * (-1)**k for k in range(40)])",
        )

    def form(self) -> str:
        return self.one(
            "tr(g(1, 1).T @ g(1, 1))", "g(0, 1)", "W(1, 2) @ W(1, 1)", "tr(g(2, 2).T @ g(2, 2))", "g(0, 1, 1) @ g(0, 1, 2).T",
            "tr(W(1, 1).T @ g(1, 1)) * tr(W(1, 2).T @ g(1, 2))", "teacher(1)", "tr(teacher(2) @ W(0, 1) @ constant('A', [[1, 2]]).T)",
            lambda: f"g({self.index()}, {self.index()})", lambda: f"constant({self.one('chr(65)')}, {self.matrix()})",
            lambda: f"identity({self.index()})",
        )  # fmt: skip

    def kronecker_form(self) -> str:
        return self.one(lambda: f"kronecker_form({self.form()})")

    def approximant(self) -> str:
        return self.one(
            lambda: f"approximate({self.activation()}, {self.radius()}, {self.one('3', '9', '15', '29')})",
            "approximate('tanh', 4, 15)", "approximate('sigmoid', 8, 9)", "approximate('relu', 4, 9, 'interpolate')",
        )  # fmt: skip

    def batches(self) -> str:
        return self.one("np.zeros((2, 4, 1))", "np.ones((1, 2, 2)) / 2", "np.random.default_rng(0).normal(size=(3, 4, 2)) / 4", self.matrix)

    def engine(self) -> str:
        return self.edge(("None", *(repr(e.name) for e in ENGINES)), ("'wishrat'",))

    def budget(self) -> str:
        return self.one("Budget(1.0, 2e8)", "Budget(seconds=0.5, bytes=1e8)", "Budget(seconds=1e-9)", "Budget(1.0, 3e8)")

    def shape(self) -> str:
        return self.one("3", "(2, 2)", "()", "(0,)", "1000")

    def word(self) -> str:
        """A file name, an id, a key."""
        return self.one("'a'", "'student'", "'3.4'", "'figure 1'", "'studnet'")

    def small_step(self) -> str:
        return self.one("0", "1", "2")

    def few(self) -> str:
        return self.one("2000", "500", "100", "1")

    def fit(self) -> str:
        return self.one("'remez_derivative'", "'interpolate'", "'interpolate_derivative'", "'least_squares'", "'remez'")

    def smooth(self) -> str:
        return self.one("'tanh'", "'sigmoid'", "'gelu'", "'softplus'", "'silu'", "'elu'", "'relu'", "'leaky_relu(1/5)'", self.activation)

    def smooth_problem(self) -> str:
        return self.problem(polynomial=False, linear=False, bounded=self.random() < 0.9)

    def finite_problem(self) -> str:
        """A smooth network whose paths are few."""
        weights = ", ".join(self.one(self.matrix(1, 1)) for _ in range(2))
        law = self.one("Rademacher(1)", "Discrete([0, 1])", "Discrete([F(1, 2), 1], [F(1, 3), F(2, 3)])")
        sigma = self.one("'tanh'", "'sigmoid'", "'softplus'")
        return self.one(f"TeacherStudent([{weights}], [{weights}], {law}, {self.rate()}, {sigma})")

    def largest(self) -> str:
        return self.edge(("4", "8"), ("2", "100", "10**9"))

    def scalar_problem(self) -> str:
        network = ", ".join(self.one(self.matrix(1, 1)) for _ in range(self.choice((1, 2, 2, 3))))
        return self.one(f"TeacherStudent([{network}], [{network}], Gaussian(1), {self.rate()})")

    def any_problem(self) -> str:
        return self.problem(polynomial=self.random() < 0.5)

    def envelope(self) -> str:
        return self.one("'run'", "'a_priori'")

    def indices(self) -> str:
        return self.one(
            "[0, 0]", "(2,)", "(2, 2)", "[0, 1, 0, 1]", "(1, 1, 2)", "[]", "[4]", "(40,)", "(10**6,)", "[0] * 1000", "(1000, 1000)"
        )

    def function(self) -> str:
        return self.one(
            "np.sin", "np.cos", "np.tanh", "(lambda x: x)", "(lambda x: x * nan)", "(lambda x: 1)", "(lambda x: x[:1])", "(lambda x: 1 / 0)"
        )

    def activation_name(self) -> str:
        return self.one(
            "'tanh'", "' ReLU '", "'leaky_relu(0.2)'", "'leaky_relu(2)'", "'leaky_relu(1e-99999999)'", "'tnah'", "'leaky_relu(1/0)'"
        )

    def strange(self) -> str:
        return self.choice(STRANGE)

    def sizes(self) -> str:
        return self.edge(
            ("[2]", "[1, 4]", "(2, 3, 5)", "np.array([4])", "range(1, 4)"), ("[4, 4]", "[10**5]", "[2**60]", "[0]", "range(1, 10**9)")
        )

    def few_steps(self) -> str:
        return self.edge(("1", "2", "3"), ("10**9", "10**17"))

    def replicas(self) -> str:
        return self.edge(("2", "8", "16", "33", "64"), ("1", "10**9", "10**16"))

    def hours(self) -> str:
        return self.edge(("0.0004", "0.0005"), ("1e-9", "10**400"))

    def dtype(self) -> str:
        return self.edge(("'float32'", "'float64'"), ("'float16'", "float"))

    def estimator(self) -> str:
        return self.edge(("'auto'", "'naive'", "'rao_blackwell'", "'controlled'"), ("'niave'",))

    def runner(self) -> str:
        return self.one("'auto'", "'two_linear'", "'networks'", "'autograd'")

    def sampling(self) -> str:
        return self.edge(("'independent'",), ("'without_replacement'", "'epochs'"))

    def device(self) -> str:
        return self.edge(("'cpu'", "'auto'"), ("'cuda'", "'cuda:7'", "'mps'"))

    def place(self) -> str:
        return self.one(
            "fresh()", "good_store()", "corrupt_store()", "other_store()", "'/proc/nowhere'", "'/dev/null'", "empty()", "result_file()"
        )

    def digits(self) -> str:
        """A directory of IDX files, or what is none."""
        spoilt = self.choice(("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte.gz"))
        return self.edge(
            ("digits()",), (lambda: f"digits({spoilt!r}, {self.scribble()})", "empty()", "good_store()", "'/dev/null'", "fresh()")
        )

    def reviews(self) -> str:
        """A CSV file of reviews, or what is none."""
        return self.edge(("reviews()",), (lambda: f"reviews({self.scribble()})", "'movie-reviews'", "empty()", "'/dev/null'", "fresh()"))

    def key(self) -> str:
        return self.one(
            "'request'", "'identity'", "'fingerprint'", "'learning_rates'", "'request.replicas'", "'request.steps'", "'request.seed'"
        )

    def dataset(self) -> str:
        return self.one("good_result()", "good_result().isel(step=0)", "xr.Dataset()", "good_result().drop_vars('loss')")

    def module(self) -> str:
        return self.one("torch.nn.Linear(2, 1)", "torch.nn.Tanh()", "torch.nn.LazyLinear(2)", "torch.nn.Linear", "torch.nn.BatchNorm1d(2)")

    def module_loss(self) -> str:
        return self.one("torch.nn.MSELoss()", "torch.nn.MSELoss(reduction='sum')", "torch.nn.MSELoss(reduction='none')", "torch.nn.MSELoss",
                        "(lambda o, t: (o - t).norm())", "(lambda o, t: (o * nan).mean())", "(lambda o, t: 1.0)")  # fmt: skip

    def examples(self) -> str:
        return self.edge(
            ("PAIRS", "PAIRS", "torch.utils.data.TensorDataset(*PAIRS)", "list(zip(*PAIRS))"),
            ("PAIRS[:1]", "(PAIRS[0], PAIRS[1][:3])", "(PAIRS[0] * nan, PAIRS[1])", "(PAIRS[0][:1], PAIRS[1][:1])", "iter(PAIRS)", "DataSet([[1.0, 2.0]])"),
        )  # fmt: skip

    def method(self) -> str:
        return self.edge(("'auto'", "'per_example'", "'resampling'"), ("'loop'",))

    def names(self) -> str:
        return self.one("['weight']", "['weight', 'bias']", "None", "['wieght']", "[]", "'bias'")

    def preconditioner(self) -> str:
        return self.one("{'weight': torch.ones(1, 2), 'bias': torch.ones(1)}", "{'weight': torch.ones(2), 'bias': torch.ones(1)}",
                        "torch.optim.Adam(torch.nn.Linear(2, 1).parameters())", "None")  # fmt: skip

    def runs(self) -> str:
        return self.edge(("2", "3", "4"), ("1", "10**9"))

    def looking(self) -> str:
        return self.edge(("'auto'", "'per_example'", "'resampling'", "'naive'"), ("'exact'",))

    def trainer(self) -> str:
        return self.one("torch.optim.SGD", "torch.optim.Adam", "(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9))", "torch.optim.LBFGS",
                        "torch.optim.SGD([torch.zeros(1, requires_grad=True)])", "(lambda p: None)")  # fmt: skip

    def accumulation(self) -> str:
        return self.edge(("'mean'", "'sum'"), ("'average'", "None"))

    def law_name(self) -> str:
        return self.one("'gaussian'", "'rademacher'", "'uniform'", "'gausian'")

    def table(self) -> str:
        student, teacher = "[[[1, 0]], [[2]]]", "[[['1/2', 0.5]], [[1]]]"
        law = self.one("{'law': 'gaussian'}", "'rademacher'", "{'law': 'discrete', 'atoms': [[0, 1], [1, 1]]}", "{'law': 'uniform', 'low': 0, 'high': 1}",
                       "{'law': 'gausian'}", "{'law': 'gaussian', 'cov': [[1, 0], [0, 2]]}", "{'law': 'discrete'}", "{'lwa': 'gaussian'}")  # fmt: skip
        keys = [f"'student': {self.one(student)}", f"'teacher': {self.one(teacher)}", f"'inputs': {law}"]
        keys += [f"'learning_rates': {self.one('0.1', '[1, 2]', chr(34) + '1/3' + chr(34))}"] * (self.random() < 0.9)
        keys += [f"'activation': {self.one('[0, 1]', '[0, 1, 1]', repr('tanh'))}"] * (self.random() < 0.2)
        keys += ["'studnet': 1"] * (self.random() < 0.1)
        return "{" + ", ".join(keys) + "}"

    def scribble(self) -> str:
        return self.one("''", "'{'", "'[1, 2'", "'[' * 100000", "'student = [[[1]]]'", "chr(0xfeff) + '{}'", "b'\\xff\\xfe'", "'a = 1e99999'", "'[[[1]]]'",
                        "'{\"student\": 1, \"student\": 2}'", "'{\"a\":' * 900 + '1' + '}' * 900", "'x = ' + '1' * 5000")  # fmt: skip

    def suffix(self) -> str:
        return self.one("'.json'", "'.toml'", "'.txt'", "''")

    def written_number(self) -> str:
        return self.one(
            "'1/3'",
            "'0.1'",
            "'1e-99999999'",
            "'1' * 5000",
            "'1; 2'",
            "'1 x'",
            "''",
            "'--'",
            "'1/0'",
            "'nan'",
            "'inf'",
            "'1_0'",
            "' 3 '",
            "'1e400'",
        )

    # -- words of the command line -------------------------------------------------------------------------------------------------

    def said(self) -> str:
        """Any word."""
        words = ("1", "0", "2", "4", "1 2; 3 4", "1/2", "0.1", "x", "", "-1", "1e400", "10000000000000000000000", "nan", "gaussian", "gausian", "naive", "float32",
                 "4 8", "1,2", "1e-99999999", "/proc/x.nc", "result.txt", "frequencies", "3.4", "A.1", "figure-1", "figuer 1", "simluate", "--help", "\x00", "é", "1" * 5000)  # fmt: skip
        return repr(self.choice(words))

    def _said(self, *words: str) -> str:
        """One of these words, and once in twelve times any word."""
        return repr(self.choice(words)) if self.random() < 11 / 12 else self.said()

    def said_step(self) -> str:
        return self._said("0", "0", "1", "1", "2", "3")

    def said_layer(self) -> str:
        return self._said("1", "2")

    def said_number(self) -> str:
        return self._said("1", "2", "-1", "1/2", "0.1", "-3/7", "1e-3", "0")

    def said_function(self) -> str:
        return self._said(
            "json:loads", "os:getcwd", "os:nothing", "nowhere:make", "json.nowhere:make", "net.py:make", "math:pi", "a b:c", ":", "json:"
        )

    def said_rates(self) -> str:
        return self._said("1", "1/10", "0.1 0.2 0.3", "1/10 1/20 1/30", "0")

    def said_sizes(self) -> str:
        return self._said("1", "4", "1 2 4", "2 8 32")

    def said_pair(self) -> str:
        """A row of two columns, as the first layer of a network with two inputs and one unit."""
        return self._said("1 0", "1/2 -1", "0.1 0.3", "0 0", "1 1")

    def said_covariance(self) -> str:
        return self._said("1 0; 0 1", "2 1; 1 2", "1 1; 1 1", "0.5 0.1; 0.1 0.5", "1 2; 2 1")

    def said_law(self) -> str:
        return self._said("gaussian", "rademacher", "uniform", "discrete")

    def said_engine(self) -> str:
        return self._said(*(e.name for e in ENGINES))

    def said_activation(self) -> str:
        return self._said("0 1", "0 1 1/2", "1 2", "0 0 1", "tanh")
