"""What is set for the whole process, or a thread of it, while work is under way, and is found as it was however uses overlap.

Two threads that each save, set and restore a setting of the process leave behind what the other had set. Here the first to come saves it
and the last to go restores it, whatever the order in between.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch
from threadpoolctl import ThreadpoolController

#: Of a process with torch, before it has done anything.
PROCESS_BYTES = 400 << 20


class Shared:
    """A setting of the process: `enter` makes it and gives what undoes it; both are called once, however many hold it."""

    def __init__(self, enter: Callable[[], Callable[[], object]]) -> None:
        self.enter, self.lock = enter, threading.RLock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._alone)
        self.holders = 0
        self.leave: Callable[[], object] = lambda: None

    @contextmanager
    def held(self) -> Iterator[None]:
        with self.lock:
            if self.holders == 0:
                self.leave = self.enter()
            self.holders += 1
        try:
            yield
        finally:
            with self.lock:
                self.holders -= 1
                if self.holders == 0:
                    self.leave()

    def _alone(self) -> None:
        self.lock = threading.RLock()  # in a forked process: the thread that had it may not be there


class _OneThread:
    """One thread for the linear algebra of torch and numpy.

    numpy's pool, torch's own number and MKL's belong to the process, OpenMP's number to each thread: those are counted, this one is kept
    for each thread that comes.
    """

    def __init__(self) -> None:
        self.lock, self.mine = threading.RLock(), threading.local()
        self.holders, self.found = 0, 1
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._alone)

    @contextmanager
    def held(self) -> Iterator[None]:
        if getattr(self.mine, "inside", False):
            yield
            return
        with self.lock:
            controller = ThreadpoolController()  # 2 ms: it reads what is loaded
            pools, before = _numbers_of_this_thread(controller), torch.get_num_threads()
            if self.holders == 0:
                self.found, self.precision = before, torch.get_float32_matmul_precision()
                self.controller = controller
                _free(controller)
                self.limits = controller.limit(limits=1)
                torch.set_float32_matmul_precision("highest")
            elif before == 1:
                before = self.found  # a thread that is new to torch begins with what the others have set
            self.holders += 1
            for pool in _set_of_torch(1, pools):
                pools[pool] = before
            self.mine.inside = True
        try:
            yield
        finally:
            with self.lock:
                self.mine.inside = False
                self.holders -= 1
                if self.holders == 0:
                    self._restore()
                for pool, count in pools.items():
                    pool.set_num_threads(count)

    def _restore(self) -> None:
        _free(self.controller)
        self.limits.restore_original_limits()
        _free(self.controller)
        torch.set_num_threads(self.found)
        torch.set_float32_matmul_precision(self.precision)

    def _alone(self) -> None:
        """A process that was forked has the thread that forked, and none of the others that were inside."""
        self.lock = threading.RLock()
        mine = int(getattr(self.mine, "inside", False))
        others, self.holders = self.holders - mine, mine
        if others and not mine:
            self._restore()


def _free(controller: ThreadpoolController) -> None:
    """threadpoolctl from 3.7 on lets only the thread that was the first set numpy's pool: here the lock says who may."""
    for pool in controller.lib_controllers:
        free = getattr(pool, "clear_controlling_thread", None)
        if free is not None:
            free(force=True)


def _numbers_of_this_thread(controller: ThreadpoolController) -> dict[Any, int]:
    """OpenMP's numbers of threads, which are each thread's own: torch has one OpenMP, and every package beside it may have another."""
    return {pool: pool.num_threads for pool in controller.select(user_api="openmp").lib_controllers}


def _set_of_torch(count: int, pools: Iterable[Any]) -> list[Any]:
    """Every pool of this thread at `count`, by torch's setter too; those that it set, which are torch's."""
    for pool in pools:
        pool.set_num_threads(count + 1)
    torch.set_num_threads(count)
    torchs = [pool for pool in pools if pool.num_threads == count]
    for pool in pools:
        pool.set_num_threads(count)
    return torchs


_one_thread = _OneThread()


@contextmanager
def arithmetic() -> Iterator[None]:
    """For all that is computed: one thread, since cores are for shards and bits must not depend on their number; and the arithmetic that
    was asked for, whatever modes of torch the caller is in (inference, autocast, gradients, short products)."""
    with _one_thread.held(), torch.inference_mode(False), torch.no_grad(), torch.autocast("cpu", enabled=False):
        yield


def quiet(*names: str) -> AbstractContextManager[None]:
    """These loggers say nothing below CRITICAL meanwhile."""
    if names not in _quiet:
        _quiet.setdefault(names, Shared(lambda: _silence(names)))
    return _quiet[names].held()


_quiet: dict[tuple[str, ...], Shared] = {}


def _silence(names: tuple[str, ...]) -> Callable[[], None]:
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)

    def restore() -> None:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)

    return restore


def beside(path: Path) -> Path:
    """A name next to `path` that no other thread, process or machine takes."""
    return path.with_name(f".{path.name}-{os.getpid()}-{uuid4().hex[:12]}.part")
