"""The values of the letters at step 0, where every recursion ends."""

from __future__ import annotations

import numpy as np

from theory.exact import to_fmpq
from theory.problem import TeacherStudent, as_problem
from theory.recursion.kronecker_forms import Lookup
from theory.trace_forms.letters import CONSTANT, TEACHER, WEIGHT, Letter


def initial_values(problem: TeacherStudent) -> Lookup:
    """The table of matrices at step 0, object arrays of fmpq: W(0, k), teacher(k) and constants."""
    as_problem(problem)

    def lookup(letter: Letter) -> np.ndarray:
        if letter.kind == TEACHER:
            matrix = problem.teacher_weights[(letter.layer or 1) - 1]
        elif letter.kind == WEIGHT and letter.step == 0:
            matrix = problem.student[(letter.layer or 1) - 1]
        elif letter.kind == CONSTANT:
            matrix = letter.matrix
        else:
            raise ValueError(f"{letter} has no value at step 0")
        return np.array([[to_fmpq(x) for x in row] for row in matrix.tolist()], dtype=object)

    return lookup
