"""The loop that all schedulers share: sleep until the next due instant, or until somebody adds an earlier one."""

import threading
from collections.abc import Sequence
from datetime import datetime

import structlog

from personal_assistant.store.database import Database
from personal_assistant.store.errors import StoreError
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.schedulers import Scheduler

log = structlog.get_logger(__name__)

# The longest sleep. Timers stand still while a machine is suspended and do not follow when its clock is set, so the
# loop looks at the clock again after this long; a look costs a few milliseconds.
LOOK_EVERY_SECONDS = 2.0
_AFTER_ERROR_SECONDS = 1.0


class SchedulerLoop:
    """Runs schedulers in this process until it is stopped."""

    def __init__(self, db: Database, clock: Clock, schedulers: Sequence[Scheduler]) -> None:
        self._db = db
        self._clock = clock
        self._schedulers = schedulers
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self.last_turn: datetime | None = None

    def wake(self) -> None:
        """Look at what is due now."""
        self._wake.set()

    def stop(self) -> None:
        """Make `run` return after the present turn."""
        self._stopped.set()
        self._wake.set()

    def run(self) -> None:
        """Turn until `stop`. A database that is away for a while is waited for."""
        while not self._stopped.is_set():
            try:
                seconds = self.turn()
            except StoreError as error:
                log.error("the ledger cannot be read or written; trying again", error=str(error))  # noqa: TRY400
                seconds = _AFTER_ERROR_SECONDS
            self._wake.wait(seconds)
            self._wake.clear()

    def turn(self) -> float:
        """Let each scheduler with something due do one bounded step; returns for how many seconds to sleep.

        One step each, so that a backlog of one does not hold up the others.
        """
        with self._db.read() as conn:
            planned = [(scheduler, scheduler.next_due(conn)) for scheduler in self._schedulers]
        now = self._clock.now()
        due = [scheduler for scheduler, instant in planned if instant is not None and instant <= now]
        done = [self._dispatch(scheduler, now) for scheduler in due]
        self.last_turn = now
        if due:
            return 0.0 if any(done) else _AFTER_ERROR_SECONDS
        ahead = [(instant - now).total_seconds() for _, instant in planned if instant is not None]
        return min([LOOK_EVERY_SECONDS, *ahead])

    def _dispatch(self, scheduler: Scheduler, now: datetime) -> bool:
        try:
            scheduler.dispatch(now)
        except StoreError:
            raise
        except Exception:
            log.exception("a scheduler failed; the others go on", scheduler=scheduler.name)
            return False
        return True
