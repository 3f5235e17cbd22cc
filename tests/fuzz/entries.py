"""Every public entry, with what draws its arguments. A test compares the list with what the packages offer."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.fuzz.expressions import Draw

Maker = Callable[[Draw], str]


def call(name: str, *arguments: str, **options: str) -> Maker:
    """`name(...)` with arguments drawn by these methods of Draw; options are left out more often than not."""

    def make(draw: Draw) -> str:
        given = [draw.one(getattr(draw, method)) for method in arguments]
        given += [f"{key}={draw.one(getattr(draw, method))}" for key, method in options.items() if draw.random() < 0.3]
        if given and draw.random() < draw.malice / 8:
            given.pop()
        return f"{name}({', '.join(given)})"

    return make


def method(owner: str, name: str, *arguments: str, **options: str) -> Maker:
    """The same for a method of what `owner` draws."""
    inner = call(name, *arguments, **options)
    return lambda draw: f"({draw.one(getattr(draw, owner))}).{inner(draw)}"


def text(*options: str) -> Maker:
    """One of these expressions, `@name` in them drawn by the method of that name."""

    def make(draw: Draw) -> str:
        return re.sub(r"@([a-z_]+)", lambda found: draw.one(getattr(draw, found[1])), draw.choice(options))

    return make


_RUN = "batch_sizes=@sizes, steps=@few_steps, replicas=@replicas, max_hours=@hours, workers=1"

THEORY: dict[str, Maker] = {
    "variance_poly.variance_polynomial": call("affordably.variance_polynomial", "problem", "step", "layer", engine="engine"),
    "variance_poly.second_moment_polynomial": call("affordably.second_moment_polynomial", "problem", "step", "layer", engine="engine"),
    "variance_poly.mean_gradient": call("affordably.mean_gradient", "problem", "step", "layer", engine="engine"),
    "variance_poly.loss_polynomial": call("affordably.loss_polynomial", "problem", "step", engine="engine"),
    "variance_poly.loss_variance_polynomial": call("affordably.loss_variance_polynomial", "problem", "step", engine="engine"),
    "variance_poly.expectation": call("affordably.expectation", "problem", "form", engine="engine"),
    "variance_poly.predicted_cost": call("variance_poly.predicted_cost", "problem", "step", "layer", engine="engine"),
    "variance_poly.budgets": text("variance_poly.variance_polynomial(@problem, @step, @layer, budget=@budget)"),
    "chebyshev.approximate": call("approximate", "smooth", "radius", "degree", certify="flag", method="fit"),
    "chebyshev.degree_for": call("chebyshev.degree_for", "smooth", "radius", "tolerance", method="fit"),
    "chebyshev.convergence_rate": call("chebyshev.convergence_rate", "smooth", "radius"),
    "chebyshev.sup_norms": call("chebyshev.sup_norms", "smooth", "radius"),
    "chebyshev.power_basis": call("chebyshev.power_basis", "vector", "radius"),
    "chebyshev.ActivationPolynomial": text(
        "chebyshev.ActivationPolynomial.of(@smooth, @vector, radius=@radius, certify=@flag)",
        "chebyshev.ActivationPolynomial.of(@smooth, @vector)",
        "str(@approximant)",
        "(@approximant)(@number)",
        "(@approximant).coefficients",
    ),
    "approximation.gradient_gap_bound": text(
        "approximation.gradient_gap_bound(@smooth_problem, @approximant, @batches, budget=@budget)",
        "approximation.gradient_gap_bound(@smooth_problem, @approximant, @batches, @envelope, @radius, budget=@budget)",
        "(lambda p: approximation.gradient_gap_bound(p, fitted(p), samples(p, 2, @batch_size), @envelope, budget=@budget))(@smooth_problem)",
    ),
    "approximation.every_path_bound": text(
        "approximation.every_path_bound(@smooth_problem, @approximant, @step, input_radius=@radius)",
        "(lambda p: approximation.every_path_bound(p, fitted(p), @step))(@smooth_problem)",
        "(lambda p: approximation.every_path_bound(p, fitted(p), 1))(@smooth_problem)",
    ),
    "approximation.polynomial_within": call(
        "approximation.polynomial_within", "smooth_problem", "step", "tolerance", input_radius="radius"
    ),
    "approximation.product_gap_bound": text(
        "approximation.product_gap_bound(@form, @smooth_problem, approximation.every_path_bound(@smooth_problem, @approximant, 2, input_radius=1))",
        "(lambda p: approximation.product_gap_bound(@form, p, approximation.every_path_bound(p, fitted(p), 3)))(@smooth_problem)",
    ),
    "approximation.telescoped": call("approximation.telescoped", "vector", "vector"),
    "approximation.variance_gap": text(
        "approximation.variance_gap(@smooth_problem, @approximant, @step, @layer, input_radius=@radius)",
        "(lambda p: approximation.variance_gap(p, fitted(p), @step, @layer))(@smooth_problem)",
        "(lambda p: approximation.variance_gap(p, fitted(p), 1, @layer))(@smooth_problem)",
    ),
    "approximation.certified_decreasing_range": text(
        "approximation.certified_decreasing_range(@finite_problem, @approximant, @step, @layer, largest=@largest, max_paths=@few)",
        "(lambda p: approximation.certified_decreasing_range(p, fitted(p), @step, @layer, largest=@largest, max_paths=@few))(@finite_problem)",
        "(lambda p: approximation.certified_decreasing_range(p, fitted(p), 1, @layer, largest=@largest, max_paths=@few))(@finite_problem)",
    ),
    "enumeration.cost": text("enumeration.cost(@problem, @step, batch_size=@batch_size)"),
    "enumeration.moments": text(
        "enumeration.moments(@problem, @step, @layer, batch_size=@batch_size, max_paths=@few)",
        "enumeration.moments(@problem, @step, @layer, batch_size=@batch_size, literal=@flag, budget=@budget)",
        "enumeration.moments(@problem, @step, @layer, batch_size=@batch_size, max_paths=@few, budget=@budget)",
    ),
    "enumeration.variance": text(
        "enumeration.variance(@any_problem, @step, @layer, batch_size=@batch_size, literal=@flag, max_paths=@few)"
    ),
    "enumeration.variance_ball": text(
        "enumeration.variance_ball(@any_problem, @step, @layer, batch_size=@batch_size, max_paths=@few, bits=@bits)"
    ),
    "enumeration.mean_gradient": text("enumeration.mean_gradient(@problem, @step, @layer, batch_size=@batch_size, max_paths=@few)"),
    "enumeration.loss": text("enumeration.loss(@problem, @step, batch_size=@batch_size, max_paths=@few)"),
    "enumeration.loss_variance": text("enumeration.loss_variance(@problem, @step, batch_size=@batch_size, max_paths=@few)"),
    "enumeration.expectation": text("enumeration.expectation(@problem, @form, batch_size=@batch_size, literal=@flag, max_paths=@few)"),
    "enumeration.interpolated_polynomial": text(
        "enumeration.interpolated_polynomial(@problem, @step, @layer, degree=@degree, max_paths=@few)",
        "enumeration.interpolated_polynomial(@problem, @step, @layer, degree=@degree, budget=@budget)",
    ),
    "gaussian_moments.isserlis": text(
        "gaussian_moments.isserlis(@indices, @covariance)", "gaussian_moments.isserlis([0] * @degree, [[2]])"
    ),
    "gaussian_moments.quadratic_forms_moment": text(
        "gaussian_moments.quadratic_forms_moment([@matrix, @matrix], @covariance)",
        "gaussian_moments.quadratic_forms_moment([[[1, 0], [0, 1]]] * @degree, [[1, 0], [0, 1]])",
        "gaussian_moments.quadratic_forms_moment([[[k, 0], [0, 1]] for k in range(20)], [[1, 0], [0, 1]])",
    ),
    "gaussian_moments.wishart_moment": text(
        "gaussian_moments.wishart_moment([[Wishart(), @matrix, Wishart(), @matrix]], @covariance)",
        "gaussian_moments.wishart_moment([[Wishart()] * @degree], @covariance)",
        "gaussian_moments.wishart_moment([[Wishart()] * @degree], @covariance, budget=@budget)",
        "gaussian_moments.wishart_moment(@matrix, @covariance)",
    ),
    "kronecker.kronecker_product": text(
        "kronecker.kronecker_product([@matrix, @matrix])",
        "kronecker.kronecker_product([[[1, 2]]] * @degree)",
        "kronecker.kronecker_product([[[1, 2]]] * @degree, budget=@budget)",
    ),
    "kronecker.kronecker_of_rows": text("kronecker.kronecker_of_rows([[@matrix, @matrix], [@matrix]])"),
    "kronecker.product_of_columns": text("kronecker.product_of_columns([[@matrix, @matrix], [@matrix, @matrix]])"),
    "kronecker.padded": text("kronecker.padded([[@matrix, @matrix], [@matrix]])"),
    "kronecker.StackedSamples": text(
        "kronecker.StackedSamples(('a', 'a', 'b'), (@law, @law, @law)).moment(@indices)",
        "(lambda law: kronecker.StackedSamples(('a', 'a', 'b'), (law, law, Rademacher(1))).moment(@indices))(@law)",
        "kronecker.StackedSamples(('a', 'b'), (@law, @law)).second_moment",
    ),
    "kronecker.moment_matrices": text(
        "kronecker.moment_matrices(@law, y_count=@few_steps, y_dimension=@few_steps, z_count=@few_steps, z_dimension=@few_steps)",
        "(lambda n, d: kronecker.moment_matrices(Gaussian(n * d), y_count=n - 1, y_dimension=d, z_count=1, z_dimension=d))(@index, @layer)",
    ),
    "kronecker.expected_quadratic_product": text(
        "kronecker.expected_quadratic_product(@law, [@matrix], [@matrix, @matrix], @few_steps)",
        "(lambda law, m: kronecker.expected_quadratic_product(law, [np.eye(1)] * m, [np.ones((2, law.dimension)), np.ones((law.dimension, law.dimension))]))(@law, @index)",
    ),
    "kronecker.direct_quadratic_product": text(
        "kronecker.direct_quadratic_product(@law, [@matrix], [@matrix, @matrix], @few_steps)",
        "(lambda law, m: kronecker.direct_quadratic_product(law, [np.eye(1)] * m, [np.ones((2, law.dimension)), np.ones((law.dimension, law.dimension))]))(@law, @index)",
    ),
    "kronecker.quadratic_product_from": text(
        "(lambda c: kronecker.quadratic_product_from(c, [@matrix], [@matrix, @matrix], @small_step))(kronecker.moment_matrices(Gaussian(2), y_count=1, y_dimension=1, z_count=1, z_dimension=1))",
        "kronecker.quadratic_product_from(kronecker.moment_matrices(Gaussian(2), y_count=1, y_dimension=1, z_count=1, z_dimension=1), [[[@number]]], [[[@number]], [[2]]])",
        "kronecker.quadratic_product_from(@matrix, [@matrix], [@matrix, @matrix])",
    ),
    "trace_forms": text(
        "str(@form) + (@form).latex()",
        "(@form).degree(@form)",
        "(@form).shape(@problem)",
        "(@form + @form).T",
        "(@form) @ (@form)",
        "tr(@form) ** @degree",
        "(@form) * (@number)",
        "(@form) - (@form)",
        "(@form).trace()",
        "identity(@degree)",
        "teacher(@step)",
        "W(@step, @layer)",
    ),
    "recursion.expectation": text("recursion.expectation(@form, @problem, budget=@budget)"),
    "polynomial_networks.gradient_products": text(
        "list(itertools.islice(polynomial_networks.gradient_products(@indices, @vector, @layer, fused=@flag, budget=@budget), 9))",
        "list(itertools.islice(polynomial_networks.gradient_products((2, @few_steps, 1), @vector, @layer, fused=@flag), 9))",
        "polynomial_networks.evaluate(polynomial_networks.gradient_products((1, 2, 1), @vector, 1), [@matrix, @matrix], [@matrix, @matrix], @vector)",
        "polynomial_networks.evaluate(@strange, [@matrix], [@matrix], @vector)",
    ),
    "polynomial_networks.count_products": text(
        "polynomial_networks.count_products(@indices, @vector, @layer, fused=@flag)",
        "polynomial_networks.count_products((1,) * @index, @vector, @layer)",
        "polynomial_networks.printed_counts(@indices, degree=@degree)",
    ),
    "polynomial_networks.fewest_products": text(
        "polynomial_networks.fewest_products(depth=@layer, degree=@degree, layer=@layer)",
        "polynomial_networks.fewest_products(depth=@step, degree=@layer, layer=1)",
        "polynomial_networks.fewest_products_of_wide_layers(depth=@layer, degree=@degree, width=@step)",
    ),
    "recursion.literal_expectation": text("recursion.literal_expectation(@kronecker_form, @problem, budget=@budget)"),
    "recursion.predicted_cost": call("recursion.predicted_cost", "form", "problem"),
    "recursion.conditional_expectation": call("recursion.conditional_expectation", "kronecker_form", "problem", "small_step"),
    "recursion.remove_gradient_layer": call("recursion.remove_gradient_layer", "kronecker_form", "problem", "small_step"),
    "recursion.unroll": call("recursion.unroll", "kronecker_form", "problem", "small_step"),
    "recursion.to_initial_weights": text("recursion.to_initial_weights(@kronecker_form, @problem, budget=@budget)"),
    "recursion.initial_values": call("recursion.initial_values", "problem"),
    "recursion.degree_bound": call("recursion.degree_bound", "form", depth="layer", activation_degree="layer"),
    "recursion.KroneckerForm": text(
        "recursion.KroneckerForm.from_rows([@form, @form])",
        "recursion.KroneckerForm.from_rows([@form], constant=@matrix)",
        "recursion.KroneckerForm.from_trace_form(@form).to_trace_form(@problem)",
        "recursion.KroneckerForm(@vector)",
    ),
    "recursion.printed_degree_bound": call("recursion.printed_degree_bound", "form"),
    "recursion.batch_degrees": text("recursion.batch_degrees([x for word in (@form).terms[0].traces for x in word], top=@step, m=@layer)"),
    "InverseBatchPolynomial": call("InverseBatchPolynomial", "vector", radii="vector", degree_bound="index"),
    "InverseBatchPolynomial.__call__": text("(@polynomial)(@batch_size)"),
    "InverseBatchPolynomial.error": method("polynomial", "error", "batch_size"),
    "InverseBatchPolynomial.threshold": text("(@polynomial).threshold", "(@polynomial).decreasing_from()", "(@polynomial).derivative()"),
    "InverseBatchPolynomial.threshold_interval": method("polynomial", "threshold_interval", "bits"),
    "InverseBatchPolynomial.shown": text(
        "str(@polynomial) + repr(@polynomial)", "(@polynomial).latex(digits=@index)", "(@polynomial).latex()"
    ),
    "InverseBatchPolynomial.arithmetic": text(
        "(@polynomial) * (@polynomial) + (@polynomial)", "(@polynomial) * (@number)", "(@polynomial) == (@number)"
    ),
    "laws": text(
        "repr(@law)",
        "(@law).moment(@indices)",
        "(@law).second_moment",
        "(@law).support()",
        "(@law).sample(np.random.default_rng(0), @shape)",
        "(@law).norm_bound",
        "(@law).exact",
        "copy.deepcopy(@law)",
        "pickle.loads(pickle.dumps(@law)).moment((2,))",
    ),
    "Gaussian": text(
        "Gaussian(@index)",
        "Gaussian(cov=@covariance)",
        "Gaussian(@index, cov=@covariance)",
        "Gaussian(cov=@matrix)",
        "Gaussian(mean=@vector, cov=@covariance).moment([1, @small_step])",
    ),
    "Discrete": call("Discrete", "matrix", probabilities="vector"),
    "Independent": text(
        "Independent(@index, @vector).coordinate_moment(@index)", "Independent(@index, [1, 0, 1, 0, 3]).coordinate_moment(@index)"
    ),
    "Rademacher": text("Rademacher(@index)", "Rademacher(@index).coordinate_moment(@index)"),
    "Uniform": text("Uniform(@index, @number, @number)", "Uniform(@index).coordinate_moment(@index)"),
    "TeacherStudent": text("@any_problem", "repr(@any_problem)", "copy.deepcopy(@any_problem)"),
    "SGD": text("SGD()", "SGD(@number)", "SGD(momentum=@number, nesterov=@flag, weight_decay=@number)", "SGD().step([3], [4], @number)"),
    "TeacherStudent.learning_rate": method("any_problem", "learning_rate", "step"),
    "TeacherStudent.is_exact": method("any_problem", "is_exact", "small_step"),
    "TeacherStudent.check": text(
        "(@any_problem).check_step(@step)", "(@any_problem).check_layer(@layer)", "(@any_problem).activation_degree"
    ),
    "activations.activation": call("activation", "activation_name"),
    "activations.leaky_relu": call("leaky_relu", "number"),
    "activations.custom": text("custom(@function, @function, lipschitz=@number, derivative_lipschitz=@number)"),
    "activations.evaluate": text(
        "activation(@activation).value(np.linspace(-2, 2, 9))",
        "activation(@activation).taylor(arb(@number), @small_step)",
        "activation(@activation).exactly(fmpq(1, 3))",
        "activation(@activation).piece_at(@number)",
    ),
    "linear_regression.LinearRegression": text(
        "LinearRegression(@matrix, @vector, @vector, @rate)",
        "(lambda x: LinearRegression(x, [1] * len(x), [0] * len(x[0]), @rate, @flag, @optimizer).variance(@step, @batch_size, budget=@budget))(@rows)",
        "(lambda x: LinearRegression(x, [1] * len(x), [0] * len(x[0]), @rate, @flag).variance_polynomial(@step, budget=@budget))(@rows)",
        "(lambda x: LinearRegression(x, [1] * len(x), [0] * len(x[0]), @rate, @flag).stationary(@batch_size, budget=@budget))(@rows)",
        "(lambda x: LinearRegression(x, [1] * len(x), [0] * len(x[0]), @rate, @flag).largest_stable_rate(@batch_size, budget=@budget))(@rows)",
        "(lambda x: LinearRegression(x, [1] * len(x), [0] * len(x[0]), @rate, @flag).trajectory(@step, @batch_size, budget=@budget))(@rows)",
        "LinearRegression.population(@law, @vector, @vector, @rate, noise=@number).loss(@step, @batch_size, budget=@budget)",
        "LinearRegression.population(Gaussian(2), [1, 2], [0, 0], @rate, noise=@number).loss_polynomial(@step, budget=@budget)",
    ),
    "linear_regression.read_table": text(
        "read_table(csv_of(@rows)).standardised()",
        "read_table(csv_of(@matrix), @strange)",
        "read_table(csv_of([['a', 'b'], ['1', @strange]]))",
        "isinstance(load_diabetes(), Table)",
        "LinearRegression(load_diabetes().X, load_diabetes().y, [0] * 10, F(1, 10**6)).variance(@small_step, @batch_size)",
    ),
    "large_batch.leading_coefficient": text("large_batch.leading_coefficient(@problem, @step, @layer, budget=@budget)"),
    "large_batch.large_batch_law": text(
        "large_batch.large_batch_law(@any_problem, @step, @layer, budget=@budget)",
        "large_batch.large_batch_law(@problem, @small_step, @layer, order=@layer, budget=@budget)",
        "large_batch.large_batch_law(@problem, @indices, @layer, method='probes', probes=@replicas, seed=@step, budget=@budget)",
        "large_batch.large_batch_law(@problem, @small_step, 1, method=@strange, relative_error=@number, budget=@budget)",
    ),
    "large_batch.large_batch_loss": text(
        "large_batch.large_batch_loss(@problem, @step, order=@layer, relative_error=@number, budget=@budget)"
    ),
    "large_batch.noise_scale": text("large_batch.noise_scale(@any_problem, @step, @layer, budget=@budget).noise_scale"),
    "large_batch.critical_batch_size": text(
        "large_batch.critical_batch_size(@polynomial, @number)",
        "large_batch.critical_batch_size(large_batch.large_batch_law(@problem, @small_step, 1, budget=@budget))",
    ),
    "quadrature.variance": text(
        "quadrature.variance(@problem, @small_step, @layer, batch_size=@batch_size, bits=@bits, budget=@budget)",
        "quadrature.variance(@scalar_problem, @small_step, 1, batch_size=@batch_size, bits=@bits, budget=@budget)",
    ),
    "quadrature.loss": text(
        "quadrature.loss(@problem, @small_step, batch_size=@batch_size, bits=@bits, budget=@budget)",
        "quadrature.loss(@scalar_problem, @small_step, batch_size=@batch_size, bits=@bits, budget=@budget)",
    ),
    "quadrature.loss_variance": text(
        "quadrature.loss_variance(@problem, @small_step, batch_size=@batch_size, bits=@bits, budget=@budget)",
        "quadrature.loss_variance(@scalar_problem, @small_step, batch_size=@batch_size, bits=@bits, budget=@budget)",
    ),
    "degrees": text(
        "degrees.variance_degree(@step, depth=@layer, activation_degree=@layer)",
        "degrees.loss_degree(@step)",
        "degrees.loss_variance_degree(@step)",
        "degrees.gradient_degree(@layer, activation_degree=@layer)",
        "degrees.mean_gradient_degree(@step)",
        "degrees.output_degree(@layer)",
        "degrees.expectation_degree(@indices)",
        "degrees.printed_degree_a6(@indices, @indices)",
    ),
    "budget": text("Budget(@number, @number)", "Budget(@number)"),
    "claims": text("LEDGER[@small_step]", "[c.id for c in LEDGER]"),
}

_NET = "torch.nn.Linear(2, 1), torch.nn.MSELoss(), PAIRS"

EMPIRICS: dict[str, Maker] = {
    "empirics.simulate": text(
        f"empirics.simulate(@any_problem, {_RUN})", f"empirics.simulate(@any_problem, {_RUN}, store=fresh())",
        f"empirics.simulate(@any_problem, {_RUN}, seed=@step, dtype=@dtype, estimator=@estimator, engine=@runner, every=@small_step)",
        f"empirics.simulate(@any_problem, {_RUN}, sampling=@sampling, device=@device, shard_replicas=@replicas)",
        f"empirics.simulate(@any_problem, {_RUN}, store=@place, resume=@flag, repair=@flag)",
        f"empirics.simulate(@any_problem, {_RUN}, scheduler=@strange, progress=@strange)",
        "empirics.simulate(P, batch_sizes=@sizes, steps=@few_steps, replicas=@replicas, max_hours=@hours, store=@place)",
    ),
    "empirics.load": text("empirics.load(@place, P)", "empirics.load(good_store(), P)", "empirics.load(@place, @any_problem)", "empirics.load(spoilt_run(@key, @strange), P)"),
    "empirics.again": text("empirics.again(@dataset)", "empirics.again(@place)", "empirics.simulate(**empirics.again(good_result()))"),
    "empirics.make_plan": text(
        "empirics.make_plan(@any_problem, batch_sizes=@sizes, steps=@few_steps, replicas=@replicas, seed=@step, dtype=@dtype, sampling=@sampling)"
    ),
    "empirics.predict": text("empirics.predict(empirics.make_plan(@any_problem, batch_sizes=@sizes, steps=@few_steps, replicas=@replicas), @layer)"),
    "empirics.DataSet": text("DataSet(@matrix)", "DataSet(@matrix, @matrix).digest", "DataSet(@vector, targets=@vector).labelled_support()", "DataSet(@vector)", "DataSet(@matrix).second_moment", "len(DataSet(@matrix))"),
    "empirics.synthetic": text("empirics.synthetic(@law_name, @step, (2, 3, 2))", "empirics.synthetic(sizes=@indices)"),
    "empirics.compare": text(
        "empirics.compare(@vector, @vector, @vector)", "empirics.compare([1.0, 2.0], [0.1, 0.2], [1.1, 2.0], comparisons=@index, rounding=@number)",
        "empirics.compare([1.0, 2.0], [0.1, 0.2], [1.1, 2.0], degrees_of_freedom=@vector)",
    ),
    "empirics.interval": text("empirics.interval(@dataset, level=@tolerance)", "empirics.interval(@dataset, 'loss')", "empirics.interval(@strange, @word)"),
    "empirics.gradient_noise": text(
        "empirics.gradient_noise(@module, torch.nn.MSELoss(), @examples, batch_sizes=@sizes, budget=@budget)",
        "empirics.gradient_noise(@module, @module_loss, @examples, batch_sizes=@sizes, replacement=@flag, seed=@step, budget=@budget)",
        "empirics.gradient_noise(torch.nn.Linear(2, 1), torch.nn.MSELoss(), PAIRS, batch_sizes=@sizes, convention=@word, examples=@index)",
        "empirics.gradient_noise(torch.nn.Linear(2, 1), torch.nn.MSELoss(), PAIRS, batch_sizes=[2], method=@method, batches=@replicas, level=@tolerance)",
        "empirics.gradient_noise(torch.nn.Linear(2, 1), torch.nn.MSELoss(), PAIRS, batch_sizes=[2], parameters=@names, preconditioner=@preconditioner)",
        "empirics.gradient_noise(torch.nn.Linear(2, 1), torch.nn.MSELoss(), PAIRS, batch_sizes=[2], collate=@strange, budget=@strange)",
    ),
    "empirics.measure": text(
        "empirics.measure(@module, torch.nn.MSELoss(), @examples, optimizer=torch.optim.SGD, batch_sizes=@sizes, runs=@runs, epochs=@layer, budget=@budget)",
        f"empirics.measure({_NET}, optimizer=@trainer, batch_sizes=@sizes, runs=@runs, steps=@few_steps, seed=@step, schedule=@strange, budget=@budget)",
        f"empirics.measure({_NET}, optimizer=@trainer, batch_sizes=[2], runs=3, epochs=@layer, every=1, evaluate_every=@layer, looks_per_epoch=@layer, block_runs=@runs)",
        f"empirics.measure({_NET}, optimizer=torch.optim.SGD, batch_sizes=[1, 2], runs=3, steps=2, sampling=@sampling, estimator=@looking, draws=@runs, clip=@number)",
        f"empirics.measure({_NET}, optimizer=torch.optim.SGD, batch_sizes=[2], runs=2, steps=2, validation=@examples, error=@module_loss, store=@place, resume=@flag)",
        f"empirics.measure({_NET}, optimizer=torch.optim.SGD, batch_sizes=[2], runs=2, steps=@few_steps, device=@device, workers=1)",
    ),
    "empirics.load_measurement": text("empirics.load_measurement(@place)", "empirics.load_measurement(good_store())", "empirics.load_measurement(spoilt_run(@key, @strange))"),
    "empirics.GradientNoiseMeter": text(
        "empirics.GradientNoiseMeter(@module, micro_batch=@layer, accumulation=@accumulation)",
        "empirics.GradientNoiseMeter(torch.nn.Linear(2, 1), micro_batch=@batch_size, accumulation='sum', decay=@tolerance, level=@tolerance, every=@layer)",
        "empirics.GradientNoiseMeter(torch.nn.Linear(2, 1), micro_batch=@batch_size, accumulation='mean', scaler=@strange, dataset_size=@batch_size)",
        "empirics.GradientNoiseMeter(torch.nn.Linear(2, 1), micro_batch=1, accumulation='sum').load_state_dict(@strange)",
        "empirics.GradientNoiseMeter(torch.nn.Linear(2, 1), micro_batch=1, accumulation='sum').step(@sizes)",
    ),
    "empirics.compare_dataset": text("empirics.compare_dataset(@dataset, {(@small_step, @layer): @polynomial})", "empirics.compare_dataset(good_result(), {(1, 1): @polynomial}, @word)", "empirics.compare_dataset(@dataset, @strange)"),
}  # fmt: skip

FILES: dict[str, Maker] = {
    "problem files": text("problem_text.make_problem(@table)", "problem_text.read_problem(written(json_of(@table), '.json'))",
                          "problem_text.read_problem(written(@scribble, @suffix))"),
    "problem_json": text("problem_text.make_problem(json.loads(problem_text.problem_json(@any_problem)))"),
    "parse": text("problem_text.parse_number(@written_number, 'x')", "problem_text.parse_list(@written_number, 'x')", "problem_text.parse_matrix(@written_number, 'x')"),
    "cli variance": text(
        "cli('variance', written(json_of(@table), '.json'), '--step', @said_step, '--layer', @said_layer, '--max-seconds', '1')",
        "cli('variance', '--student', @said_number, '--student', @said_number, '--teacher', @said_number, '--teacher', @said_number, '--rates', @said_rates,"
        " '--step', @said_step, '--layer', @said_layer, '--at', @said_sizes, '--max-seconds', '1')",
        "cli('variance', '--student', @said_pair, '--student', '2', '--teacher', @said_pair, '--teacher', '0', '--cov', @said_covariance, '--rates', @said_rates,"
        " '--step', @said_step, '--engine', @said_engine, '--max-seconds', '1', '--json')",
        "cli('variance', '--student', '1', '--student', '2', '--teacher', '0', '--teacher', '0', '--atoms', '0; 1', '--rates', '1', '--step', @said_step, '--json')",
        "cli('variance', '--student', @said_pair, '--teacher', @said_pair, '--rates', '1/10', '--inputs', @said_law, '--step', @said_step, '--max-seconds', '1')",
        "cli('variance', '--student', '1', '--student', '1', '--teacher', '0', '--teacher', '0', '--rates', @said_rates, '--atoms', '1; 2', '--step', @said_step,"
        " '--activation', @said_activation, '--probabilities', @said, '--max-seconds', '1')",
        "cli('variance', '--student', '1', '--student', '1', '--teacher', '0', '--teacher', '0', '--rates', @said_rates, '--atoms', '1; 2', '--step', @said_step,"
        " '--activation', @said_activation, '--max-seconds', '1')",
        "cli('variance', '--student', @said, '--teacher', @said, '--rates', @said, '--at', @said, '--max-gigabytes', @said)",
        "cli('variance', written(@scribble, @suffix))",
    ),
    "cli measure": text(
        "cli('measure', @said_function, '--batch-sizes', @said_sizes)",
        "cli('measure', @said_function, '--batch-sizes', '4', '--runs', @said_step, '--epochs', @said_step, '--learning-rate', @said_number)",
        "cli('measure', @said_function, '--batch-sizes', '4', '--picture', @said, '--out', @said)",
        "cli('measure', @said_function, '--batch-sizes', '4', '--examples', @said_step, '--level', @said_number, '--store', @said)",
    ),
    "cli simulate": text(
        "cli('simulate', written(json_of(@table), '.json'), '--batch-sizes', @said_sizes, '--steps', @said_step, '--replicas', '8', '--max-hours', '0.0005', '--workers', '1')",
        "cli('simulate', 'synthetic', '--batch-sizes', '4', '--steps', '2', '--replicas', '8', '--dtype', @said, '--estimator', @said)",
        "cli('simulate', 'synthetic', '--batch-sizes', '4', '--steps', @said, '--replicas', @said, '--every', @said, '--max-hours', @said, '--workers', '1')",
        "cli('simulate', 'synthetic', '--batch-sizes', '4', '--steps', '1', '--replicas', '8', '--store', path_text(@place), '--resume')",
        "cli('simulate', 'synthetic', '--batch-sizes', '4', '--steps', '1', '--replicas', '8', '--out', @said, '--seed', @said_step)",
        "cli('simulate', 'synthetic', '--batch-sizes', @said_sizes, '--dry-run', '--steps', '2', '--replicas', @said)",
        "cli('simulate', 'synthetic', '--batch-sizes', @said_sizes, '--dry-run', '--steps', @said_step, '--replicas', '64', '--inputs', @said_law)",
    ),
    "cli simulate mnist": text(
        "cli('simulate', 'mnist', '--data', path_text(@digits), '--batch-sizes', @said_sizes, '--epochs', @said_step, '--runs', '2', '--initial-points', '1', '--workers', '1', '--max-hours', '0.001')",
        "cli('simulate', 'mnist', '--data', path_text(@digits), '--batch-sizes', '2', '--epochs', '1', '--runs', @said, '--train', @said, '--every', @said, '--learning-rate', @said, '--workers', '1', '--max-hours', '0.001')",
        "cli('simulate', 'mnist', '--data', path_text(@digits), '--batch-sizes', '2', '--epochs', '1', '--runs', '2', '--initial-points', '1', '--workers', '1', '--store', path_text(@place), '--resume')",
    ),
    "cli simulate yelp": text(
        "cli('simulate', 'yelp', '--data', path_text(@reviews), '--size', 'tiny', '--batch-sizes', @said_sizes, '--epochs', @said_step, '--runs', '2', '--training', '8', '--validation', '4', '--workers', '1', '--max-hours', '0.001')",
        "cli('simulate', 'yelp', '--data', path_text(@reviews), '--size', 'tiny', '--batch-sizes', '2', '--epochs', '1', '--runs', @said, '--training', @said, '--validation', '2', '--clip', @said, '--weight-decay', @said, '--workers', '1', '--max-hours', '0.001')",
        "cli('simulate', 'yelp', '--data', path_text(@reviews), '--size', 'tiny', '--batch-sizes', '2', '--epochs', '1', '--runs', '2', '--training', '8', '--validation', '4', '--workers', '1', '--store', path_text(@place), '--resume', '--max-hours', '0.001')",
    ),
    "cli other": text("cli('verify', @said)", "cli('report', '--only', @said, '--out', path_text(fresh()))", "cli(@said)", "cli('variance', @said)", "cli('--help')",
                      "cli('variance', '--help')", "cli('simulate', '--again', path_text(@place))", "cli('engines')", "cli('verify', 'A.1')"),
}  # fmt: skip

ENTRIES: dict[str, Maker] = THEORY | EMPIRICS | FILES
