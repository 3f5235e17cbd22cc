"""Gradients of the examples of a batch, in every way that there is, against a plain loop of backward passes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from empirics.models.per_example import example_gradients
from empirics.models.per_example.closed_forms import Layout
from empirics.models.per_example.example_gradients import PerExample
from empirics.models.per_example.factors import Explicit, Outer, Rows
from empirics.models.per_example.watched_operations import Operation
from empirics.models.user_model import UserModel
from tests.empirics.models.networks import CROSS_ENTROPY, NETWORKS, N, make, plain_gradients


def both(name: str, dtype: torch.dtype = torch.float64, **options):
    model, loss, data = make(name, dtype)
    user = UserModel(model, loss, data)
    per_example = PerExample(user, **options)
    with user.undisturbed(seed=1):
        return per_example, per_example(user.batch(range(N))), plain_gradients(model, loss, data)


@pytest.mark.parametrize("name", NETWORKS)
def test_norms_inner_products_and_the_mean_are_those_of_the_loop(name):
    _, found, plain = both(name)
    assert list(found.factors) == list(found.gradient) == list(plain)
    direction = {key: torch.randn(g.shape[1:], dtype=torch.float64) for key, g in plain.items()}
    for j, (key, g) in enumerate(plain.items()):
        flat = g.reshape(len(g), -1)
        scale = float(flat.square().sum(1).max())
        assert torch.allclose(torch.tensor(found.squared_norms()[:, j]), flat.square().sum(1), rtol=1e-11, atol=1e-13 * scale)
        assert torch.allclose(torch.tensor(found.along(direction)[:, j]), flat @ direction[key].flatten(), rtol=1e-9, atol=1e-12)
        assert torch.allclose(found.factors[key].explicit(), g, rtol=1e-11, atol=1e-13) and torch.allclose(
            found.gradient[key], g.mean(0), atol=1e-14
        )


@pytest.mark.parametrize(
    "name", ["in place", "positions", "convolutions", "transformer", "unrolled", "sparse", "operations", "a scale and a shift"]
)
def test_inner_products_of_two_times(name):
    """The weights move in between: other gradients of the same examples."""
    model, loss, data = make(name)
    user = UserModel(model, loss, data)
    per_example, batch = PerExample(user), user.batch(range(N))
    with user.undisturbed():
        one, before = per_example(batch, with_gradient=False), plain_gradients(model, loss, data)
        with torch.no_grad():
            for p in model.parameters():
                p.mul_(0.7)
        two, after = per_example(batch, with_gradient=False), plain_gradients(model, loss, data)
    expected = torch.stack([(before[key] * after[key]).reshape(N, -1).sum(1) for key in before], dim=1)
    assert torch.allclose(torch.tensor(one.inner(two)), expected, rtol=1e-11, atol=1e-13) and one.gradient == {}


WAYS = {
    "in place": {"closed form"}, "positions": {"closed form"}, "convolutions": {"closed form"}, "stored statistics": {"closed form"},
    "unrolled": {"closed form"}, "sparse": {"closed form"}, "RNN": {"closed form", "loop"}, "transformer": {"closed form", "vmap"},
    "transformer, time first": {"closed form", "vmap"}, "convolutions in one and three dimensions": {"closed form", "vmap"},
    "operations": {"closed form"}, "behind a layer's back": {"closed form", "vmap"}, "flattened": {"closed form", "loop"},
}  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
def test_which_way_is_taken(name):
    per_example, _, _ = both(name)
    assert set(per_example.ways.values()) == WAYS[name]
    if name == "RNN":
        assert per_example.ways["table.weight"] == "closed form"  # with a row that gets no gradient
    if name == "transformer":
        assert per_example.ways["table.weight"] == "closed form"  # a table and a linear layer at once
    if name == "behind a layer's back":
        assert per_example.ways["second.weight"] == per_example.ways["first.bias"] == "vmap"
    if name == "flattened":
        assert per_example.ways["table.weight"] == "loop" and per_example.ways["each.weight"] == "closed form"


def test_a_parameter_that_is_used_later_only():
    """It has no gradient on the examples that are tried; a batch that uses it is not taken for one that does not."""
    model, loss, (x, y) = make("operations")
    x = torch.cat([x, x])
    x[N + 1, 2, 0] = -100
    user = UserModel(model, loss, (x, torch.cat([y, y])))
    per_example = PerExample(user)
    assert per_example.ways["spare"] == "closed form"
    for batch in (range(N), range(N, 2 * N), (N + 1,)):
        with user.undisturbed():
            found = per_example(user.batch(batch))
        plain = plain_gradients(model, loss, (x[list(batch)], torch.cat([y, y])[list(batch)]))
        is_used = N + 1 in batch
        if len(batch) == 1 or not is_used:  # what one example has by itself; together they take the same turn
            assert torch.allclose(found.factors["spare"].explicit(), plain["spare"]) and bool(plain["spare"].any()) == is_used
        assert found.gradient["spare"].any() == is_used


@pytest.mark.parametrize(
    "equation, shapes, places, is_taken",
    [
        ("bth,hnd->btnd", ((2, 5, 4), (4, 2, 3)), (0, 0), True),
        ("tbh,hd->tdb", ((5, 2, 4), (4, 3)), (1, 2), True),
        ("bh,h->b", ((2, 4), (4,)), (0, 0), True),
        ("bh,hd->d", ((2, 4), (4, 3)), (0, 0), False),  # examples are summed over
        ("bht,hd->bd", ((2, 4, 5), (4, 3)), (0, 0), False),  # positions are summed over before
        ("bh,hdz->bd", ((2, 4), (4, 3, 2)), (0, 0), False),  # part of the parameter is
    ],
)
def test_einsums_with_a_closed_form(equation, shapes, places, is_taken):
    torch.manual_seed(0)
    letters = tuple(equation.replace("->", ",").split(","))
    x, w = torch.randn(shapes[0], dtype=torch.float64), nn.Parameter(torch.randn(shapes[1], dtype=torch.float64))
    operation, layouts = Operation(w, letters), [Layout(axis, False) for axis in places]
    assert operation.takes(*layouts) == is_taken
    if is_taken:
        y = torch.einsum(equation, x, w)
        e = torch.randn_like(y)
        found = operation.factor(x, e, *layouts)
        for i in range(2):
            only = torch.zeros_like(e).movedim(places[1], 0).index_copy(0, torch.tensor([i]), e.movedim(places[1], 0)[i : i + 1])
            (expected,) = torch.autograd.grad(y, w, only.movedim(0, places[1]), retain_graph=True)
            assert torch.allclose(found.explicit()[i], expected) and torch.allclose(found.squared_norms()[i], expected.square().sum())


def test_a_way_that_is_wrong_is_not_taken(monkeypatch):
    monkeypatch.setattr(Outer, "_sums", lambda self: self.e.mT @ self.h / 2)
    per_example, _, _ = both("in place")
    assert per_example.ways == {"0.weight": "vmap", "0.bias": "closed form", "2.weight": "vmap"}
    monkeypatch.setattr(example_gradients, "vmapped", lambda *_: 1 / 0)
    per_example, _, _ = both("in place")
    assert per_example.ways == {"0.weight": "loop", "0.bias": "closed form", "2.weight": "loop"}


@pytest.mark.parametrize("name", ["convolutions", "transformer"])
def test_scaled_gradients(name):
    model, _, _ = make(name)
    scale = {key: torch.rand_like(p) + 0.5 for key, p in model.named_parameters()}
    _, found, plain = both(name, scale=scale)
    for j, (key, g) in enumerate(plain.items()):
        expected = (g * scale[key]).flatten(1)
        assert torch.allclose(torch.tensor(found.squared_norms()[:, j]), expected.square().sum(1), rtol=1e-11)
        assert torch.allclose(found.gradient[key].flatten(), expected.mean(0), atol=1e-13)


def test_single_precision_is_right_to_its_rounding():
    per_example, found, plain = both("convolutions", torch.float32)
    assert set(per_example.ways.values()) == {"closed form"}
    for j, g in enumerate(plain.values()):
        assert torch.allclose(torch.tensor(found.squared_norms()[:, j]), g.double().flatten(1).square().sum(1), rtol=1e-5)


def test_dropout_draws_for_every_example_and_the_seed_decides():
    model = nn.Sequential(nn.Linear(3, 40), nn.Dropout(0.5), nn.Linear(40, 3))
    user = UserModel(model, CROSS_ENTROPY, (torch.ones(N, 3), torch.zeros(N, dtype=torch.int64)))
    per_example = PerExample(user)
    norms = []
    for seed in (1, 1, 2):
        with user.undisturbed(seed):
            norms.append(per_example(user.batch(range(N))).squared_norms())
    assert (norms[0] == norms[1]).all() and (norms[0] != norms[2]).any() and len(set(norms[0][:, 0])) == N
    assert set(per_example.ways.values()) == {"closed form"} and model.training


@pytest.mark.parametrize("t, i, o", [(1, 3, 2), (2, 9, 8), (30, 3, 2)])  # the products of all pairs of positions, or the sums
def test_both_ways_to_the_norm_of_a_sum_of_outer_products(t, i, o):
    torch.manual_seed(0)
    h, e, k, f = (torch.randn(4, 2, t, n, dtype=torch.float64) for n in (i, o, i, o))
    one, two = (Outer(*pair, torch.Size([2 * o, i])) for pair in ((h, e), (k, f)))
    g, k = (torch.einsum("ngto,ngti->ngoi", x.e, x.h).reshape(4, -1) for x in (one, two))
    assert torch.allclose(one.inner(two), (g * k).sum(1)) and torch.allclose(one.squared_norms(), g.square().sum(1))
    assert one._sums_are_smaller() == (t == 30)


def test_rows_of_a_table_that_meet_add_up():
    e = torch.randn(2, 3, 4, dtype=torch.float64)
    rows = Rows(torch.tensor([[0, 5, 0], [1, 2, 3]]), e, torch.Size([6, 4]))
    table = torch.zeros(2, 6, 4, dtype=torch.float64)
    for j in range(2):
        for t in range(3):
            table[j, rows.indices[j, t]] += e[j, t]
    assert torch.allclose(rows.explicit(), table) and torch.allclose(rows.squared_norms(), table.square().sum((1, 2)))
    other = Rows(torch.tensor([[5, 5, 1], [0, 3, 3]]), e.flip(1), torch.Size([6, 4]))
    assert torch.allclose(rows.inner(other), Explicit(rows.explicit()).inner(Explicit(other.explicit())))


def test_more_memory_takes_more_examples_together():
    per_example, _, _ = both("convolutions")
    assert per_example.together(1) == 1 < per_example.together(20 * per_example.bytes) == 20
    assert per_example.together(1e12) == example_gradients.MOST_TOGETHER
