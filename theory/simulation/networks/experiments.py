"""The runs behind the chapter *Networks that learn their features*: name → configuration, experiment by experiment."""

from .configuration import Configuration

#: partners of Sneaker; and the seeds where there are two
PARTNERS, SEEDS = ("Coat", "Bag", "Shirt", "Trouser", "Boot"), (0, 1)


def _sizes():
    """n at fixed width."""
    steps = {64: 4000, 128: 6000, 256: 10000, 512: 12000}
    runs = {
        f"mlp_n{n}_s{seed}": Configuration(n=n, steps=steps[n], seed=seed, evaluations=32, first=50)
        for seed in range(3)
        for n in (64, 128, 256, 512)[: 4 if seed == 0 else 3]
    }
    return runs


def _unet():
    """n at fixed width, with the U-Net."""
    # as many evaluations a decade at each size; two seeds of the largest
    steps, evaluations = {64: 2200, 128: 3600, 256: 5000}, {64: 24, 128: 24, 256: 28}
    setting = {"learning_rate": 4e-3, "batch": 32, "first": 40, "test": 500}
    return {
        f"unet_n{n}_s{seed}": Configuration("unet", 16, n, steps=steps[n], seed=seed, evaluations=evaluations[n], **setting)
        for seed in range(3)
        for n in steps
        if n < 256 or seed in SEEDS
    }


def _width():
    """Width at n = 64, by Adam and by gradient descent with momentum; the width 256 by Adam is that of the sizes."""
    steps = {("adam", 128): 6000, ("adam", 512): 2200, ("sgd", 128): 6000, ("sgd", 256): 4000, ("sgd", 512): 2200}
    return {
        f"{optimiser}_w{width}_s{seed}": Configuration(
            width=width,
            optimiser=optimiser,
            learning_rate={"adam": 2e-3, "sgd": 0.3}[optimiser],
            steps=count,
            seed=seed,
            evaluations=28,
            first=50,
        )
        for seed in range(3)
        for (optimiser, width), count in steps.items()
    }


def _classes():
    """Sneaker with one partner at equal weights, and once more with the variances made equal."""
    return {
        f"{partner.lower()}_{'matched' if matched else 'plain'}_s{seed}": Configuration(
            classes=("Sneaker", partner), matched=matched, steps=3000, seed=seed, evaluations=24, first=50
        )
        for matched in (False, True)
        for seed in SEEDS
        for partner in PARTNERS
    }


EXPERIMENTS = {"size": _sizes, "unet": _unet, "width": _width, "classes": _classes}


def experiment(name: str) -> dict[str, Configuration]:
    """The runs of an experiment, by name."""
    return EXPERIMENTS[name]()


#: the experiment of the tangent kernel: images of 7 × 7 pixels, stopped where all sizes have learnt and none has memorized
MODES = {
    f"n{n}_s{seed}": Configuration(
        width=14, factor=4, n=n, batch=16, steps=450, seed=seed, evaluations=6, first=50, samples=0, levels=(0.4,)
    )
    for seed in SEEDS
    for n in (16, 32, 64)
}
#: noisy images in all, whatever n is, and their noise level
NOISY, SIGMA = 512, 0.4

#: the kernel between noisy images, for a network of many parameters, at two numbers of pixels, stopped in the same way
KERNELS = {
    f"d{(28 // factor) ** 2}_n{n}_s{seed}": Configuration(
        width=256, factor=factor, n=n, batch=32, steps=200, seed=seed, evaluations=5, first=50, samples=0, levels=(0.4,)
    )
    for seed in range(3)
    for factor in (4, 2)
    for n in (32, 64, 128, 256)
}
#: run → noises of each image: the same number whatever n is, and for some of the runs four times as many besides
DRAWS = {run: 16 for run in KERNELS}
MORE_DRAWS = {f"d49_n{n}_s{seed}": 64 for n in (32, 64) for seed in SEEDS}
