"""Time limits of plain tasks: an exception raised in the thread that runs too long."""

import ctypes
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from personal_assistant.jobs.outcomes import Outcome
from personal_assistant.store.database import checkpoint
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.execution import Attempt
from personal_assistant.workers.utils.error_handling import JobTimeout

T = TypeVar("T")

# How long a task may go on after JobTimeout was raised in it, or could not be, before its thread is given up.
# After half of that it is raised once more.
GRACE_SECONDS = 5.0
# How long a job waits behind another one in its batch, or for a thread, before it is given back for others to take.
HOLD_SECONDS = 0.5
_TRY_AGAIN_SECONDS = 0.01
# Modules that take locks in Python: an exception that strikes there, between the lock and the block that frees it,
# would leave it locked for ever.
_TAKE_LOCKS = ("contextlib", "logging", "queue", "sqlalchemy", "structlog", "threading")
_OUR_OWN = ("personal_assistant.store", "personal_assistant.jobs", "personal_assistant.workers")
_TASKS = "personal_assistant.workers.tasks."
# Functions there in which a thread may wait for long, and that free what they hold, wherever they are struck.
_HARMLESS = {("threading", "wait"), ("personal_assistant.store.database", "write")}


class LimitedWork:
    """A batch on a thread, its attempts held to their limit one after the other.

    `within_limit` and `end` are called for each attempt by its thread, `enforce` by another one; `expect` is told each
    deadline. A lock guards the current attempt, so that a deadline does not hit the attempt after it.
    """

    def __init__(self, attempts: Sequence[Attempt], clock: Clock, expect: Callable[[float], None]) -> None:
        self.attempts = attempts
        self.position = 0
        # Since when the attempt at `position` has the thread; before there is one, since when the batch waits for it.
        self.since = time.monotonic()
        self.deadline: float | None = None
        self.given_up = False
        self._clock = clock
        self._expect = expect
        self._lock = threading.Lock()
        self._interrupted = False
        self._overdue = False
        self._given_up_at = 0.0

    @property
    def next_deadline(self) -> float | None:
        """When `enforce` or `let_go` has something to do."""
        deadline = self.deadline
        return deadline if deadline is None or not self._behind() else min(deadline, self.since + HOLD_SECONDS)

    def reach(self, position: int) -> bool:
        """Go on to the attempt at `position`; False when it has been let go."""
        with self._lock:
            if position >= len(self.attempts):
                return False
            self.position = position
            self.since = time.monotonic()
            return True

    def let_go(self) -> Sequence[Attempt]:
        """Strip the batch of what waits behind a long attempt; returns those attempts."""
        with self._lock:
            if self.deadline is None or not self._behind() or time.monotonic() < self.since + HOLD_SECONDS:
                return ()
            behind = self.attempts[self.position + 1 :]
            self.attempts = self.attempts[: self.position + 1]
            return behind

    def _behind(self) -> bool:
        """Whether attempts wait for the present one. Those of a bulk function are one."""
        return self.attempts[0].task.options.bulk is None and len(self.attempts) > self.position + 1

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
            if now >= self._given_up_at:
                self.deadline = None
                self.given_up = True
                return True
            self._overdue = True
            if not _is_in_its_own_code(thread_id):
                self.deadline = min(now + _TRY_AGAIN_SECONDS, self._given_up_at)
                return False
            if self._interrupted:
                self.deadline = self._given_up_at
            else:
                # The interpreter drops what is raised in some of its callbacks, so it may have to be raised once more.
                self.deadline, self._given_up_at = now + GRACE_SECONDS / 2, now + GRACE_SECONDS
            self._interrupted = True
            _raise_in(thread_id)
            return False

    def _begin(self, position: int) -> None:
        deadline = time.monotonic() + self.attempts[position].task.options.time_limit
        with self._lock:
            self.position = position
            self.deadline = deadline
            self._given_up_at = deadline + GRACE_SECONDS
            self._interrupted = self._overdue = False
        self._expect(self.next_deadline or deadline)

    def _check(self, attempt: Attempt) -> None:
        """Raise JobTimeout once when its time is over: what is at the database all the time is hardly ever found in
        its own code."""
        with self._lock:
            if not self._overdue or self._interrupted or self.attempts[self.position] is not attempt:
                return
            self._interrupted = True
            self.deadline = self._given_up_at
        raise JobTimeout

    def _guarded(self, attempt: Attempt, run: Callable[[], T]) -> T | Outcome:
        checkpoint.set(partial(self._check, attempt))
        try:
            return run()
        except JobTimeout:
            raise
        except BaseException as error:
            return attempt.failed(error, self._clock)


def _is_in_its_own_code(thread_id: int) -> bool:
    """Whether the thread is where an exception leaves no lock behind.

    What this sees still holds when the exception arrives: the thread needs the interpreter lock, which the caller has,
    to go on, and takes the exception first.
    """
    frame = sys._current_frames().get(thread_id)
    if frame is None:
        return False
    module = str(frame.f_globals.get("__name__"))
    if module.startswith(_TASKS) or (module, frame.f_code.co_name) in _HARMLESS:
        return True
    return not module.startswith(_OUR_OWN) and module.partition(".")[0] not in _TAKE_LOCKS


def _raise_in(thread_id: int) -> None:
    """Raise JobTimeout in a thread at its next Python instruction (a blocking call in C is not cut short)."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(JobTimeout))


def _take_back(thread_id: int) -> None:
    """Have the JobTimeout that is still on its way to a thread not arrive."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), None)
