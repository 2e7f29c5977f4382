"""Draw the picture of README.md: ``make picture`` writes book/_static/density.svg, the same byte for byte every time."""

from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np

from theory import RandomFeatureModel, activations

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "book" / "_static" / "density.svg"


def draw(target=TARGET, d=150):
    model = RandomFeatureModel(activations.tanh, psi_p=8, psi_n=16, t=0.02)
    spectrum = model.spectrum()
    eigenvalues = model.simulate(d=d, seed=0).eigenvalues

    # over the defaults of matplotlib, not over the style of whoever draws it
    plt.style.use(["default", "theory.figures"])
    # ids of the drawing's parts are random without a salt; outlines look the same whatever fonts the reader has
    plt.rcParams.update({"svg.hashsalt": "density", "svg.fonttype": "path"})
    figure, axes = plt.subplots(figsize=(8, 3.6))
    bins = np.geomspace(3e-3, 20, 61)
    share = np.full(eigenvalues.size, 1 / eigenvalues.size / np.log(bins[1] / bins[0]))
    axes.hist(
        eigenvalues, bins, weights=share, color="0.8", edgecolor="0.6", linewidth=0.5, label=f"one random matrix, $d = {d}$"
    )
    edges = spectrum.edges()
    for low, high in zip(edges[::2], edges[1::2], strict=True):
        lam = np.geomspace(low, high, 300)
        axes.plot(lam, lam * spectrum.density(lam), color="C0", label=r"theory, $d \to \infty$" if low == edges[0] else None)
    axes.text(0.0055, 0.49, "the examples: learned last", ha="left")
    axes.text(2.5, 0.13, "the population:\nlearned first", ha="center")
    axes.set(
        xscale="log",
        xlim=(3e-3, 20),
        ylim=(0, 0.55),
        xlabel=r"eigenvalue $\lambda$ (training time of its mode $\propto 1/\lambda$)",
        ylabel=r"density of $\log\lambda$",
    )
    axes.legend(loc="upper right")
    figure.savefig(target, metadata={"Date": None, "Creator": None}, facecolor="white")
    plt.close(figure)


if __name__ == "__main__":
    draw()
    print(TARGET.relative_to(ROOT))
