"""Train the networks of the chapter *Networks that learn their features* and keep their records in theory/sweeps/ (make networks).

    python tools/networks.py [EXPERIMENT …]      size, unet, width, classes, modes; all of them without a name

A run whose record is there is skipped; one that was killed goes on from its last evaluation. Records and checkpoints of runs on the way lie in
_build/networks/; an experiment's archive is written when its last run is done. One thread: two experiments may run beside each other.
"""

import json
import sys
from pathlib import Path

import artefacts
import numpy as np

from theory.progress import progress_bar
from theory.simulation.networks.experiments import EXPERIMENTS, MODES, NOISY, SIGMA, experiment
from theory.simulation.networks.images import training_images
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


def keep(name, what, arrays, facts):
    """Write an experiment's archive and print its record."""
    print(json.dumps(artefacts.keep(ARCHIVES, f"networks_{name}", what, f"python tools/networks.py {name}", arrays, facts)))


def cost(configuration):
    """Of a run, in units of a step of the MLP of width 256."""
    return configuration.steps * (3 if configuration.network == "unet" else max(configuration.width / 256, 0.5) ** 1.5)


if __name__ == "__main__":
    asked = sys.argv[1:] or [*EXPERIMENTS, "modes"]
    main([name for name in asked if name != "modes"])
    if "modes" in asked:
        modes()
