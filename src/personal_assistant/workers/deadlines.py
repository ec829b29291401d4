"""Holding jobs to their time limits, on a thread that waits for nothing else."""

import math
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from personal_assistant.workers.logs import get_logger

log = get_logger(__name__)

LOOK_EVERY_SECONDS = 2.0


class Lane(Protocol):
    """What runs jobs with a time limit."""

    def next_deadline(self) -> float | None:
        """The monotonic instant at which `enforce` has something to do."""
        ...

    def enforce(self) -> None:
        """Interrupt jobs that are past their limit, and give up those that do not react."""
        ...


class Deadlines:
    """Asks lanes to enforce their time limits as each is over, from the beginning of a `with` block to its end.

    The runner cannot do this between its turns: it waits for the database, and the job that holds the database's write
    lock may be the one that is past its limit.
    """

    def __init__(self) -> None:
        self._lanes: Sequence[Lane] = ()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._until = math.inf

    def watch(self, *lanes: Lane) -> "Deadlines":
        """Look after these lanes."""
        self._lanes = lanes
        return self

    def expect(self, deadline: float) -> None:
        """A job has begun that is to end by this monotonic instant."""
        if deadline < self._until:
            self._wake.set()

    def __enter__(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
        self._thread.start()

    def __exit__(self, *raised: object) -> None:
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for lane in self._lanes:
                self._enforce(lane)
            self._sleep()

    def _sleep(self) -> None:
        self._until = math.inf  # until it is known, whatever is expected wakes
        self._wake.clear()
        if self._stopping.is_set():
            return
        now = time.monotonic()
        deadlines = (lane.next_deadline() for lane in self._lanes)
        self._until = min([now + LOOK_EVERY_SECONDS, *(it for it in deadlines if it is not None)])
        self._wake.wait(max(0.0, self._until - now))

    def _enforce(self, lane: Lane) -> None:
        try:
            lane.enforce()
        except Exception:
            log.exception("time limits could not be enforced; trying again")
