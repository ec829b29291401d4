"""The loop that all schedulers share: sleep until the next due instant, or until somebody adds an earlier one."""

import threading
from collections.abc import Sequence
from datetime import datetime

from personal_assistant.store.database import Database
from personal_assistant.store.errors import StoreError
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.outage import Outage
from personal_assistant.workers.schedulers import Scheduler

log = get_logger(__name__)

# The longest sleep. Timers stand still while a machine is suspended and do not follow when its clock is set, so the
# loop looks at the clock again after this long; a look costs a few milliseconds.
LOOK_EVERY_SECONDS = 2.0
_AFTER_ERROR_SECONDS = 1.0
# Something is due and could not be had: another process has it in hand.
_AFTER_NOTHING_SECONDS = 0.02


class SchedulerLoop:
    """Runs schedulers in this process until it is stopped."""

    def __init__(
        self, db: Database, clock: Clock, schedulers: Sequence[Scheduler], outage: Outage | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self._schedulers = schedulers
        self._outage = outage or Outage()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self.last_turn: datetime | None = None
        self._failed = False

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
                self._outage.worked("scheduler")
            except StoreError as error:
                seconds = self._outage.failed("scheduler", error)
            self._wake.wait(seconds)
            self._wake.clear()

    def turn(self) -> float:
        """Let each scheduler with something due do one bounded step; returns for how many seconds to sleep.

        One step each, so that a backlog of one does not hold up the others. A turn in which one failed does not count
        as gone round: who looks after this process is to hear of it.
        """
        self._failed = False
        waits = [self._step(scheduler) for scheduler in self._schedulers]
        if not self._failed:
            self.last_turn = self._clock.now()
        return min([LOOK_EVERY_SECONDS, *waits])

    def _step(self, scheduler: Scheduler) -> float:
        """Ask one scheduler, and let it work if something is due; returns when to ask again, in seconds from now."""
        try:
            with self._db.read() as conn:
                planned = scheduler.next_due(conn)
            now = self._clock.now()
            if planned is None:
                return LOOK_EVERY_SECONDS
            if planned > now:
                return (planned - now).total_seconds()
            return 0.0 if scheduler.dispatch(now) else _AFTER_NOTHING_SECONDS
        except StoreError:
            raise
        except Exception:
            self._failed = True
            log.exception("a scheduler failed; the others go on", scheduler=scheduler.name)
            return _AFTER_ERROR_SECONDS
