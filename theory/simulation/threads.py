"""Threads of BLAS and OpenMP in this process: a limit that jobs which run at once share, and a pool that takes their place.

The last bits of a product of matrices may depend on the number of BLAS's threads. Whoever wants the same bits on any machine gives BLAS one
thread and lets several threads call it, each for a part that is always the same (`parts`).
"""

import functools
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController


@functools.lru_cache(maxsize=1)
def thread_pools(_modules: int) -> ThreadpoolController:
    """The threads of BLAS and OpenMP in this process; looked for again where a module was imported since, which may bring its own."""
    return ThreadpoolController()


class SharedLimit:
    """A limit of the process, set by the first of those that are within it at once and undone by the last: they may be on several threads."""

    def __init__(self) -> None:
        self._lock, self._within, self._undo, self._before = threading.Lock(), 0, None, 1

    @contextmanager
    def __call__(self, threads: int) -> Iterator[int]:
        """At most so many threads of BLAS and OpenMP; hands out how many BLAS had before."""
        with self._lock:
            if not self._within:
                pools = thread_pools(len(sys.modules))
                blas = [pool.num_threads for pool in pools.lib_controllers if pool.user_api == "blas"]
                self._before, self._undo = max(blas, default=1), pools.limit(limits=threads)
            self._within += 1
        try:
            yield self._before
        finally:
            with self._lock:
                self._within -= 1
                if not self._within:
                    self._undo.restore_original_limits()


_one = SharedLimit()


@contextmanager
def parts() -> Iterator[Callable[[Callable, Iterable], list]]:
    """Hand out ``run(function, items)``, the list of what the function returns for each item, by as many threads as BLAS had, which has one.

    As many are those of ``OPENBLAS_NUM_THREADS`` and its like, of `threadpoolctl.threadpool_limits`, or of a sweep's workers. Which thread
    takes which item makes no difference to a function that writes only what belongs to its item.
    """
    with _one(1) as threads:
        if threads == 1:
            yield one_after_another
        else:
            with ThreadPoolExecutor(threads) as pool:
                yield lambda function, items: list(pool.map(function, items))


def one_after_another(function: Callable, items: Iterable) -> list:
    """The same in one thread."""
    return [function(item) for item in items]
