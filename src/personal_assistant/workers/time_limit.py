"""Time limits of plain tasks: an exception raised in the thread that runs too long."""

import ctypes
import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import TypeVar

from personal_assistant.jobs.outcomes import Outcome
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.execution import Attempt
from personal_assistant.workers.utils.error_handling import JobTimeout

T = TypeVar("T")

# How long a task may go on after JobTimeout was raised in it, before its thread is given up.
GRACE_SECONDS = 5.0


class LimitedWork:
    """A batch on a thread, its attempts held to their limit one after the other.

    `within_limit` and `end` are called for each attempt by its thread, `enforce` by another one; `expect` is told each
    deadline. A lock guards the current attempt, so that a deadline does not hit the attempt after it.
    """

    def __init__(self, attempts: Sequence[Attempt], clock: Clock, expect: Callable[[float], None]) -> None:
        self.attempts = attempts
        self.position = 0
        self.deadline: float | None = None
        self.given_up = False
        self._clock = clock
        self._expect = expect
        self._lock = threading.Lock()
        self._interrupted = False

    def within_limit(self, position: int, run: Callable[[], T]) -> T | Outcome:
        """Call `run` as the attempt at `position`; JobTimeout, wherever it strikes until `end`, becomes the outcome."""
        attempt = self.attempts[position]
        try:
            self._begin(position)
            # In a context of its own: what a task leaves in context variables is not the next one's.
            outcome = copy_context().run(self._guarded, attempt, run)
            with self._lock:
                self.deadline = None
                struck = self._interrupted
            if struck:
                # Not to hit the next attempt. Already taken, and swallowed by the task, it is no longer there.
                _take_back(threading.get_ident())
        except JobTimeout:
            return attempt.timed_out(self._clock)
        return outcome

    def end(self) -> bool:
        """Close the attempt; False when it was given up and reported already."""
        with self._lock:
            self.deadline = None
            return not self.given_up

    def enforce(self, thread_id: int) -> bool:
        """Interrupt the attempt if its time is over; True when it did not react to that and is given up."""
        now = time.monotonic()
        with self._lock:
            if self.deadline is None or self.deadline > now:
                return False
            if not self._interrupted:
                self._interrupted = True
                self.deadline = now + GRACE_SECONDS
                _raise_in(thread_id)
                return False
            self.deadline = None
            self.given_up = True
            return True

    def _begin(self, position: int) -> None:
        deadline = time.monotonic() + self.attempts[position].task.options.time_limit
        with self._lock:
            self.position = position
            self.deadline = deadline
            self._interrupted = False
        self._expect(deadline)

    def _guarded(self, attempt: Attempt, run: Callable[[], T]) -> T | Outcome:
        try:
            return run()
        except JobTimeout:
            raise
        except BaseException as error:
            return attempt.failed(error, self._clock)


def _raise_in(thread_id: int) -> None:
    """Raise JobTimeout in a thread at its next Python instruction (a blocking call in C is not cut short)."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(JobTimeout))


def _take_back(thread_id: int) -> None:
    """Have the JobTimeout that is still on its way to a thread not arrive."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), None)
