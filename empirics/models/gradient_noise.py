"""Noise of the gradients of a user's own model, at fixed weights: tr Cov, its law in the batch size, and the noise scale."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from scipy import stats
from torch import Tensor, nn

from empirics.models.noise.arguments import Request, check_request
from empirics.models.noise.batch_sums import GROUP, BatchSums
from empirics.models.noise.behaviour import Behaviour, behaviour, require_the_same_twice
from empirics.models.noise.example_sums import ExampleSums
from empirics.models.noise.laws import Estimate
from empirics.models.noise.moments import OWN
from empirics.models.noise.preconditioners import gradient_scale
from empirics.models.noise.results import dataset as result
from empirics.models.per_example.example_gradients import PerExample
from empirics.models.user_model import NotAMeanError, UserModel
from theory.budget import Budget, Cost, as_count, largest_that_fits, saturated

#: Of the gradients of examples that are in memory together.
CHUNK_BYTES = 2.5e8
#: Of what is kept of all examples, where it fits, so that they need not go through the model a second time.
KEPT_BYTES = 1e9
#: What is said of a model whose own noise made no difference in any draw.
UNSEEN = {"model_draws_noise": "True, but no draw made a difference: how much it adds is not known, and has no standard error"}
#: Examples on which the time of the rest is predicted.
TIMED = 32


def gradient_noise(
    model: nn.Module,
    loss: Callable[[Any, Any], Tensor],
    dataset: Any,
    *,
    batch_sizes: Iterable[int],
    replacement: bool = False,
    parameters: Iterable[str | nn.Parameter] | None = None,
    seed: int = 0,
    convention: str = "sample",
    examples: int | None = None,
    preconditioner: Any = None,
    method: str = "auto",
    batches: int = 256,
    level: float = 0.95,
    collate: Callable[[list[Any]], Any] | None = None,
    budget: Budget | None = None,
) -> xr.Dataset:
    """The noise of the gradients of a model at its present weights, by parameter and in all, and its law in the batch size.

        g_i = grad loss of example i (i = 1..N), its own draws of dropout included;   g at b: the mean over a batch of b examples

        trace_covariance       tr Cov g_i, from the data and from the model's own noise: Var_x + E Var_mask; convention "sample": of the law
                               that the N examples are a sample of (sums over N - 1), "population": of these N (sums over N)
        gradient_squared_norm  ||E g_i||^2, of the law or of the N, unbiased: the square of a mean is not
        var_gradient           at b, over batches from these N: (1/b) [ (N - b)/(N - 1) Var_x + E Var_mask ], with replacement without the
                               factor; this Var_x has sums over N by either convention: with sums over N - 1 the factor is (N - b)/N
        noise_scale            trace_covariance / gradient_squared_norm: a ratio of averages, with Fieller's interval
        critical_batch_size    where var_gradient is gradient_squared_norm: the noise scale, but for batches that exhaust the data

    The model is measured in the mode that it is in: with dropout after model.train(), without after model.eval(). Weights, buffers, .grad
    and torch's random state are left as they are.

    Args:
        model, loss: loss(model(inputs), targets) is the mean over the examples of a batch; the model is called with a tuple's items one by
            one, with a dict's by name.
        dataset: anything with a length that gives (inputs, target), or a pair of tensors (X, y).
        batch_sizes: where var_gradient is wanted; at most N without replacement.
        parameters: names of parameters, or these themselves; all that require a gradient by default.
        seed: of the model's noise, of batches, and of the choice of examples.
        examples: how many of the N are measured, chosen at random; all by default.
        preconditioner: an Adam or AdamW that has taken steps, or {name: P > 0}: gradients are P^-1/2 g, as in the coordinates in which the
            optimizer's step is one of SGD.
        method: "per_example" measures the gradient of every example; "resampling" draws `batches` batches of each size, a multiple of 8,
            and measures var(g) as it is defined. "auto" takes the first unless the examples of a batch are seen to meet (batch
            normalization in train mode, a loss that is a mean over tokens or weights: some batches are tried beforehand, and the loss
            of every batch is held against its examples), or may share noise: the model draws it outside of torch's dropout layers, or
            in one that has no examples in front. Then the law in b is not assumed: every variable has
            `batch_size` among its dims, and `law_p_value` tests whether trace_covariance is the same at all of them.
        level: of the intervals.
        collate: makes (inputs, targets) of a list of examples, as a DataLoader's `collate_fn`.
        budget: an hour and 8 GB by default.

    Returns dims (batch_size, layer), `layer` being names of parameters; `total_...` is of all together, `..._se` a standard error. Where
    nothing else is uncertain, the law of a data set all of whose examples have been measured, they are what rounding may do: 16 units in
    the last place of the parameters times the mean ||g_i||^2, from which tr Cov is what ||grad||^2 leaves. By resampling they are those
    of the draws alone, given the data set; where all batches are the same, at b = N without replacement, nothing but var_gradient is known.
    Noise of the model's own that no draw has shown is not known to be none: what it adds has NaN for a standard error.

    Raises ValueError or TypeError that names the argument; UnaffordableError, before the work, for what is predicted to take too long.
    Cost: two forward and backward passes over the examples, one where there is nothing uncertain, each twice for models with own noise;
    parameters without a closed form (`empirics.models.per_example`) take several times that.
    Source: McCandlish et al., arXiv:1812.06162, for the noise scale, B_simple, and its use; the law in b is that of sample means.

    >>> import torch
    >>> X = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([[1.0], [1.0], [0.0]])
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> _ = torch.nn.init.ones_(model.weight)                # g_i = 2 x_i (x_i - y_i): 0, 4, 32
    >>> noise = gradient_noise(model, torch.nn.MSELoss(), X, batch_sizes=[1, 2, 3], convention="population")
    >>> noise.total_var_gradient.values.round(4)             # (1/b) (3 - b)/2 * 608/3
    array([202.6667,  50.6667,   0.    ])
    >>> float(noise.gradient_squared_norm.sel(layer="weight")), round(float(noise.noise_scale), 4)
    (144.0, 1.4074)
    """
    user = UserModel(model, loss, dataset, parameters=parameters, collate=collate)
    request = check_request(
        len(user.examples), batch_sizes=batch_sizes, replacement=replacement, convention=convention, examples=examples, batches=batches,
        method=method, seed=seed, level=level, budget=budget,
    )  # fmt: skip
    scale = gradient_scale(preconditioner, user)
    unused = user.try_out()
    require_the_same_twice(user)
    found = behaviour(user)
    if method == "per_example" and found.coupling:
        raise ValueError(f"method must be 'resampling' or 'auto' here, but was 'per_example': {found.coupling}")
    about = _about(user, unused, found, preconditioner is not None)
    reason = found.coupling
    if method != "resampling" and not reason:
        try:
            return _by_examples(user, request, found, scale, about)
        except NotAMeanError as error:
            if method == "per_example":
                raise
            reason = str(error)
    return _by_batches(user, request, found, scale, about | {"reason": reason or "asked for"})


def _by_examples(
    user: UserModel, request: Request, found: Behaviour, scale: Mapping[str, Tensor] | None, about: dict[str, Any]
) -> xr.Dataset:
    per_example = PerExample(user, scale)
    draws = 2 if found.has_noise else 1
    is_all = request.examples == request.n
    generator = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(request.seed, spawn_key=(0,))))
    indices = np.arange(request.n) if is_all else np.sort(generator.choice(request.n, request.examples, replace=False))
    is_certain = is_all and draws == 1  # of the data set
    passes = 1 if is_certain and request.laws.convention == "population" else 2
    room = min(KEPT_BYTES, request.budget.bytes - _require_affordable(user, request, per_example, draws, passes).bytes)
    measure = ExampleSums(per_example, indices, per_example.together(CHUNK_BYTES), draws, request.seed, room)
    sums, mean_loss = measure(with_meetings=passes == 2)
    sums = sums.with_total()
    moments = sums.moments()
    covariance = sums.covariance() if passes == 2 else np.zeros((*moments.shape, 3))
    # what is uncertain of the data set alone: its examples are drawn from it, and the model's noise is not known better than from a law
    left = 0.0 if is_certain else 1.0 if draws == 2 else 1 - request.examples / request.n
    rounding = sums.rounding(max(torch.finfo(p.dtype).eps for p in user.parameters.values()))
    law = Estimate(moments, (left * covariance if left else 0.0) + rounding, max(request.examples - 1, 1))
    estimate = Estimate(moments, covariance + rounding, law.degrees_of_freedom) if request.laws.convention == "sample" else law
    if draws == 2 and moments[-1, OWN] ** 2 <= rounding[-1, OWN, OWN]:
        law, estimate, about = law.without_own_error(), estimate.without_own_error(), about | UNSEEN
    at_sizes = [law.linear(request.laws.variance(b)) for b in request.batch_sizes]
    variances = np.stack([value for value, _ in at_sizes]), np.stack([error for _, error in at_sizes])
    ways = ", ".join(f"{way}: {count}" for way, count in _counted(per_example.ways).items())
    return result(
        list(user.parameters), estimate, variances, request, mean_loss,
        about | {"method": "per_example", "ways": ways, "law": "assumed: no batch was seen whose loss is not the mean over its examples"},
    )  # fmt: skip


def _by_batches(
    user: UserModel, request: Request, found: Behaviour, scale: Mapping[str, Tensor] | None, about: dict[str, Any]
) -> xr.Dataset:
    draws = 2 if found.has_noise else 1
    sums = BatchSums(user, request.batches // GROUP, draws, request.laws.replacement, request.seed, scale)
    _require_batches_affordable(user, request, draws)
    of_examples, of_batches, tested, losses = [], [], [], []
    for b in request.batch_sizes:
        groups, mean_loss = sums(b)
        back = groups @ request.laws.of_batches(b).T
        both = [Estimate.of_groups(groups), Estimate.of_groups(back)]
        if draws == 2 and not groups[:, -1, OWN].any():
            both, about = [estimate.without_own_error() for estimate in both], about | UNSEEN
        of_batches.append(both[0].linear([1.0, 1.0, 0.0]))
        of_examples.append(both[1])
        losses.append(mean_loss)
        if not np.isnan(back).any():
            tested.append(back @ request.laws.trace_covariance)
    estimate = Estimate(np.stack([e.moments for e in of_examples]), np.stack([e.covariance for e in of_examples]), sums.groups - 1)
    variances = np.stack([value for value, _ in of_batches]), np.stack([error for _, error in of_batches])
    return result(
        list(user.parameters), estimate, variances, request, losses,
        about | {"method": "resampling", "batches": request.batches, "law": "tested, not assumed: law_p_value"},
    ).assign(_test_of_the_law(tested))  # fmt: skip


def _test_of_the_law(tested: list[np.ndarray]) -> dict[str, Any]:
    """Is trace_covariance the same at all batch sizes? Alexander and Govern's test of equal means, variances being what they are."""
    told = "p-value of: trace_covariance is the same at all batch sizes (Alexander and Govern's test); NaN for fewer than two of them"
    columns = np.full(tested[0].shape[1] if tested else 1, np.nan)
    for j in range(len(columns)):
        samples = [groups[:, j] for groups in tested]
        if len(samples) > 1 and all(np.ptp(sample) > 0 for sample in samples):
            columns[j] = stats.alexandergovern(*samples).pvalue
    return {"law_p_value": ("layer", columns[:-1], {"long_name": told}), "total_law_p_value": ((), columns[-1], {"long_name": told})}


