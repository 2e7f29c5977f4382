"""Random models through every observable (make fuzz): no foreign exception, no hang, no wrong number.

    python tools/fuzz.py [--models 5000] [--seed 0] [--limit 30] [--jobs 1] [--fresh]

One tenth as many general models (grids of times, biases, mixtures) follow the scalar ones.

Results are appended to _build/fuzz/SEED.jsonl as they come; a run that was stopped goes on where it stood, unless --fresh. The report
is printed, and written to _build/fuzz/SEED.json. The exit status is 0 if nothing but certified values and words of ours came out.
"""

import argparse
import json
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

sys.path.insert(0, str(Path(__file__).resolve().parent))
import fuzz_checks as checks
import random_models

from theory import ConvergenceError
from theory.progress import progress_bar

FOLDER = Path(__file__).resolve().parent.parent / "_build" / "fuzz"
#: a certified value; words that say why there is none; an error that is not ours; no answer in time; a number that is wrong
VALUE, CONVERGENCE, WORDS, FOREIGN, HANG, WRONG = "value", "ConvergenceError", "ValueError", "FOREIGN", "HANG", "WRONG"
OBSERVABLES = (*checks.CHECKS, *checks.SCALAR_CHECKS, *checks.SLOW_CHECKS)
CLASSES = (VALUE, CONVERGENCE, WORDS, FOREIGN, HANG, WRONG)
#: one in so many models is compared with the path of many digits; one in so many of those, with its training curves (10 s or more)
SAMPLE, DEAR_SAMPLE, SLOW_SAMPLE = 25, 500, 10


class _Hang(BaseException):
    """Time is up; no `Exception`, so that nothing on the way takes it for one."""


def _stop(*_):
    raise _Hang


def outcome(call, limit):
    """(class, words, seconds of processor time, warnings) of one call, stopped after ``limit`` seconds of processor time."""
    start, kind, words = time.process_time(), VALUE, ""
    previous = signal.signal(signal.SIGPROF, _stop)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            signal.setitimer(signal.ITIMER_PROF, limit)
            complaints = call()
            signal.setitimer(signal.ITIMER_PROF, 0)
            if complaints:
                kind, words = WRONG, "; ".join(complaints)
        except _Hang:
            kind, words = HANG, f"more than {limit} s"
        except ConvergenceError as error:
            kind, words = CONVERGENCE, str(error)
        except Exception as error:
            signal.setitimer(signal.ITIMER_PROF, 0)
            ours = isinstance(error, ValueError) and "allowed:" in str(error)
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = "" if ours else f" ({Path(where.filename).name}:{where.lineno})"
            kind, words = (WORDS if ours else FOREIGN), f"{type(error).__name__}: {error}{place}"
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, previous)
    return kind, words[:600], round(time.process_time() - start, 3), len(caught)


def chosen(kind, index):
    """The checks of a model by its kind and number."""
    names = list(checks.CHECKS)
    if kind == "scalar":
        names += checks.SCALAR_CHECKS
        names += checks.DIGITS_CHECKS if index % SAMPLE == 0 else ()
        names += checks.DEAR_DIGITS_CHECKS if index % DEAR_SAMPLE == DEAR_SAMPLE - 1 else ()
    return names + list(checks.SLOW_CHECKS if index % SLOW_SAMPLE == 0 else ())


def examine(seed, kind, index, limit):
    """The row of one model: its expression and what each check came to; after a hang the rest is left out."""
    text = random_models.expression(seed, kind, index)
    built = []
    results = {"model": outcome(lambda: built.append(random_models.build(text)), limit)}
    if built:
        (model,) = built
        results["spectrum"] = outcome(lambda: built.append(model.spectrum()), limit)
    if len(built) == 2:
        for number, check in enumerate(chosen(kind, index)):
            rng = np.random.default_rng((seed, index, number))
            # the path of many digits is the measure here, not what is measured
            patience = limit if check in OBSERVABLES else 4 * limit
            results[check.__name__] = outcome(lambda c=check, r=rng: c(model, built[1], r), patience)
            if results[check.__name__][0] == HANG:
                break
    return {"kind": kind, "index": index, "expression": text, "results": results}


@cache
def _derive():
    """The derivations that the first call in a process makes, which belong to no model."""
    model = random_models.build("RandomFeatureModel(A.erf, 3, 2, 0.3, Gaussian(((1.0, 1.0),), (20.0,)))")
    for check in (*checks.CHECKS, *checks.SCALAR_CHECKS):
        outcome(lambda c=check: c(model, model.spectrum(), np.random.default_rng(0)), 600)


def _examine_all(seed, tasks, limit):
    _derive()
    return [examine(seed, *task, limit) for task in tasks]


def report(rows):
    """The counts as a dictionary, kind → check → class → number, and the rows that failed, class by class."""
    counts, failures, slowest = {}, [], []
    for row in rows:
        for name, (outcome_class, words, seconds, _) in row["results"].items():
            counts.setdefault(row["kind"], {}).setdefault(name, Counter())[outcome_class] += 1
            slowest.append((seconds, row["kind"], name, row["expression"]))
            if outcome_class in (FOREIGN, HANG, WRONG):
                failures.append((outcome_class, row["kind"], name, words, row["expression"]))
    return counts, sorted(failures), sorted(slowest, reverse=True)[:10]


def table(counts):
    """The counts as text."""
    lines = []
    for kind, by_check in counts.items():
        lines.append(f"{kind:18}" + "".join(f"{name:>17}" for name in CLASSES))
        lines += [f"  {name:16}" + "".join(f"{count[c]:17}" for c in CLASSES) for name, count in by_check.items()]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=30.0, help="seconds of processor time for one call")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--fresh", action="store_true", help="forget an earlier run of this seed")
    options = parser.parse_args()

    FOLDER.mkdir(parents=True, exist_ok=True)
    store = FOLDER / f"{options.seed}.jsonl"
    if options.fresh:
        store.unlink(missing_ok=True)
    rows = [json.loads(line) for line in store.read_text().splitlines()] if store.exists() else []
    done = {(row["kind"], row["index"]) for row in rows}
    tasks = [("scalar", i) for i in range(options.models)] + [("general", i) for i in range(options.models // 10)]
    rows = [row for row in rows if (row["kind"], row["index"]) in set(tasks)]
    tasks = [task for task in tasks if task not in done]
    parts = [tasks[k : k + 5] for k in range(0, len(tasks), 5)]
    with store.open("a") as file, progress_bar(total=len(tasks), desc="models") as bar:
        work = (delayed(_examine_all)(options.seed, part, options.limit) for part in parts)
        for part in Parallel(n_jobs=options.jobs, return_as="generator")(work):
            file.writelines(json.dumps(row) + "\n" for row in part)
            file.flush()
            rows += part
            bar.update(len(part))

    counts, failures, slowest = report(rows)
    summary = {"seed": options.seed, "models": Counter(row["kind"] for row in rows), "counts": counts, "failures": failures}
    (FOLDER / f"{options.seed}.json").write_text(
        json.dumps(summary | {"slowest": slowest}, indent=1, ensure_ascii=False) + "\n"
    )
    for failure in failures:
        print(*failure, sep=" | ")
    print(table(counts))
    print(f"report: {FOLDER / f'{options.seed}.json'}")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
