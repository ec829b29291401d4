"""One process that schedules, runs jobs, or both: its threads, its lease, its end."""

import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
import structlog

from personal_assistant import __version__
from personal_assistant.jobs import leases, signals
from personal_assistant.jobs.draining import Told, tell, told_to
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.runner import Runner
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers import all_schedulers, broker_schedulers
from personal_assistant.workers.schedulers.loop import SchedulerLoop
from personal_assistant.workers.sources import Source
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.underway import Observer

log = structlog.get_logger(__name__)

_RESTART_SECONDS = 1.0
# What a process is told is looked for at most so often.
_ASK_SECONDS = 0.5
# Beyond `drain_seconds`: for jobs that are cut off, and for taking leave of a ledger that may be away.
ENDING_SECONDS = 4.0
_LEAVE_SECONDS = 2.0


class WorkerProcess:
    """Starts the loops of this process and keeps its lease alive.

    `on_signal` is called after each signal that the ledger has changed (the console looks for news then), and now and
    then without one. `publishes` has a scheduling process tell the broker of ready jobs; `source` makes the runner's
    source of jobs from this process's id, where that is not the ledger; `observer` is the runner's. `on_told` is called
    when somebody wants it to end or to rest, and with None when that is taken back; `told` is what it is told at its
    start. `heard` says when the broker last reached it. `name` is what people call it by.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        schedules: bool = True,
        runs: bool = True,
        publishes: bool = False,
        source: Callable[[str], Source] | None = None,
        observer: Observer | None = None,
        on_signal: Callable[[], None] = lambda: None,
        on_told: Callable[[Told | None], None] = lambda told: None,
        told: Told | None = None,
        heard: Callable[[], datetime | None] = lambda: None,
        name: str = "",
    ) -> None:
        self._runtime = runtime
        self._on_signal = on_signal
        self._on_told = on_told
        self._heard = heard
        self._told = told
        self._ask_at = 0.0
        self._registering = threading.Lock()
        self._lease = runtime.settings.lease_seconds
        self._stopping = threading.Event()
        now = runtime.clock.now()
        self.worker = leases.Worker(
            id=str(uuid.uuid4()),
            host=socket.gethostname(),
            pid=os.getpid(),
            version=__version__,
            schedules=schedules,
            runs=runs,
            started_at=now,
            heartbeat_at=now,
            scheduled_at=None,
            draining=False,
            name=name or f"{'up' if runs else 'scheduler'}-{os.getpid()}@{socket.gethostname()}",
            heard_at=heard(),
        )
        db, clock, outage = runtime.db, runtime.clock, runtime.outage
        self.scheduler = SchedulerLoop(db, clock, all_schedulers(runtime), outage) if schedules else None
        # In a loop of its own: a broker that hangs must not hold up what is due.
        self._publisher = SchedulerLoop(db, clock, broker_schedulers(runtime), outage) if publishes else None
        given = source(self.worker.id) if source else None
        self.runner = Runner(runtime, load_tasks(), self.worker.id, given, observer) if runs else None
        if self.runner is not None:
            self.runner.rest(told is not None)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Register, listen, and start the loops. Raises StoreError when the database cannot be used."""
        self._listener = signals.listen(self._runtime.db, self.worker.id)
        with self._runtime.db.write() as conn:
            self._register(conn)
        loops: list[tuple[str, Callable[[], None]]] = [("signals", self._listen), ("lease", self._keep_lease)]
        if self.scheduler is not None:
            loops.append(("scheduler", self.scheduler.run))
        if self._publisher is not None:
            loops.append(("publisher", self._publisher.run))
        if self.runner is not None:
            loops.append(("runner", self.runner.run))
        self._threads = [
            threading.Thread(target=self._keep_up, args=(name, run), name=name, daemon=True) for name, run in loops
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Schedule nothing more, let what runs end (for `drain_seconds` at most), and take leave of the ledger.

        Returns within a few seconds more in any case: a loop that hangs, because the database does, is left behind.
        """
        until = time.monotonic() + self._runtime.settings.drain_seconds + ENDING_SECONDS
        for loop in self._scheduler_loops():
            loop.stop()
        if self.runner is not None:
            self.runner.stop()
        for thread in self._threads:
            if thread.name in ("scheduler", "publisher", "runner"):
                _join(thread, until)
        self._stopping.set()
        self._listener.wake()
        leaving = threading.Thread(target=self._leave, name="leave", daemon=True)
        leaving.start()
        until = time.monotonic() + _LEAVE_SECONDS
        for thread in (*self._threads, leaving):
            _join(thread, until)
        if not any(thread.is_alive() for thread in self._threads):
            self._listener.close()

    def _leave(self) -> None:
        try:
            with self._runtime.db.write() as conn:
                leases.unregister(conn, self.worker.id)
        except Exception as error:  # this process ends, whatever is wrong
            log.error("could not take leave of the ledger; others will notice", error=str(error))  # noqa: TRY400

    def _scheduler_loops(self) -> Sequence[SchedulerLoop]:
        return [loop for loop in (self.scheduler, self._publisher) if loop is not None]

    def _keep_up(self, name: str, run: Callable[[], None]) -> None:
        """Run a loop until it returns by itself: an error that it lets through must not end it unnoticed."""
        while True:
            try:
                run()
            except Exception:
                log.exception("a loop of this process failed and is started again", loop=name)
                self._stopping.wait(_RESTART_SECONDS)
            else:
                return

    def _listen(self) -> None:
        while not self._stopping.is_set():
            signalled = self._listener.wait(self._lease)
            for loop in self._scheduler_loops() if signalled else ():
                loop.wake()
            if signalled and self.runner is not None:
                self.runner.wake()
            self._obey()
            self._on_signal()

    def _obey(self) -> None:
        """Do what somebody tells this process through the ledger."""
        if time.monotonic() < self._ask_at or self._stopping.is_set():
            return
        self._ask_at = time.monotonic() + _ASK_SECONDS
        try:
            with self._runtime.db.read() as conn:
                wanted = told_to(conn, self.worker.id, self._told)
        except StoreError:
            return  # the next heartbeat says so, and asks again
        if wanted is self._told:
            return
        self._told = wanted
        if self.runner is not None:
            self.runner.rest(wanted is not None)
        self._on_told(wanted)
        with contextlib.suppress(StoreError):
            self._heartbeat()

    def _keep_lease(self) -> None:
        while not self._stopping.wait(self._lease * leases.HEARTBEAT):
            try:
                self._heartbeat()
                self._runtime.outage.worked("lease")
            except StoreError as error:
                self._runtime.outage.failed("lease", error)
            except Exception:
                log.exception("the lease could not be renewed; trying again")

    def _heartbeat(self) -> None:
        now = self._runtime.clock.now()
        with self._registering, self._runtime.db.write() as conn:
            renewed = leases.heartbeat(
                conn,
                self.worker.id,
                now,
                scheduled_at=self._last_turn(),
                draining=self._draining,
                heard_at=self._heard(),
            )
            if not renewed:
                # Others took this process for dead: its jobs are theirs now, and its old claims can change nothing.
                log.warning("the lease was lost and is taken anew")
                self._register(conn)
                self._listener.wake()  # they may have removed the pipe, too: it looks after that

    @property
    def _draining(self) -> bool:
        return self.runner is not None and self.runner.draining

    def _last_turn(self) -> datetime | None:
        """When each of the scheduling loops has gone round; the one that hangs counts."""
        turns = [loop.last_turn for loop in self._scheduler_loops()]
        return min((turn for turn in turns if turn is not None), default=None) if all(turns) else None

    def _register(self, conn: sa.Connection) -> None:
        now = self._runtime.clock.now()
        leases.register(conn, replace(self.worker, heartbeat_at=now, heard_at=self._heard(), draining=self._draining))
        if self._told is not None:
            tell(conn, [self.worker.id], self._told)  # what it was told before, it is told still


def _join(thread: threading.Thread, until: float) -> None:
    thread.join(max(0.0, until - time.monotonic()))
