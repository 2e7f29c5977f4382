"""A valid call of every public callable, in which each argument comes with its kind (``bad_values.py``), for ``test_bad_input.py``."""

from tempfile import TemporaryDirectory
from typing import NamedTuple

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
from bad_values import FAR, FINITE, GENERAL_SPECTRUM, LANCZOS, MODEL, NETWORKS, SPECTRUM, STATES

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid, activations
from theory.data import Images
from theory.simulation import (
    EmpiricalScore,
    backend,
    gaussian_score,
    networks,
    sample_rates,
    standardisation,
    sweep,
    trained_scores,
)
from theory.symbolic import diagrams, resolvent_polynomial
from theory.symbolic import symbols as S
from theory.symbolic.hermite import closed_form
from theory.symbolic.rainbows import rainbows

matplotlib.use("Agg")
FOLDER = TemporaryDirectory()
STORE = f"{FOLDER.name}/sweep"


class Call(NamedTuple):
    """A valid call: on ``owner`` if it is a method; name → (value, kind)."""

    owner: object
    arguments: dict


def call(owner=None, **arguments):
    return Call(owner, arguments)


ANY_MODEL = {"model": (MODEL, "model")}
SCALAR_MODEL = {"model": (MODEL, "scalar model")}
PLACE = {"device": (None, "device"), "library": (None, "choice or None"), "dtype": ("float64", "choice")}
SEED = {"seed": (0, "seed"), **PLACE}
NO_DIGITS = {"dps": (None, "digits or None")}
OF_SPECTRUM = {"spectrum": (SPECTRUM, "scalar spectrum")}
OF_MODEL = {"finite": (FINITE, "draw")}
AVERAGE = {
    "backend": (backend(), "backend"),
    "activation": (activations.tanh, "an Activation"),
    "W": (STATES, "states"),
    "X": (STATES.T, "states"),
    "decay": (0.7, "positive"),
    "noise_variance": (0.5, "positive"),
}
PAIRS, IDENTITY = ((1, 1),), ((1, 1),)
EXPONENTIALLY_MANY = {
    "alpha": (0.5, "positive"),
    "alpha_D": (None, "share or None"),
    "variance": (1.0, "positive"),
    "data": (None, "data or None"),
    "dps": (None, "digits or None"),
}
EMPIRICAL = EmpiricalScore(STATES)
CONFIGURATION = networks.Configuration(width=8, n=10, batch=4, steps=40, first=5, levels=(0.5,), test=10)
CURVE = {"steps": ([1.0, 2.0, 4.0], "grid"), "values": ([3.0, 1.0, 2.0], "grid of reals")}
RECORD = networks.Record(
    CONFIGURATION,
    {},
    {"train": np.ones((3, 1, 10)), "test": np.ones((3, 1, 10)), "variances": np.ones(10)}
    | {name: np.arange(10) for name in ("labels", "test_labels")}
    | {name: np.ones((3, 4)) for name in ("nearest", "second", "index")},
)
RATES = {"rates": (sample_rates(FINITE), "sample rates")}
IMAGES = Images(np.zeros((6, 2, 2)), np.arange(6) // 2, ("a", "b", "c"), "made here", "", np.arange(6))
TWO_KINDS = Mixture((0.7, 0.3), means=((1.0, -1.0), (-1.0, 1.0)))
GIVEN = np.random.default_rng(0).standard_normal((round(4 * float(MODEL.psi_n)), 4))
WORD = diagrams.Diagram(("WW",), ((0, 1),))
SMALL = {S.psi_p: 3, S.psi_n: 2, S.alpha: 1, S.b: 1, S.v: 1, S.s_t: 1}
TIME_STEP = {
    "loss_factor": (1.0, "positive"),
    "parameter_scale": (1.0, "real"),
    "learning_rate": (0.1, "positive"),
    "d": (5, "integer"),
}


def first_sign(x):
    return (x[0] > 0).astype(int)


def a_score(x, t):
    return gaussian_score(x, t, [1.0] * 4)


class Module:
    """What a network has that `theory.simulation.networks.Denoiser` asks for before it is used."""

    parameters = __call__ = a_score


def doubled(a, seed):
    return 2 * a


sweep(doubled, {"a": [1.0, 2.0]}, 1, STORE, workers=1, progress=False)

TABLE = {
    # descriptions
    "Gaussian": call(spectrum=(PAIRS, "spectrum of data"), spikes=((5.0,), "positives"), continuous=((), "sequence")),
    "Gaussian.from_density": call(
        density=(np.ones_like, "function"), support=((0.5, 1.5), "interval"), nodes=(4, "integer")
    ),
    "Gaussian.from_samples": call(
        X=([[0.0, 1.0], [1.0, 0.5], [0.2, -2.0]], "samples"),
        estimator=("population", "choice"),
        atoms=(4, "integer"),
        remove_mean=(True, "truth"),
    ),
    "Gaussian.power_law": call(exponent=(1.5, "positive"), condition=(30.0, "positive"), nodes=(4, "integer")),
    "Mixture": call(
        weights=((0.5, 0.5), "weights"),
        variances=((1.0, 2.0), "positive sequence or None"),
        means=(((1.0, -1.0), (-1.0, 1.0)), "Gram matrix"),
        spikes=(None, "Gram matrix"),
        spectrum=(PAIRS, "spectrum of data"),
        continuous=((), "sequence"),
    ),
    "Mixture.centroids": call(Mixture((1,))),
    "TimeGrid": call(
        nodes=((0.1, 0.5), "nodes"),
        weights=((0.5, 0.5), "weights"),
        amplitude=((1.0, 2.0), "positive sequence or None"),
        skip=((0.0, -1.0), "real sequence or None"),
        density=(None, "anything"),
    ),
    "TimeGrid.from_density": call(
        density=(np.ones_like, "function"),
        support=((0.1, 1.0), "interval"),
        nodes=(2, "integer"),
        options=(None, "anything"),
    ),
    "TimeGrid.gauss": call(
        nodes=(2, "integer"),
        support=((0.1, 1.0), "interval"),
        density=(np.ones_like, "function or None"),
        options=(None, "anything"),
    ),
    "RandomFeatureModel": call(
        activation=(activations.erf, "activation"),
        psi_p=(2, "positive"),
        psi_n=(1.5, "positive"),
        t=(0.3, "time"),
        data=(Gaussian(), "data"),
        bias=(0.0, "non-negative"),
        types=(4, "integer"),
    ),
    "activations.Activation": call(
        function=(sp.tanh(sp.Symbol("x")), "activation"), name=("tanh", "name"), kinks=((), "kinks")
    ),
    "activations.Activation.mpmath": call(activations.tanh, value=(0.3, "anything")),
    "activations.leaky_relu": call(slope=(0.1, "slope")),
    "activations.polynomial": call(coefficients=((0, 1, 0.5), "coefficients")),
    "activations.hermite": call(k=(3, "integer")),
    # observables of the limit
    "RandomFeatureModel.coefficients": call(MODEL, **NO_DIGITS),
    "RandomFeatureModel.spectrum": call(MODEL),
    "RandomFeatureModel.training": call(MODEL, tau=([1.0], "tau")),
    "RandomFeatureModel.ridge": call(MODEL, zeta=([1.0], "reals >= 0")),
    "RandomFeatureModel.timescales": call(MODEL, within=(0.05, "fraction"), gap_fraction=(0.5, "fraction")),
    "RandomFeatureModel.simulate": call(MODEL, d=(4, "integer"), seed=(0, "seed"), options=(None, "anything")),
    "spectrum.Spectrum": call(**ANY_MODEL, system=(None, "system or None")),
    "data.fashion_mnist": call(folder=(None, "folder or None"), part=("train", "choice")),
    "data.available_images": call(folder=(None, "folder or None")),
    "data.class_statistics": call(images=(IMAGES, "images")),
    "data.digits": call(),
    "data.Images.vectors": call(IMAGES),
    "data.Images.downscaled": call(IMAGES, factor=(2, "integer")),
    "data.Images.of_classes": call(IMAGES, classes=(("a",), "sequence")),
    "data.Images.sample": call(IMAGES, per_class=(2, "integer"), **{"seed": (0, "seed")}),
    "spectrum.Spectrum.stieltjes": call(SPECTRUM, z=(-1.0, "complexes"), method=("auto", "choice"), **NO_DIGITS),
    "spectrum.Spectrum.density": call(SPECTRUM, lam=(1.0, "reals"), method=("auto", "choice")),
    "spectrum.Spectrum.atoms": call(SPECTRUM),
    "spectrum.Spectrum.outliers": call(SPECTRUM, **NO_DIGITS),
    "spectrum.Spectrum.edges": call(SPECTRUM, **NO_DIGITS),
    "spectrum.Spectrum.cdf": call(SPECTRUM, lam=(1.0, "reals")),
    "spectrum.Spectrum.quantile": call(SPECTRUM, level=(0.5, "levels")),
    "spectrum.Spectrum.rvs": call(SPECTRUM, size=(3, "integer"), seed=(0, "seed")),
    "spectrum.Spectrum.edge_fluctuations": call(SPECTRUM, d=(4, "integer")),
    "spectrum.Spectrum.plot": call(
        SPECTRUM, ax=(plt.figure().add_subplot(), "axes or None"), finite=(None, "draw or None"), bins=(4, "integer")
    ),
    "spectrum.Spectrum.integrate": call(SPECTRUM, function=(np.log, "function")),
    "outliers.outliers": call(spectrum=(SPECTRUM, "spectrum"), **NO_DIGITS),
    "outliers.outliers_of": call(**OF_SPECTRUM, variance=(5.0, "non-negative"), **NO_DIGITS),
    "outliers.direction_outliers": call(spectrum=(GENERAL_SPECTRUM, "general spectrum"), d=(None, "integer or None")),
    "outliers.centroid_outliers": call(spectrum=(FAR.spectrum(), "far spectrum"), d=(100, "integer"), most=(1, "integer")),
    "outliers.late_centroid_outliers": call(model=(FAR, "far model"), d=(100, "integer")),
    "outliers.separation_times": call(model=(FAR, "far model"), d=(100, "integer")),
    "outliers.speciation_times": call(data=(FAR.data, "mixture"), d=(100, "integer")),
    "outliers.mean_outliers": call(spectrum=(GENERAL_SPECTRUM, "general spectrum"), d=(100, "integer")),
    "outliers.mean_outlier": call(**OF_SPECTRUM, d=(100, "integer")),
    "outliers.fluctuation_outliers": call(**OF_SPECTRUM),
    "outliers.zeros_in_gaps": call(
        **OF_SPECTRUM, samples=(1.0, "non-negative"), noise=(1.0, "non-negative"), above=(False, "truth")
    ),
    "outliers.windows": call(**OF_SPECTRUM, **NO_DIGITS),
    "outliers.critical_spike": call(**SCALAR_MODEL, **NO_DIGITS),
    "outliers.critical_separation": call(**SCALAR_MODEL, **NO_DIGITS),
    "outliers.critical_time": call(**SCALAR_MODEL, variance=(5.0, "positive"), **NO_DIGITS),
    "outliers.critical_psi_n": call(**SCALAR_MODEL, variance=(5.0, "positive"), **NO_DIGITS),
    "training.signal_curve": call(**SCALAR_MODEL, tau=([1.0], "tau"), variance=(5.0, "non-negative")),
    "training.training_curve": call(**ANY_MODEL, tau=([1.0], "tau")),
    "training.ridge_curve": call(**ANY_MODEL, zeta=([1.0], "reals >= 0")),
    "training.training_mpmath": call(**SCALAR_MODEL, tau=((1.0,), "non-negatives"), dps=(3, "integer")),
    "training.flow_rate": call(**ANY_MODEL),
    "training.exact_score_loss": call(**ANY_MODEL),
    "training.curve_times": call(
        **ANY_MODEL, within=(0.05, "fraction"), gap_fraction=(0.5, "fraction"), points=(240, "integer > 1")
    ),
    "training.class_times": call(
        **ANY_MODEL, within=(0.05, "fraction"), gap_fraction=(0.5, "fraction"), points=(240, "integer > 1")
    ),
    "training.reversal_line": call(
        model=(RandomFeatureModel(activations.tanh, 3, 2.5, 0.1, Mixture((0.5, 0.5), (0.5, 0.25))), "model"),
        ratios=([0.5], "grid"),
        times=("memorization", "choice"),
        low=(0.2, "fraction"),
        high=(0.8, "fraction"),
        within=(0.05, "fraction"),
        gap_fraction=(0.5, "fraction"),
        jobs=(1, "processes"),
        progress=(False, "truth"),
    ),
    "training.training_times": call(**ANY_MODEL, points=(2, "integer > 1")),
    "training.edge_times": call(**ANY_MODEL),
    "training.linear_plateau": call(**ANY_MODEL),
    "training.linear_stage": call(**SCALAR_MODEL, tau_best=(26.0, "positive"), within=(0.05, "fraction")),
    "training.memorization_eigenvalue": call(**SCALAR_MODEL),
    "training.timescales.timescales": call(**ANY_MODEL, within=(0.05, "fraction"), gap_fraction=(0.5, "fraction")),
    "training.best_regularization": call(**ANY_MODEL),
    "training.phase_diagram": call(
        **ANY_MODEL,
        psi_n=([1.0], "grid"),
        psi_p=([2.0], "grid"),
        tau=(10.0, "positive"),
        gap=(0.1, "positive"),
        jobs=(1, "processes"),
        progress=(False, "truth"),
    ),
    "filters.check_tau": call(tau=([1.0], "tau")),
    "sweeps.stored": call(name=("outlier", "stored")),
    "sweeps.report": call(name=("gpu", "choice")),
    # printing
    "printing.below": call(error=(3e-16, "non-negative")),
    # conventions
    "conventions.from_green_function": call(g=(1j, "complexes")),
    "conventions.from_trace_per_dimension": call(trace=(1j, "complexes"), psi_p=(2.0, "positive")),
    "conventions.from_trace_per_sample": call(trace=(1j, "complexes"), psi_p=(2.0, "positive"), psi_n=(1.5, "positive")),
    "conventions.from_companion": call(
        companion=(1j, "complexes"), z=(1j, "complexes"), psi_p=(2.0, "positive"), psi_n=(1.5, "positive")
    ),
    "conventions.rescaled": call(stieltjes=(np.exp, "function"), factor=(2.0, "positive")),
    "conventions.spectral_parameter_from_ridge": call(ridge=(1.0, "reals >= 0")),
    "conventions.time_from_variance": call(h=(1.0, "reals >= 0")),
    "conventions.time_from_sigma": call(sigma=(1.0, "reals >= 0")),
    "conventions.time_from_alpha_bar": call(alpha_bar=(0.5, "reals > 0")),
    "conventions.time_from_betas": call(betas=([0.1, 0.2], "reals >= 0")),
    "conventions.time_from_rate": call(beta=(lambda s: 1.0 + s, "function"), s=(1.0, "non-negative")),
    "conventions.time_from_log_snr": call(log_snr=(1.0, "reals")),
    "conventions.time_from_interpolation": call(s=(0.5, "reals >= 0")),
    "conventions.noise_level": call(t=(0.5, "reals > 0")),
    "conventions.score_from_noise": call(noise=([1.0], "reals"), t=(0.5, "reals > 0")),
    "conventions.score_from_denoiser": call(x_t=([1.0], "reals"), denoised=([1.0], "reals"), t=(0.5, "reals > 0")),
    "conventions.score_from_velocity": call(x_t=([1.0], "reals"), velocity=([1.0], "reals"), t=(0.5, "reals > 0")),
    "conventions.score_from_variance_exploding": call(score=([1.0], "reals"), t=(0.5, "reals > 0")),
    "conventions.training_time": call(steps=(10, "reals >= 0"), **TIME_STEP),
    "conventions.gradient_steps": call(tau=(10, "reals >= 0"), **TIME_STEP),
    # simulations
    "simulation.backend": call(**PLACE | {"device": ("cpu", "device"), "library": ("numpy", "choice or None")}),
    "simulation.devices": call(),
    "simulation.simulate_on": call(
        model=(MODEL, "model"),
        samples=(GIVEN, "samples given"),
        held_out=(GIVEN, "samples held out"),
        **SEED,
        labels=(None, "choice or None"),
        held_out_labels=(None, "choice or None"),
    ),
    "simulation.standardisation": call(reference=(GIVEN, "samples given"), flatten=(0.1, "non-negative or None")),
    "simulation.equal_norms": call(samples=(GIVEN, "samples given")),
    "simulation.Standardisation.surrogate": call(standardisation(GIVEN), n=(3, "integer"), seed=(0, "seed")),
    "simulation.draw": call(variances=([1.0, 2.0], "reals >= 0"), samples=(3, "integer"), **SEED),
    "simulation.forward": call(x=(STATES, "batch"), t=(0.3, "non-negative"), seed=(0, "seed")),
    "simulation.gaussian_score": call(x=(STATES, "states"), t=(0.3, "non-negative"), eigenvalues=([1.0] * 4, "reals >= 0")),
    "simulation.two_cluster_score": call(
        x=(STATES, "states"), t=(0.3, "non-negative"), mean=([1.0] * 4, "reals"), variance=(1.0, "positive")
    ),
    "simulation.diffused": call(variance=(1.0, "reals >= 0"), t=(0.3, "non-negative")),
    "simulation.sampling_times": call(
        start=(3.0, "positive"), stop=(0.1, "positive"), steps=(4, "integer"), spacing=("log", "choice")
    ),
    "simulation.reverse_sde": call(
        score=(a_score, "function"),
        x=(STATES, "states"),
        times=([0.3, 0.1], "decreasing"),
        seed=(0, "seed"),
        observe=(None, "function or None"),
        progress=(False, "truth"),
    ),
    "simulation.probability_flow": call(
        score=(a_score, "function"),
        x=(STATES, "states"),
        times=([0.3, 0.1], "decreasing"),
        method=("heun", "choice"),
        observe=(None, "function or None"),
        progress=(False, "truth"),
    ),
    "simulation.simulate": call(
        **ANY_MODEL,
        **SEED,
        d=(4, "integer"),
        features=("network", "choice"),
        noise_draws=(None, "integer or None"),
        biases=("quantiles", "choice"),
        method=("lanczos", "choice"),
        probes=(2, "integer or None"),
        steps=(3, "integer or None"),
        memory=(1.0, "positive or None"),
    ),
    "simulation.LanczosModel.moments": call(LANCZOS, order=(3, "integer >= 0")),
    "simulation.LanczosModel.stieltjes": call(LANCZOS, z=(-1.0, "complexes")),
    "simulation.LanczosModel.stieltjes_estimate": call(LANCZOS, z=(-1.0, "complexes")),
    "simulation.LanczosModel.cdf": call(LANCZOS, lam=(1.0, "reals")),
    "simulation.LanczosModel.histogram": call(LANCZOS, walls=([0.1, 1.0], "reals")),
    "simulation.LanczosModel.density": call(LANCZOS, lam=(1.0, "reals > 0"), width=(None, "positive or None")),
    "simulation.LanczosModel.extreme_eigenvalues": call(
        LANCZOS, count=(1, "integer"), which=("largest", "choice"), tolerance=(None, "positive or None")
    ),
    "simulation.LanczosModel.training": call(LANCZOS, tau=([1.0], "tau")),
    "simulation.kinds_of_samples": call(data=(Gaussian(), "data"), d=(4, "integer")),
    "simulation.covariance_eigenvalues": call(data=(Gaussian(), "data"), d=(4, "integer")),
    "simulation.shares": call(weights=([0.5, 0.5], "reals >= 0"), total=(4, "integer")),
    "simulation.FiniteModel.stieltjes": call(FINITE, z=(-1.0, "complexes")),
    "simulation.FiniteModel.training": call(FINITE, tau=([1.0], "tau")),
    "simulation.class_overlaps": call(**OF_MODEL, count=(2, "integer")),
    "simulation.modes": call(**OF_MODEL),
    "simulation.train_loss": call(**OF_MODEL, A=(np.zeros((4, 8)), "readout")),
    "simulation.gradient": call(**OF_MODEL, A=(np.zeros((4, 8)), "readout")),
    "simulation.gradient_flow": call(**OF_MODEL, tau=([1.0], "tau"), initial=(None, "array or None")),
    "simulation.train_loss_along_flow": call(**OF_MODEL, tau=([1.0], "tau")),
    "simulation.relaxation_times": call(**OF_MODEL, eigenvalues=([1.0], "real sequence >= 0 or None")),
    "simulation.time_nodes.nodes": call(times=(TimeGrid((0.1,), (1,)), "times")),
    "simulation.hermite_tables": call(
        backend=AVERAGE["backend"],
        activation=AVERAGE["activation"],
        mean=(STATES, "states"),
        deviation=(np.ones((len(STATES), 1)), "states"),
        order=(1, "integer >= 0"),
    ),
    "simulation.noise_average.exact": call(
        **AVERAGE, order=(4, "integer >= 0"), shift=(0.0, "anything"), target=((1.0, 0.0), "anything")
    ),
    "simulation.noise_average.sampled": call(
        **AVERAGE,
        draws=(1, "integer"),
        rng=(np.random.default_rng(0), "generator"),
        shift=(0.0, "anything"),
        target=((1.0, 0.0), "anything"),
    ),
    "simulation.stable_step": call(**OF_MODEL),
    "simulation.sample_rates": call(**OF_MODEL),
    "simulation.presentation": call(order=("drawn", "choice"), n=(3, "integer"), passes=(2, "integer"), seed=(0, "seed")),
    "simulation.present": call(
        **RATES,
        order=("drawn", "choice"),
        passes=(2, "integer"),
        step=(0.1, "positive"),
        seed=(0, "seed"),
        initial=(None, "array or None"),
        every=(None, "integer or None"),
        progress=(False, "truth"),
    ),
    "simulation.order_effect": call(**RATES, readout=(np.zeros((4, 8)), "readout")),
    "simulation.optimise": call(
        **OF_MODEL,
        steps=(2, "integer"),
        optimiser=("adam", "choice"),
        learning_rate=(None, "positive or None"),
        batch=(None, "integer or None"),
        seed=(0, "seed"),
        records=(2, "integer"),
        progress=(False, "truth"),
    ),
    "simulation.TrainedNetworks": call(**ANY_MODEL, **SEED, d=(4, "integer"), times=([0.1, 0.2], "times > 0")),
    "simulation.TrainedNetworks.readouts": call(NETWORKS, tau=(1.0, "tau")),
    "simulation.TrainedNetworks.score": call(NETWORKS, tau=(1.0, "tau")),
    "simulation.TrainedNetworks.top_overlaps": call(NETWORKS, coordinate=(0, "integer >= 0")),
    "simulation.trained_score": call(
        **ANY_MODEL, **SEED, d=(4, "integer"), times=([0.1, 0.2], "times > 0"), tau=(1.0, "tau")
    ),
    "simulation.trained_scores": call(
        **ANY_MODEL,
        **SEED,
        d=(4, "integer"),
        times=([0.1, 0.2], "times > 0"),
        tau=([1.0], "tau"),
        progress=(False, "truth"),
    ),
    "simulation.TrainedScores.score": call(
        trained_scores(NETWORKS.networks[0].model, 4, [0.2], [1.0]), index=(0, "integer >= 0")
    ),
    "simulation.generate": call(
        score=(a_score, "function"),
        d=(4, "integer"),
        times=([0.3, 0.1], "decreasing"),
        samples=(3, "integer"),
        seed=(0, "seed"),
        sampler=("sde", "choice"),
        progress=(False, "truth"),
        **PLACE,
    ),
    "simulation.generation_statistics": call(
        x=(STATES, "states"),
        data=(FAR.data, "mixture"),
        training=(None, "states or None"),
        bins=(20, "integer > 1"),
        ratio=(0.5, "fraction"),
    ),
    "simulation.total_variation": call(
        values=([0.1, 0.2], "grid of reals"),
        weights=((0.5, 0.5), "weights in an array"),
        centres=((0.0, 1.0), "grid of reals"),
        deviations=((1.0, 1.0), "grid"),
        bins=(20, "integer > 1"),
    ),
    "simulation.memorized_fraction": call(
        x=(STATES, "states"), training=(STATES[:, ::-1].copy(), "states"), ratio=(0.5, "fraction")
    ),
    "simulation.networks.Configuration": call(
        network=("mlp", "choice"),
        width=(8, "integer"),
        n=(10, "integer"),
        classes=((), "columns"),
        matched=(False, "truth"),
        factor=(2, "integer"),
        optimiser=("adam", "choice"),
        learning_rate=(0.5, "positive"),
        batch=(4, "integer"),
        steps=(40, "integer"),
        average=(0.5, "slope"),
        evaluations=(3, "integer"),
        first=(5, "integer"),
        levels=((0.5,), "positives"),
        samples=(8, "integer >= 0"),
        test=(10, "integer"),
        seed=(0, "integer >= 0"),
    ),
    "simulation.networks.Configuration.as_dict": call(CONFIGURATION),
    "simulation.networks.Denoiser": call(network=(Module(), "PyTorch module")),
    "simulation.networks.Denoiser.score": call(networks.Denoiser(Module()), x=(STATES, "matrix"), t=(0.3, "positive")),
    "simulation.networks.Record.loss": call(RECORD, part=("train", "choice"), level=(0.5, "real")),
    "simulation.networks.Record.class_losses": call(RECORD, part=("train", "choice"), level=(0.5, "real")),
    "simulation.networks.Record.neighbours": call(RECORD),
    "simulation.networks.bootstrap_bars": call(hits=([0.0, 1.0], "grid of reals"), draws=(10, "integer"), seed=(0, "seed")),
    "simulation.networks.build_network": call(
        configuration=(CONFIGURATION, "configuration"), device=("cpu", "device"), seed=(0, "seed or None")
    ),
    "simulation.networks.crossing_time": call(**CURVE, level=(2.5, "real"), rising=(False, "truth")),
    "simulation.networks.exponent": call(
        sizes=([1.0, 2.0], "grid"), times=([[1.0, 1.1], [2.0, 2.1]], "sequence"), draws=(10, "integer"), seed=(0, "seed")
    ),
    "simulation.networks.lacking": call(),
    "simulation.networks.memorized": call(near=(RECORD.neighbours(), "distances"), threshold=(0.5, "fraction")),
    "simulation.networks.minimum_time": call(**CURVE),
    "simulation.networks.neighbours": call(
        x=(STATES, "grid of reals"), training=(STATES, "grid of reals"), exclude_self=(False, "truth")
    ),
    "simulation.networks.noise_level_at": call(t=(0.3, "positive")),
    "simulation.networks.preconditioning": call(sigma=(0.3, "positive")),
    "simulation.networks.records": call(arrays=({}, "arrays of records")),
    "simulation.networks.sample": call(denoiser=(lambda y, sigma: y, "function"), noise=(STATES, "grid of reals")),
    "simulation.networks.sampling_levels": call(),
    "simulation.networks.time_at": call(sigma=(0.3, "positive")),
    "simulation.networks.train": call(
        configuration=(CONFIGURATION, "configuration"),
        checkpoint=(None, "path or None"),
        folder=(None, "folder or None"),
        device=("cpu", "device"),
        progress=(False, "truth"),
    ),
    "simulation.networks.training_images": call(
        configuration=(CONFIGURATION, "configuration"), folder=(None, "folder or None")
    ),
    "simulation.EmpiricalScore": call(points=(STATES, "states"), memory=(100, "integer")),
    "simulation.EmpiricalScore.denoised": call(EMPIRICAL, x=(STATES, "states"), t=(0.3, "positive")),
    "simulation.EmpiricalScore.weights": call(EMPIRICAL, x=(STATES, "states"), t=(0.3, "positive")),
    "simulation.EmpiricalScore.log_density": call(EMPIRICAL, x=(STATES, "states"), t=(0.3, "positive")),
    "simulation.EmpiricalScore.own_weight": call(
        EMPIRICAL, x=(STATES, "states"), t=(0.3, "positive"), own=(np.array([0, 1]), "indices")
    ),
    "simulation.training_set": call(
        data=(Gaussian(), "data"), d=(4, "integer"), n=(3, "integer"), fresh=(2, "integer >= 0"), **SEED
    ),
    "simulation.own_weights": call(
        score=(EMPIRICAL, "empirical score"),
        times=([0.1, 0.2], "walls"),
        states=(2, "integer"),
        seed=(0, "seed"),
        progress=(False, "truth"),
    ),
    "simulation.fresh_cross_entropy": call(
        score=(EMPIRICAL, "empirical score"),
        fresh=(STATES, "states"),
        times=([0.1, 0.2], "walls"),
        progress=(False, "truth"),
    ),
    "simulation.cloning": call(
        score=(EMPIRICAL, "function"),
        x=(STATES, "states"),
        t=(0.3, "positive"),
        label=(first_sign, "function"),
        stop=(0.01, "positive"),
        steps=(3, "integer"),
        seed=(0, "seed"),
        progress=(False, "truth"),
    ),
    "simulation.population": call(**OF_MODEL),
    "simulation.initial_test_loss": call(**ANY_MODEL, d=(4, "integer")),
    "simulation.exact_score_loss": call(**ANY_MODEL, d=(4, "integer")),
    "simulation.score_error": call(**ANY_MODEL, d=(4, "integer"), test=(1.0, "reals")),
    "simulation.loss_by_groups": call(**OF_MODEL, tau=([1.0], "tau"), walls=([0.1, 1.0], "walls")),
    "simulation.flow_curve": call(**OF_MODEL, tau=([1.0], "tau")),
    "simulation.sweep": call(
        function=(doubled, "function"),
        grid=({"a": [1.0, 2.0]}, "points of a sweep"),
        seeds=(1, "integer or None"),
        store=(STORE, "store"),
        backend=("joblib", "where a sweep runs"),
        workers=(1, "processes or None"),
        threads=(1, "integer"),
        seed=(0, "seed"),
        progress=(False, "truth"),
    ),
    "simulation.sweep_provenance": call(store=(STORE, "store of a sweep")),
    # the exact empirical score
    "data.HiddenManifold": call(
        alpha_D=(0.5, "share"), variance=(1.0, "positive"), activation=(None, "an Activation or None")
    ),
    **{f"empirical.{name}": call(**EXPONENTIALLY_MANY) for name in ("onset_time", "collapse_time", "condensation_time")},
    "empirical.basin_radius": call(t=(0.3, "positive"), **EXPONENTIALLY_MANY),
    "empirical.generalization_time": call(**EXPONENTIALLY_MANY, on_support=(False, "truth")),
    "empirical.cross_entropy": call(t=(0.3, "positive"), **EXPONENTIALLY_MANY, on_support=(False, "truth")),
    "empirical.kl_divergence": call(t=(0.3, "positive"), **EXPONENTIALLY_MANY, on_support=(False, "truth")),
    "empirical.critical_beta": call(alpha=(0.5, "positive"), **NO_DIGITS),
    "empirical.free_energy": call(beta=(2.0, "non-negative"), alpha=(0.5, "positive"), **NO_DIGITS),
    "empirical.participation_ratio": call(beta=(2.0, "positive"), alpha=(0.5, "positive"), **NO_DIGITS),
    "empirical.speciation_time": call(data=(TWO_KINDS, "data"), d=(100, "integer or None")),
    "empirical.cloning_probability": call(t=(2.0, "positive"), data=(TWO_KINDS, "data"), d=(100, "integer"), **NO_DIGITS),
    "empirical.class_speciation_times": call(data=(TWO_KINDS, "data"), d=(100, "integer"), level=(None, "fraction or None")),
    # derivations
    "symbolic.random_energy.relative_entropy": call(f=(S.q, "expression")),
    "symbolic.random_energy.condensed": call(f=(S.q, "expression"), critical=(S.q, "expression")),
    "symbolic.random_energy.gaussian": call(),
    "symbolic.random_energy.participation_ratio": call(),
    "symbolic.empirical_score.annealed": call(),
    "symbolic.empirical_score.conditions": call(),
    "symbolic.hidden_manifold.averages": call(),
    "symbolic.speciation.separation": call(),
    "symbolic.sample_order.samples": call(n=(2, "integer")),
    "symbolic.sample_order.forward": call(n=(2, "integer")),
    "symbolic.sample_order.backward": call(n=(2, "integer")),
    "symbolic.sample_order.palindrome": call(n=(2, "integer")),
    "symbolic.sample_order.reshuffled": call(n=(2, "integer")),
    "symbolic.sample_order.drawn": call(n=(2, "integer")),
    "symbolic.sample_order.commutators": call(n=(2, "integer")),
    "symbolic.single_replica_action": call(q=(S.q, "expression"), r=(S.r, "expression"), rho_hat=(S.rho_hat, "expression")),
    "symbolic.replicated_action": call(n=(sp.Symbol("n"), "expression"), off_diagonal=((0, 0, 0), "expressions")),
    "symbolic.replica_limit": call(off_diagonal=(sp.symbols("x y z"), "expressions")),
    "symbolic.action": call(),
    "symbolic.class_losses.kind": call(c=(1, "integer")),
    "symbolic.class_losses.doubled_action": call(kinds=(1, "integer"), source=("train", "choice"), of=(1, "integer")),
    "symbolic.class_losses.class_response": call(kinds=(1, "integer"), source=("train", "choice"), of=(1, "integer")),
    "symbolic.class_losses.moved_weight": call(source=("train", "choice")),
    "symbolic.diagrams.Diagram": call(word=(("WW",), "word"), pairs=(((0, 1),), "pairs"), spike=(False, "truth")),
    "symbolic.diagrams.Diagram.equivalents": call(WORD),
    "symbolic.diagrams.diagrams": call(k=(1, "integer"), spike=(False, "truth"), planar=(True, "truth")),
    "symbolic.diagrams.up_to_symmetry": call(k=(1, "integer"), spike=(False, "truth")),
    "symbolic.diagrams.draw": call(
        diagram=(WORD, "diagram"), ax=(plt.figure().gca(), "axes"), multiplicity=(1, "integer"), title=(True, "truth")
    ),
    "symbolic.diagrams.draw_leading": call(
        order=(1, "order of figure"), spike=(False, "truth"), columns=(4, "integer"), panel=((2.2, 1.5), "panel")
    ),
    "symbolic.eliminate": call(),
    "symbolic.polynomial_factors": call(),
    "symbolic.resolvent_polynomial": call(spectrum=(IDENTITY, "symbolic spectrum")),
    "symbolic.edge_polynomial": call(
        polynomial=(sp.Poly(resolvent_polynomial().as_expr().subs(SMALL), S.q, S.z), "polynomial")
    ),
    "symbolic.evaluator": call(
        expressions=((S.average(S.lam * S.q),), "any number of expressions"),
        variables=((S.q,), "symbols"),
        module=("numpy", "choice"),
    ),
    **{
        f"symbolic.first_overfitting.{name}": call()
        for name in (
            "pair",
            "ridge_response",
            "response",
            "plateau",
            "wide_residual",
            "network_plateau",
            "isotropic_plateau",
            "feature_noise",
            "departure_series",
            "departure",
        )
    },
    "symbolic.first_overfitting.plateau_series": call(order=(1, "order >= 1")),
    "symbolic.first_overfitting.relaxation_series": call(order=(1, "order >= 1")),
    "symbolic.expansion.expansion": call(
        equations=(rainbows().equations, "expressions"), order=(1, "integer"), transform=(S.q, "expression")
    ),
    "symbolic.general_action.general_action": call(types=(1, "integer"), kinds=(1, "integer"), times=(1, "integer")),
    "symbolic.general_action.stationarity": call(types=(1, "integer"), kinds=(1, "integer"), times=(1, "integer")),
    "symbolic.gradient_flow.loss_in_components": call(dimension=(1, "integer"), features=(2, "integer")),
    **{
        f"symbolic.gradient_flow.{name}": call()
        for name in ("loss", "gradient", "flow", "mode_equation", "mode", "mode_loss", "relaxation_time")
    },
    "symbolic.hermite.ClosedForm.mu_squared": call(closed_form(activations.x), k=(2, "integer >= 0")),
    "symbolic.hermite.ClosedForm.slope_variance": call(closed_form(activations.x)),
    "symbolic.hermite.latex_table": call(expressions=((activations.x,), "several expressions"), columns=(("a",), "columns")),
    "symbolic.hermite.closed_form": call(expression=(activations.x, "expression")),
    "symbolic.hermite.moment": call(n=(4, "integer >= 0")),
    "symbolic.marchenko_pastur.single_replica_action": call(q=(S.q, "expression")),
    "symbolic.marchenko_pastur.replicated_action": call(n=(sp.Symbol("n"), "expression"), off_diagonal=(S.r, "expression")),
    "symbolic.marchenko_pastur.replica_limit": call(off_diagonal=(S.r, "expression")),
    "symbolic.marchenko_pastur.resolvent_polynomial": call(spectrum=(IDENTITY, "symbolic spectrum")),
    **{
        f"symbolic.marchenko_pastur.{name}": call()
        for name in (
            "action",
            "population_action",
            "saddle_point",
            "eliminate",
            "edges",
            "resolvent",
            "density",
            "atom",
            "log_determinant",
        )
    },
    "symbolic.late_times.late_limit": call(),
    "symbolic.class_separation.class_separation": call(),
    "symbolic.class_separation.two_centroids": call(),
    "symbolic.outlier_condition": call(),
    "symbolic.outlier_position": call(),
    "symbolic.outlier.response_to_atom": call(expression=(S.average(S.lam), "expression"), eigenvalue=(S.lam, "expression")),
    "symbolic.outlier_polynomial": call(spectrum=(IDENTITY, "symbolic spectrum"), parameters=(SMALL, "parameters")),
    "symbolic.rainbows.geometric_sum": call(first=(S.q, "expression"), rest=(S.r, "expression")),
    "symbolic.rainbows.rainbows": call(),
    "symbolic.saddle_point": call(),
    "symbolic.constants_out": call(expression=(S.average(S.lam * S.q), "expression")),
    "symbolic.symbols.average": call(expression=(S.lam, "expression")),
    "symbolic.symbols.integrand": call(integral=(S.average(S.lam), "average")),
    "symbolic.symbols.without_empty_averages": call(expression=(S.average(S.lam), "expression")),
    "symbolic.symbols.discretise": call(
        expression=(S.average(S.lam), "expression"), spectrum=(IDENTITY, "symbolic spectrum")
    ),
    "symbolic.atom": call(),
    "symbolic.two_bulks.leading_factors": call(scale=("sample", "choice")),
    "symbolic.two_bulks.population_law_edges": call(),
    "symbolic.sample_bulk": call(order=(0, "order"), spectrum=(IDENTITY, "symbolic spectrum or None")),
    "symbolic.population_bulk": call(
        order=(0, "order"), spectrum=(IDENTITY, "symbolic spectrum"), index=(0, "integer >= 0")
    ),
    "symbolic.memorizing_bulk": call(
        order=(0, "order"), spectrum=(IDENTITY, "symbolic spectrum"), index=(0, "integer >= 0")
    ),
    "symbolic.memorizing_threshold": call(eigenvalue=(1, "expression")),
    "symbolic.two_bulks.training_shares": call(),
    "symbolic.two_resolvents.doubled_action": call(),
    "symbolic.two_resolvents.fresh_residual": call(),
    "symbolic.two_resolvents.train_residual": call(),
    "symbolic.two_resolvents.linear_response": call(),
    "symbolic.two_resolvents.population_response": call(),
    "symbolic.wick.moment": call(k=(2, "integer >= 0")),
    "symbolic.wick.words": call(k=(1, "integer")),
    "symbolic.wick.leading": call(k=(1, "integer"), spike=(False, "truth")),
    "symbolic.wick.brute_force": call(k=(1, "integer"), spike=(False, "truth")),
}
