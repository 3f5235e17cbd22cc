"""The gradient of one sample's loss as a list of products of matrices, for any depth, degree, widths and coefficients.

    y_1 = W_1 x,   y_{k+1} = W_{k+1} sigma(y_k),   sigma(z) = sigma_0 + sigma_1 z + ... + sigma_D z^D entrywise
    y^d = sum_j e_j (e_j^T y)^d                                      entrywise powers as matrix products (A.7)
    d/dX tr(A X B) = (B A)^T                                         so that a word A W_s B of the output f = y_H gives A^T (f - f*) B^T

A word of y_{k+1} is W_{k+1} 1, W_{k+1} w, or W_{k+1} e_j e_j^T w_1 e_j^T w_2 ... e_j^T w_d with words w of y_k. The scalars e_j^T w_i
commute: each multiset of words is listed once, with its multinomial coefficient.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import chain, combinations_with_replacement
from operator import mul
from typing import NamedTuple

import numpy as np
from flint import fmpq_mat

from theory.budget import Budget, Cost, as_count, saturated
from theory.exact import MatrixLike, NumberLike, as_flag, as_matrix, as_rows, as_sequence, shown, to_fmpq, to_fmpq_mat, to_fraction, written
from theory.polynomial_networks.counts import checked_arguments, longest_word, word_counts
from theory.polynomial_networks.letters import (
    SAMPLE,
    TEACHER,
    WEIGHT,
    Letter,
    Shape,
    Word,
    ones,
    sample,
    teacher_weight,
    transpose,
    unit,
    unit_square,
    weight,
    word_shape,
)

#: Of `evaluate`, by the letters that they are the values of.
_ARGUMENTS = {WEIGHT: "weights", TEACHER: "teacher", SAMPLE: "x"}


@dataclass(frozen=True)
class Product:
    """coefficient * M_1 M_2 ... M_n."""

    coefficient: Fraction
    letters: Word

    def type_check(self) -> Shape:
        """(rows, columns); a ValueError that names the two neighbours that do not chain."""
        return word_shape(self.letters)

    def evaluate(self, weights: Iterable[MatrixLike], teacher: Iterable[MatrixLike], x: MatrixLike) -> np.ndarray:
        """The value for these matrices and this sample, an object array of Fractions; floats are the binary rationals that they are."""
        return evaluate([self], weights, teacher, x)

    def __str__(self) -> str:
        return " ".join([*([] if self.coefficient == 1 else [written(self.coefficient)]), *map(str, self.letters)])


class _Cut(NamedTuple):
    """A word A W_s B of a column, without its letter W_s."""

    coefficient: Fraction
    before: Word
    after: Word


def gradient_products(
    sizes: Iterable[int], activation: Iterable[NumberLike], layer: int, *, fused: bool = True, budget: Budget | None = None
) -> Iterator[Product]:
    """dl/dW_layer of l = 1/2 ||f(w; x) - f(w*; x)||^2 as a sum of products of W_k, W*_k, x, their transposes and constants.

    Args:
        sizes: (p_0, ..., p_H).
        activation: sigma_0, ..., sigma_D, D >= 1.
        layer: s in 1..H; every product has the shape of W_s.
        fused: whether e_j e_j^T is one constant; otherwise a unit vector and its transpose.

    Raises TypeError and ValueError naming the argument, and UnaffordableError, before any work, for a list that takes more than the budget.
    Cost: J = 2 T_H O_H products of at most K letters, which `count_products` gives; they are made one by one.
    Source: Lemma A.8 (lines 744-764), of which A.1.2 (lines 671-734) is the case D = H = 2.

    Examples:
        >>> for product in gradient_products((2, 2, 1), (0, 0, 1), 2, fused=False):
        ...     print(product)
        ...     break
        W2 e1 e1^T W1 x e1^T W1 x x^T W1^T e1 x^T W1^T e1 e1^T
    """
    p, sigma, s = checked_arguments(sizes, activation, layer)
    as_flag(fused, "fused")
    terms, places = word_counts(p, sigma, s)
    count, longest = 2 * terms * places, longest_word(len(p) - 1, len(sigma) - 1, fused)
    basis = f"{as_count(count)} products of up to {as_count(2 * longest - 1)} matrices"
    cost = Cost(saturated(count) * (1.2e-5 + 5e-8 * longest), 2 * saturated(terms) * (400 + 8.0 * longest), basis)
    alternatives = ["count_products, which counts them", "fewer or narrower layers", "backpropagation, for the gradient's value"]
    Budget.of(budget).require(cost, "the list of products", alternatives)
    return _products(p, sigma, s, fused)


def evaluate(products: Iterable[Product], weights: Iterable[MatrixLike], teacher: Iterable[MatrixLike], x: MatrixLike) -> np.ndarray:
    """The sum of the products for these weights, teacher's weights and sample, an object array of Fractions.

    Raises ValueError for no product at all, for products that do not chain or have different shapes, and for a matrix of another shape than
    its letter.
    """
    table = _values(weights, teacher, x)
    total: fmpq_mat | None = None
    for product in products if isinstance(products, Iterator) else as_sequence(products, "products"):
        if not isinstance(product, Product):
            raise TypeError(f"products must be Products, such as those of gradient_products, but had {shown(product)}")
        product.type_check()
        value = reduce(mul, (_value(letter, table) for letter in product.letters)) * to_fmpq(product.coefficient)
        if total is not None and (value.nrows(), value.ncols()) != (total.nrows(), total.ncols()):
            raise ValueError(f"products must have one shape, but {product} is {value.nrows()} by {value.ncols()}")
        total = value if total is None else total + value
    if total is None:
        raise ValueError("products must not be empty: a sum of none has no shape")
    return np.array([[to_fraction(entry) for entry in row] for row in total.tolist()], dtype=object)


def differentiate(product: Product, letter: Letter) -> list[Product]:
    """The gradient of tr(product) in the letter's matrix X, one product for each place of X or X^T (footnote 4, line 706).

    d/dX tr(A X B) = (B A)^T,      d/dX tr(A X^T B) = B A
    """
    found = []
    for i, place in enumerate(product.letters):
        rest = product.letters[i + 1 :] + product.letters[:i]
        if place == letter:
            found.append(Product(product.coefficient, transpose(rest)))
        elif place == letter.T:
            found.append(Product(product.coefficient, rest))
    return found


def _products(sizes: tuple[int, ...], sigma: tuple[Fraction, ...], s: int, fused: bool) -> Iterator[Product]:
    depth = len(sizes) - 1
    student = _words(sizes, sigma, depth, fused)
    residual = [*student, *(Product(-w.coefficient, _of_teacher(w.letters, sizes)) for w in student)]
    for coefficient, before, after in _cuts(sizes, sigma, s, depth, fused):
        left, right = transpose(before), transpose(after)
        for word in residual:
            yield Product(coefficient * word.coefficient, left + word.letters + right)


def _words(sizes: tuple[int, ...], sigma: tuple[Fraction, ...], k: int, fused: bool) -> list[Product]:
    """The words of y_k."""
    words = [Product(Fraction(1), (weight(1, sizes), sample(sizes[0])))]
    for layer in range(2, k + 1):
        head, width, inner = weight(layer, sizes), sizes[layer - 1], words
        words = [Product(sigma[0], (head, ones(width)))] if sigma[0] else []
        if sigma[1]:
            words += [Product(sigma[1] * w.coefficient, (head, *w.letters)) for w in inner]
        for d, c in enumerate(sigma):
            if d >= 2 and c:
                powers = list(_powers(inner, d))
                for j in range(1, width + 1):
                    words += [Product(c * factor, (head, *_entries(j, width, factors, fused))) for factor, factors in powers]
    return words


def _cuts(sizes: tuple[int, ...], sigma: tuple[Fraction, ...], s: int, k: int, fused: bool) -> Iterator[_Cut]:
    """Every place of W_s in the words of y_k, equal ones together."""
    if k == s:
        yield from (_Cut(w.coefficient, (), w.letters[1:]) for w in _words(sizes, sigma, s, fused))
        return
    head, width, words = weight(k, sizes), sizes[k - 1], _words(sizes, sigma, k - 1, fused)
    others = {d: list(_powers(words, d - 1)) for d, c in enumerate(sigma) if d >= 2 and c}
    for coefficient, before, after in _cuts(sizes, sigma, s, k - 1, fused):
        if sigma[1]:
            yield _Cut(sigma[1] * coefficient, (head, *before), after)
        for d, powers in others.items():
            for j in range(1, width + 1):
                for factor, factors in powers:  # d (e_j^T y)^{d-1} e_j^T dy
                    rest = chain.from_iterable((unit(width, j).T, *word) for word in factors)
                    yield _Cut(d * sigma[d] * factor * coefficient, (head, *_entries(j, width, [before], fused)), (*after, *rest))


def _powers(words: list[Product], d: int) -> Iterator[tuple[Fraction, list[Word]]]:
    """The words of (e_j^T y)^d, as multisets of words of y with their coefficients."""
    for chosen in combinations_with_replacement(range(len(words)), d):
        multinomial = math.factorial(d)
        for repeats in Counter(chosen).values():
            multinomial //= math.factorial(repeats)
        yield math.prod((words[i].coefficient for i in chosen), start=Fraction(multinomial)), [words[i].letters for i in chosen]


def _entries(j: int, width: int, factors: Iterable[Word], fused: bool) -> Word:
    """e_j (e_j^T w_1) (e_j^T w_2) ..., whose first two letters may be one."""
    e = unit(width, j)
    letters = tuple(chain.from_iterable((e.T, *word) for word in factors))
    return (unit_square(width, j), *letters[1:]) if fused else (e, *letters)


def _of_teacher(word: Word, sizes: tuple[int, ...]) -> Word:
    return tuple(teacher_weight(letter.index, sizes) if letter.kind == WEIGHT else letter for letter in word)


def _values(weights: Iterable[MatrixLike], teacher: Iterable[MatrixLike], x: MatrixLike) -> dict[Letter, fmpq_mat]:
    """The matrices of W_k, W*_k and x, keyed by letters of their own shapes."""
    named = [(SAMPLE, 0, as_rows(x, "x"))]
    for kind, layers in ((WEIGHT, weights), (TEACHER, teacher)):
        name = _ARGUMENTS[kind]
        named += [(kind, k, as_matrix(w, f"{name}[{k - 1}]")) for k, w in enumerate(as_sequence(layers, name), start=1)]
    return {Letter(kind, k, *matrix.shape): to_fmpq_mat(matrix) for kind, k, matrix in named}


def _value(letter: Letter, table: dict[Letter, fmpq_mat]) -> fmpq_mat:
    if letter not in table:
        if letter.transposed:
            table[letter] = _value(letter.T, table).transpose()
        elif (constant := letter.constant) is not None:
            table[letter] = constant
        else:
            raise _no_value(letter, table)
    return table[letter]


def _no_value(letter: Letter, table: Iterable[Letter]) -> ValueError:
    shapes = [known.shape for known in table if (known.kind, known.index, known.transposed) == (letter.kind, letter.index, False)]
    given = f"had shape {shapes[0]}" if shapes else "was not there"
    return ValueError(f"{_ARGUMENTS[letter.kind]} must have shape {letter.shape} in the place of {letter}, but {given}")
