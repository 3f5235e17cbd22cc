"""Words in integer codes, and what becomes of a letter one step earlier: the residual D_t is kept as a letter.

    g_{t,1} = W_{t,2}^T D_t S_t      g_{t,2} = D_t S_t W_{t,1}^T      W_{t,k} = W_{t-1,k} - alpha g_{t-1,k},   alpha = alpha_{t-1}
    D_t = D - alpha D S W_1^T W_1 - alpha W_2 W_2^T D S + alpha^2 D S W_1^T W_2^T D S          (all of step t - 1 on the right)

Expanding D_t into W_2 W_1 - W*_2 W*_1 would double the number of terms for every D_t. S_t = (1/b) sum_i x_i x_i^T and Sigma = E[x x^T] are
symmetric letters. A code is negative for a symmetric letter and otherwise even, the transpose being the next odd number.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq, fmpq_mat

from theory.exact import to_fmpq, to_fmpq_mat
from theory.problem import TeacherStudent
from theory.trace_forms.letters import GRADIENT, TEACHER, WEIGHT, Letter

CodedWord = tuple[int, ...]
Sum = dict[CodedWord, fmpq]

SIGMA = -1


def moment_code(step: int) -> int:
    """S_step."""
    return -2 - step


def transpose(word: CodedWord) -> CodedWord:
    """The transposed word."""
    return tuple([c if c < 0 else c ^ 1 for c in reversed(word)])


class Alphabet:
    """Codes of the letters of one problem, the images of letters one step earlier, and the matrices at step 0."""

    def __init__(self, problem: TeacherStudent) -> None:
        self.problem = problem
        self._codes: dict[Any, int] = {}
        self._keys: list[Any] = []
        self._images: dict[int, Sum] = {}
        self._matrices: dict[int, fmpq_mat] = {}
        self._expanded: dict[tuple[CodedWord, int], Sum] = {}

    def code(self, key: object) -> int:
        """The even code of ("W", step, layer), ("D", step), ("W*", layer) or ("constant", letter)."""
        if key not in self._codes:
            self._codes[key] = 2 * len(self._keys)
            self._keys.append(key)
        return self._codes[key]

    def key(self, code: int) -> Any:
        """What a code that is not negative stands for, transposed or not."""
        return self._keys[code >> 1]

    def letter(self, letter: Letter) -> CodedWord:
        """A letter as a user writes it; a gradient becomes the word that it is."""
        if letter.kind == WEIGHT:
            word: CodedWord = (self.code(("W", letter.step, letter.layer)),)
        elif letter.kind == GRADIENT:
            if letter.sample is not None:
                raise ValueError(f"{letter} is the gradient of one sample, which only remove_gradient_layer takes")
            word = self.gradient(letter.step or 0, letter.layer or 0)
        elif letter.kind == TEACHER:
            word = (self.code(("W*", letter.layer)),)
        else:
            word = (self.code(("constant", letter.symbol)),)
        return transpose(word) if letter.transposed else word

    def gradient(self, step: int, layer: int) -> CodedWord:
        """g_{step,layer} as a word."""
        residual, moment = self.code(("D", step)), moment_code(step)
        if layer == 1:
            return (self.code(("W", step, 2)) ^ 1, residual, moment)
        return (residual, moment, self.code(("W", step, 1)) ^ 1)

    def image(self, code: int, step: int) -> Sum | None:
        """A letter W_step or D_step in the letters of step - 1; None for a letter that stays."""
        if code < 0 or (key := self._keys[code >> 1])[:2] not in (("W", step), ("D", step)):
            return None
        if code not in self._images:
            self._images[code] = {transpose(w): c for w, c in self._unrolled(key).items()} if code & 1 else self._unrolled(key)
        return self._images[code]

    def _unrolled(self, key: Any) -> Sum:
        before = key[1] - 1
        rate = to_fmpq(self.problem.learning_rate(before))
        if key[0] == "W":
            return {(self.code(("W", before, key[2])),): fmpq(1), self.gradient(before, key[2]): -rate}
        residual, moment = self.code(("D", before)), moment_code(before)
        w1, w2 = self.code(("W", before, 1)), self.code(("W", before, 2))
        return {
            (residual,): fmpq(1),
            (residual, moment, w1 ^ 1, w1): -rate,
            (w2, w2 ^ 1, residual, moment): -rate,
            (residual, moment, w1 ^ 1, w2 ^ 1, residual, moment): rate * rate,
        }

    def expand(self, word: CodedWord, step: int) -> Sum:
        """A word with every letter of `step` replaced by those of step - 1."""
        known = self._expanded.get((word, step))
        if known is None:
            known = {(): fmpq(1)}
            for code in word:
                image = self.image(code, step)
                if image is None:
                    known = {(*w, code): c for w, c in known.items()}
                else:  # distinct choices may give equal words
                    grown: Sum = {}
                    for w, c in known.items():
                        for tail, d in image.items():
                            grown[w + tail] = grown.get(w + tail, 0) + c * d
                    known = grown
            self._expanded[word, step] = known
        return known

    # -- values ---------------------------------------------------------------------------------------------------------

    def matrix(self, code: int) -> fmpq_mat:
        """The letter's matrix at step 0."""
        if code not in self._matrices:
            self._matrices[code] = self._value(code)
        return self._matrices[code]

    def _value(self, code: int) -> fmpq_mat:
        problem = self.problem
        if code == SIGMA:
            return to_fmpq_mat(problem.inputs.second_moment)
        if code & 1:
            return self.matrix(code ^ 1).transpose()
        key = self._keys[code >> 1]
        if key[0] == "constant":
            return to_fmpq_mat(key[1].matrix)
        if key[0] == "W*":
            return to_fmpq_mat(problem.teacher_weights[key[1] - 1])
        if key[1] != 0:
            raise ValueError(f"only letters of step 0 have a value, but {key} has step {key[1]}")
        if key[0] == "W":
            return to_fmpq_mat(problem.student[key[2] - 1])
        student, teacher = ([to_fmpq_mat(w) for w in layers] for layers in (problem.student, problem.teacher_weights))
        return student[1] * student[0] - teacher[1] * teacher[0]

    def product(self, word: CodedWord, size: int) -> fmpq_mat:
        """The word's value; the identity of this size for the empty word."""
        if not word:
            return fmpq_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])
        value = self.matrix(word[0])
        for code in word[1:]:
            value = value * self.matrix(code)
        return value

    def name(self, code: int) -> str:
        """For people."""
        if code < 0:
            return "Sigma" if code == SIGMA else f"S{-2 - code}"
        key = self._keys[code >> 1]
        text = str(key[1]) if key[0] == "constant" else f"{key[0]}({', '.join(map(str, key[1:]))})"
        return text + "'" * (code & 1)


def coded(word: tuple[Letter, ...], alphabet: Alphabet) -> CodedWord:
    """A user's word in codes, gradients written out."""
    return tuple(code for letter in word for code in alphabet.letter(letter))
