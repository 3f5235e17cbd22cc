"""The problem, a student and what teaches it: everything that fixes var(g_t) except the batch size, checked once and frozen.

f(w; x) = W_H sigma( W_{H-1} sigma( ... sigma(W_1 x) ) )          per-sample loss  1/2 || f(w; x) - y ||^2,  y = f(w*; x) or a label
g_{t,k} = (1/b) sum_i d loss(w_t; x_{t,i}) / dW_k                 W_{t+1,k} = W_{t,k} - alpha_t g_{t,k},   k = 1..H,  t = 0, 1, ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, fields
from fractions import Fraction

import numpy as np

from theory.activations import Activation
from theory.activations import activation as named_activation
from theory.exact import (
    MatrixLike,
    Number,
    NumberLike,
    as_choice,
    as_double,
    as_index,
    as_matrix,
    as_number,
    as_sequence,
    is_exact,
    shown,
    spelled,
    to_float,
)
from theory.exact.foreign_arrays import is_nested
from theory.inputs import InputLaw, as_law
from theory.optimizers import SGD, LearningRates, as_learning_rates, as_optimizer, rate_at, rates_before

#: Beyond all that could be computed, so that counts of work stay within the range of doubles.
FARTHEST_STEP = 10**15
#: Points, or labels, one tuple each.
Rows = tuple[tuple[Fraction, ...], ...]
#: How a batch is drawn.
SAMPLINGS = ("independent", "without_replacement")


@dataclass(frozen=True, eq=False, repr=False, init=False)
class TeacherStudent:
    """A student network at w_0, its teacher w*, the law of the inputs, the learning rates, an activation and the optimizer.

    Args:
        student: W_1, ..., W_H, initial weights; W_k has shape (p_k, p_{k-1}), p_0 = p. Nested lists, arrays of numpy, pandas, xarray or
            torch (detached), or flint matrices. Numbers may be texts: "1/3", and "0.1", which is 1/10 as in a file; the Python number 0.1
            is the binary rational that it is.
        teacher: W*_1, ..., W*_H, of the same shapes; None where the targets of a data set are learned.
        inputs: the law of x in R^p; a `DataSet` with targets has the labels too.
        learning_rates: alpha_0, alpha_1, ...; or one number for every step; or a function t -> alpha_t. Not negative.
        activation: applied entrywise after every layer but the last; the identity by default. Coefficients sigma_0, sigma_1, ... of a
            polynomial, for which everything here is exact; or a name such as "sigmoid" or "leaky_relu(1/100)", or an `Activation`, which
            the exact engines refuse: they need a polynomial in its place (theory.chebyshev, theory.approximation).
        optimizer: what a step does with the gradient; plain SGD by default, else SGD(momentum=..., weight_decay=...).
        sampling: how the b samples of a batch are drawn: "independent", or, from a `DataSet`, "without_replacement", a fresh subset at
            every step; b is then at most N.

    What is beyond the paper's setting, that is another optimizer, targets and batches without replacement, not every engine computes: those
    that do not, refuse it (`theory.extensions`).

    Raises ValueError or TypeError, naming the argument, for whatever is not such a problem.
    """

    student: tuple[np.ndarray, ...]
    teacher: tuple[np.ndarray, ...] | None
    inputs: InputLaw
    learning_rates: LearningRates
    activation: tuple[Number, ...] | Activation
    optimizer: SGD
    sampling: str

    def __init__(
        self,
        student: Iterable[MatrixLike],
        teacher: Iterable[MatrixLike] | None,
        inputs: InputLaw,
        learning_rates: NumberLike | Iterable[NumberLike] | Callable[[int], NumberLike],
        activation: str | Activation | Iterable[NumberLike] = (0, 1),
        optimizer: SGD = SGD(),
        sampling: str = "independent",
    ) -> None:
        law = as_law(inputs, "inputs")
        layers, targets = _layers(student, "student"), None if teacher is None else _layers(teacher, "teacher")
        if layers[0].shape[1] != law.dimension:
            raise ValueError(
                f"student[0] must have one column for each of the {law.dimension} input coordinates, but had shape {layers[0].shape}"
            )
        _check_targets(layers, targets, law)
        if as_choice(sampling, "sampling", SAMPLINGS) != "independent" and law.population is None:
            raise ValueError(f"sampling must be 'independent' unless inputs are a DataSet, but was {sampling!r} with {shown(law)}")
        rates, optimizer = as_learning_rates(learning_rates), as_optimizer(optimizer)
        checked = (layers, targets, law, rates, _activation(activation), optimizer, sampling)
        for field, value in zip(fields(self), checked, strict=True):
            object.__setattr__(self, field.name, value)

    def __repr__(self) -> str:
        names = ["student", "teacher", "inputs", "learning_rates", "activation"]
        names += ["optimizer"] * (self.optimizer != SGD()) + ["sampling"] * (self.sampling != "independent")
        return f"TeacherStudent({', '.join(f'{name}={_text(getattr(self, name))}' for name in names)})"

    @property
    def depth(self) -> int:
        """H, the number of layers."""
        return len(self.student)

    @property
    def sizes(self) -> tuple[int, ...]:
        """(p_0, ..., p_H)."""
        return (self.student[0].shape[1], *(w.shape[0] for w in self.student))

    @property
    def is_polynomial(self) -> bool:
        """Whether the activation is given by its coefficients."""
        return isinstance(self.activation, tuple)

    @property
    def polynomial(self) -> tuple[Number, ...]:
        """sigma_0, sigma_1, ..., sigma_D. Raises ValueError for an activation that is no polynomial."""
        if not isinstance(self.activation, tuple):
            raise ValueError(
                f"activation must be a polynomial for exact polynomials in 1/b, but was {self.activation}: {self.activation.advice}"
            )
        return self.activation

    @property
    def activation_function(self) -> Activation:
        """sigma as a function. Raises ValueError for an activation that is given by its coefficients."""
        if isinstance(self.activation, tuple):
            raise ValueError(f"activation must be a named one or a function, but was the polynomial {_text(self.activation)}")
        return self.activation

    @property
    def activation_degree(self) -> int:
        """D, the degree of the activation. Raises ValueError for an activation that is no polynomial."""
        return len(self.polynomial) - 1

    @property
    def is_linear(self) -> bool:
        """Whether the activation is the identity."""
        return self.activation == (0, 1)

    @property
    def networks(self) -> tuple[np.ndarray, ...]:
        """The matrices of the student, and of the teacher where there is one."""
        return self.student + (self.teacher or ())

    @property
    def teacher_weights(self) -> tuple[np.ndarray, ...]:
        """W*_1, ..., W*_H, where there must be a teacher. ValueError where targets are learned."""
        if self.teacher is None:
            raise ValueError(f"teacher must be a network, but the targets of {self.inputs} are learned")
        return self.teacher

    @property
    def population(self) -> np.ndarray:
        """The points of the data set, (N, p), where batches are drawn from one without replacement. ValueError where inputs are no data."""
        if self.inputs.population is None:
            raise ValueError(f"inputs must be a DataSet, but were {shown(self.inputs)}")
        return self.inputs.population

    @property
    def largest_batch(self) -> int | None:
        """N where batches are drawn from N points without replacement; None where there are batches of every size."""
        return None if self.sampling == "independent" else len(self.population)

    def labelled_atoms(self) -> tuple[Rows, Rows | None, tuple[Fraction, ...]] | None:
        """The atoms of the inputs, their labels, and the probabilities of these pairs; None for inputs without a list of atoms.

        The labels are None where there is a teacher, who says them.
        """
        if self.teacher is None:
            return self.inputs.labelled_support()
        law = self.inputs.support()
        return None if law is None else (law[0], None, law[1])

    def learning_rate(self, step: int) -> Number:
        """alpha_step; a ValueError when too few were given, ValueError or TypeError when a function has none for this step."""
        return rate_at(self.learning_rates, as_index(step, "step"))

    def rates_before(self, step: int) -> tuple[Number, ...]:
        """alpha_0, ..., alpha_{step-1}: all that w_step depends on. UnaffordableError for more than fit a gigabyte."""
        return rates_before(self.learning_rates, step)

    def is_exact(self, step: int) -> bool:
        """Whether every number that var(g_step) depends on was given exactly."""
        sigma = self.activation
        if isinstance(sigma, Activation) and not sigma.is_piecewise_linear:
            return False
        numbers = (*(() if isinstance(sigma, Activation) else sigma), *self.rates_before(step), *self.optimizer.numbers)
        return self.inputs.exact and all(map(is_exact, self.networks)) and all(isinstance(x, Fraction) for x in numbers)

    def check_doubles(self) -> None:
        """ValueError that names the first number that no double is near: a weight, a learning rate or a coefficient of 10^400."""
        for name in ("student", "teacher"):
            for k, w in enumerate(getattr(self, name) or ()):
                to_float(w, f"{name}[{k}]")
        for name in ("learning_rates", "activation"):
            numbers = getattr(self, name)
            for i, x in enumerate(numbers) if isinstance(numbers, tuple) else ():
                as_double(x, f"{name}[{i}]")
        if isinstance(self.learning_rates, Fraction | float):
            as_double(self.learning_rates, "learning_rates")
        for x in self.optimizer.numbers:
            as_double(x, "optimizer")
        self.inputs.check_doubles()

    def check_step(self, step: object) -> int:
        """`step` as an int >= 0 for which the learning rates suffice."""
        t = as_index(step, "step")
        if t > FARTHEST_STEP:
            raise ValueError(f"step must be at most 10^15, but was {spelled(t)}")
        if t:
            self.learning_rate(t - 1)
        return t

    def check_batch_size(self, batch_size: object) -> int:
        """`batch_size` as an int >= 1, at most N where batches are drawn without replacement."""
        b, n = as_index(batch_size, "batch_size", minimum=1), self.largest_batch
        if n is not None and b > n:
            raise ValueError(f"batch_size must be at most {n}, the number of points, without replacement, but was {shown(b)}")
        return b

    def check_layer(self, layer: object) -> int:
        """`layer` as an int in 1..H."""
        k = as_index(layer, "layer", minimum=1)
        if k > self.depth:
            raise ValueError(f"layer must be in 1..{self.depth}, but was {shown(k)}")
        return k


def as_problem(value: object) -> TeacherStudent:
    """`problem` as it is; a TypeError for anything but a TeacherStudent."""
    if not isinstance(value, TeacherStudent):
        raise TypeError(f"problem must be a TeacherStudent, but was {shown(value)}")
    return value


def _layers(weights: object, name: str) -> tuple[np.ndarray, ...]:
    if not is_nested(weights):
        raise TypeError(f"{name} must be a sequence of matrices, but was {shown(weights)}")
    layers = tuple(as_matrix(w, f"{name}[{k}]") for k, w in enumerate(as_sequence(weights, name)))
    if not layers:
        raise ValueError(f"{name} must have at least one layer")
    for k in range(1, len(layers)):
        if layers[k].shape[1] != layers[k - 1].shape[0]:
            raise ValueError(
                f"{name}[{k}] must have {layers[k - 1].shape[0]} columns, the rows of {name}[{k - 1}], but had shape {layers[k].shape}"
            )
    return layers


def _check_targets(student: tuple[np.ndarray, ...], teacher: tuple[np.ndarray, ...] | None, law: InputLaw) -> None:
    """Either a teacher of the student's shapes, or labels of its output's length."""
    if teacher is not None:
        shapes = [w.shape for w in student], [w.shape for w in teacher]
        if shapes[0] != shapes[1]:
            raise ValueError(f"teacher must have the shapes of student, {shapes[0]}, but had {shapes[1]}")
        if law.targets is not None:
            raise ValueError(f"teacher must be None where the inputs have targets, but there were both, with {shown(law)}")
        return
    if law.targets is None:
        raise ValueError(f"teacher must be given unless inputs are a DataSet with targets, but was None with {shown(law)}")
    outputs, width = len(student[-1]), law.targets.shape[1]
    if width != outputs:
        raise ValueError(f"inputs.targets must have one column for each of the {outputs} outputs of student, but had {width}")


def _activation(value: object) -> tuple[Number, ...] | Activation:
    if isinstance(value, str | Activation):
        return named_activation(value)
    if not is_nested(value) or isinstance(value, Mapping | Set):
        raise TypeError(
            "activation must be the coefficients (sigma_0, sigma_1, ...) of a polynomial, a name such as 'tanh', or an Activation "
            f"(theory.activations.custom makes one of a function), but was {shown(value)}"
        )
    coefficients = [as_number(c, f"activation[{i}]", text=True) for i, c in enumerate(as_sequence(value, "activation"))]
    while coefficients and coefficients[-1] == 0:
        coefficients.pop()
    if len(coefficients) < 2:
        raise ValueError(f"activation must be a polynomial of degree at least 1, but was {shown(value)}")
    return tuple(coefficients)


def _text(value: object) -> str:
    """Numbers, sequences and matrices for `repr`; long ones are outlined, and a number of any length is only spelled."""
    if isinstance(value, np.ndarray):
        return _text(value.tolist()) if value.size <= 16 else f"<{value.shape[0]} x {value.shape[1]}>"
    if isinstance(value, tuple | list):
        shown_items = [_text(x) for x in value[:16]] + ["..."] * (len(value) > 16)
        return f"[{', '.join(shown_items)}]"
    return spelled(value) if isinstance(value, Fraction | float) else shown(value, 200)