def _require_affordable(user: UserModel, request: Request, per_example: PerExample, draws: int, passes: int) -> Cost:
    """The cost, by the time of a few examples; UnaffordableError where it is too much."""
    together = per_example.together(CHUNK_BYTES)
    few = np.arange(min(TIMED, together, request.n))
    batch = user.batch(few)
    seconds = []
    for _ in range(2):  # the first time warms up
        start = time.perf_counter()
        with user.undisturbed(seed=0):
            per_example(batch).squared_norms()
        seconds.append(time.perf_counter() - start)
    each = min(seconds) / len(few)
    numbers = sum(p.numel() for p in user.parameters.values())

    def cost(count: int) -> Cost:
        kept = 8.0 * (5 * count * (len(user.parameters) + 1) + (draws + 2) * numbers)
        basis = f"{as_count(count * draws * passes)} gradients of examples, {as_count(together)} together"
        return Cost(count * draws * passes * each, kept + together * per_example.bytes, basis)

    def alternatives() -> Iterable[str]:
        fitting = largest_that_fits(lambda count: request.budget.allows(cost(count)), 2, request.examples)
        if fitting is not None:
            yield f"examples={_rounded(fitting)}, some of them"
        yield "some of the parameters"

    request.budget.require(cost(request.examples), f"gradient_noise of {as_count(request.examples)} examples", alternatives())
    return cost(request.examples)


