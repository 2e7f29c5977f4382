"""Train the networks of the chapter *Networks that learn their features* and keep their records in theory/sweeps/ (make networks).

    python tools/networks.py [EXPERIMENT …]      size, unet, width, classes, modes, kernel; all of them without a name

A run whose record is there is skipped; one that was killed goes on from its last evaluation. Records and checkpoints of runs on the way lie in
_build/networks/; an experiment's archive is written when its last run is done. One thread: two experiments may run beside each other.
"""

import json
import sys
from pathlib import Path

import artefacts
import numpy as np

from theory.progress import progress_bar
from theory.simulation.networks.experiments import DRAWS, EXPERIMENTS, KERNELS, MODES, MORE_DRAWS, NOISY, SIGMA, experiment
from theory.simulation.networks.images import training_images
from theory.simulation.networks.kernel import kernel_modes
from theory.simulation.networks.record import checked, load_record, packed, records, save_record, write_whole
from theory.simulation.networks.tangent import tangent_modes
from theory.simulation.networks.training import train

ROOT = Path(__file__).resolve().parent.parent
ARCHIVES, WORK = ROOT / "theory" / "sweeps", ROOT / "_build" / "networks"


def archived(name):
    """The records of an experiment that are kept."""
    path = ARCHIVES / f"networks_{name}.npz"
    if not path.is_file():
        return {}
    with np.load(path) as archive:
        return records({key: archive[key] for key in archive.files if key != "provenance"})


def main(names):
    """Every run that is not there yet, with a bar over all of them that counts steps times the seconds one takes."""
    import torch

    torch.set_num_threads(1)
    runs = {(name, run): configuration for name in names for run, configuration in experiment(name).items()}
    kept = {name: archived(name) for name in names}
    with progress_bar(total=sum(map(cost, runs.values())), unit_scale=True, desc="networks") as bar:
        for (name, run), configuration in runs.items():
            path = WORK / f"{name}_{run}.npz"
            if run in kept[name]:
                checked(kept[name][run], configuration, f"run = {run!r} of networks_{name}.npz")
            elif path.is_file():
                kept[name][run] = load_record(path, configuration)
            else:
                checkpoint = path.with_suffix(".pt")
                record = train(configuration, checkpoint, progress=False).record
                save_record(record, path)
                checkpoint.unlink()
                kept[name][run] = record
            bar.update(cost(configuration))
    for name in names:
        facts = {
            "runs": len(kept[name]),
            "seconds on one thread": round(sum(record.provenance["seconds"] for record in kept[name].values())),
        }
        keep(name, EXPERIMENTS[name].__doc__, packed({run: kept[name][run] for run in experiment(name)}), facts)


def modes():
    """Modes of the tangent kernel of small networks on their training images, at the step where they have learnt and not yet memorized.

    Arrays: ``eigenvalues_RUN`` and ``shares_RUN`` of the modes, for each of the runs; ``test_RUN`` (E,), the test losses up to there.
    """
    arrays = {}
    for run, configuration in progress_bar(MODES.items(), desc="modes"):
        path = WORK / f"modes_{run}.npz"
        if not path.is_file():
            trained = train(configuration, progress=False)
            images = training_images(configuration).train
            found = tangent_modes(trained.denoiser.network, images, SIGMA, NOISY // configuration.n, configuration.seed)
            kept = {
                "test": trained.record.loss("test", SIGMA),
                "train": trained.record.loss("train", SIGMA),
            } | found._asdict()
            write_whole(path, lambda file, kept=kept: np.savez(file, **kept))
        with np.load(path) as one:
            arrays |= {f"{name}_{run}": one[name].astype(np.float32) for name in one.files}
    facts = {
        "configurations": {run: configuration.as_dict() for run, configuration in MODES.items()},
        "noise level": SIGMA,
        "noisy images": NOISY,
    }
    keep("modes", modes.__doc__.splitlines()[0], arrays, facts)


def kernel():
    """Modes of the tangent kernel between noisy images, for networks with many more parameters than images.

    Arrays, for each of the runs, at ``ranks_RUN`` (R,) of the modes: ``eigenvalues_RUN``, and cumulated up to the rank ``shares_RUN`` of what
    is still to be memorized, ``part_shares_RUN`` of its mean over the noises of each image and ``parts_RUN`` of all functions that are the
    same for all noises of an image, over their number n; ``test_RUN``, ``train_RUN`` (E,), the losses up to there. With more noises the name
    goes on with their number.
    """
    arrays, sizes = {}, {}
    wanted = [(run, run, draws) for run, draws in DRAWS.items()]
    wanted += [(f"{run}_{draws}", run, draws) for run, draws in MORE_DRAWS.items()]
    for run, trained_run, draws in progress_bar(wanted, desc="kernel"):
        path, configuration = WORK / f"kernel_{run}.npz", KERNELS[trained_run]
        if not path.is_file():
            trained = train(configuration, progress=False)
            images, direction = training_images(configuration).train, np.random.default_rng(configuration.seed)
            network = trained.denoiser.network
            u = direction.standard_normal((1, configuration.d))
            found = kernel_modes(network, images, SIGMA, draws, u, configuration.seed)
            ranks = np.unique(np.round(np.geomspace(1, found.eigenvalues.size, 240)).astype(int))
            kept = {
                "ranks": ranks,
                "eigenvalues": found.eigenvalues[ranks - 1],
                "shares": np.cumsum(found.shares)[ranks - 1],
                "part_shares": np.cumsum(found.part_shares)[ranks - 1],
                "parts": np.cumsum(found.parts)[ranks - 1] / configuration.n,
                "test": trained.record.loss("test", SIGMA),
                "train": trained.record.loss("train", SIGMA),
                "parameters": sum(parameter.numel() for parameter in network.parameters()),
            }
            write_whole(path, lambda file, kept=kept: np.savez(file, **kept))
        with np.load(path) as one:
            sizes[str(configuration.d)] = int(one["parameters"])
            arrays |= {f"{name}_{run}": one[name].astype(np.float32) for name in one.files if name != "parameters"}
    facts = {
        "configurations": {run: configuration.as_dict() for run, configuration in KERNELS.items()},
        "parameters by d": sizes,
        "noise level": SIGMA,
        "noises of each image": sorted({*DRAWS.values(), *MORE_DRAWS.values()}),
    }
    keep("kernel", kernel.__doc__.splitlines()[0], arrays, facts)


def keep(name, what, arrays, facts):
    """Write an experiment's archive and print its record."""
    print(json.dumps(artefacts.keep(ARCHIVES, f"networks_{name}", what, f"python tools/networks.py {name}", arrays, facts)))


def cost(configuration):
    """Of a run, in units of a step of the MLP of width 256."""
    return configuration.steps * (3 if configuration.network == "unet" else max(configuration.width / 256, 0.5) ** 1.5)


if __name__ == "__main__":
    asked = sys.argv[1:] or [*EXPERIMENTS, "modes", "kernel"]
    main([name for name in asked if name in EXPERIMENTS])
    for also in (modes, kernel):
        if also.__name__ in asked:
            also()