def _require_batches_affordable(user: UserModel, request: Request, draws: int) -> None:
    """UnaffordableError by the time of one batch of the smallest size, which the larger ones take in proportion."""
    least = min(min(request.batch_sizes), request.n)
    batch = user.batch(np.arange(least) % request.n)
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        with user.undisturbed(seed=0):
            user.gradient(batch)
        seconds.append(time.perf_counter() - start)
    numbers = sum(p.numel() for p in user.parameters.values())
    gradients = saturated(request.batches, draws, len(request.batch_sizes))
    smallest = saturated(request.batches, draws, sum(max(b / max(least, TIMED), 1) for b in request.batch_sizes))
    cost = Cost(min(seconds) * smallest, 8.0 * (2 * draws + 2) * numbers, f"{as_count(gradients)} gradients of batches")
    what = f"gradient_noise by resampling at {len(request.batch_sizes)} batch sizes"
    request.budget.require(cost, what, ["fewer batches", "fewer or smaller batch sizes"])


def _rounded(count: int) -> int:
    """Two digits, downwards: a prediction is no better."""
    digits = 10 ** max(len(str(count)) - 2, 0)
    return count // digits * digits


def _counted(ways: Mapping[str, str]) -> dict[str, int]:
    return {way: list(ways.values()).count(way) for way in dict.fromkeys(ways.values())}


def _about(user: UserModel, unused: tuple[str, ...], found: Behaviour, is_scaled: bool) -> dict[str, Any]:
    lists = {
        "without_gradient": unused,
        "frozen": user.frozen,
        "tied": tuple(f"{name} = {' = '.join(others)}" for name, others in user.aliases.items()),
    }
    return {
        "mode": "train" if user.model.training else "eval",
        "model_draws_noise": str(found.has_noise),
        "gradients": "P^-1/2 g, by the preconditioner" if is_scaled else "g",
        "versions": f"torch {torch.__version__}, numpy {np.__version__}",
        **{key: ", ".join(names) for key, names in lists.items()},
    }
