"""Tells heartbeat URLs what became of what is watched, beside the scheduler: a URL that hangs holds up nothing else."""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.jobs.leases import list_workers
from personal_assistant.jobs.masking import masked
from personal_assistant.notifications import heartbeats
from personal_assistant.notifications.heartbeats import Report
from personal_assistant.notifications.senders import config_of
from personal_assistant.notifications.watches import open_url
from personal_assistant.notifications.wellness import PACE_SECONDS, note_health
from personal_assistant.store.errors import StoreError
from personal_assistant.store.secrets import vault_of
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.utils.health_check import check_health

log = get_logger(__name__)

# All that one URL is told in one go, waiting for a connection included.
_LONGEST_SECONDS = 10.0
_AT_ONCE = 64
_LONGEST_ERROR = 500
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0


class Heartbeats:
    """One in each process that schedules; of several processes only the one that runs longest sends."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._config = replace(config_of(runtime.settings), reply_seconds=_LONGEST_SECONDS)
        self._looking = threading.Lock()
        self._lock = threading.Lock()
        self._busy: set[int] = set()
        # Watch to how often in a row it failed, and when it is tried again.
        self._failures: dict[int, tuple[int, datetime]] = {}
        self._checked: datetime | None = None

    def look(self) -> threading.Thread:
        """Tell what there is to tell of AI tasks and schedules, on a thread of its own."""
        return _start(self._tell_jobs)

    def check(self) -> threading.Thread | None:
        """Once a minute: see how the instance is, and tell that, on a thread of its own."""
        now = self._runtime.clock.now()
        if self._checked is not None and abs((now - self._checked).total_seconds()) < PACE_SECONDS:
            return None
        self._checked = now
        return _start(self._tell_health)

    def _tell_jobs(self) -> None:
        if not self._looking.acquire(blocking=False):
            return  # the database is slow; the next look comes
        try:
            with self._runtime.db.read() as conn:
                found = heartbeats.find_reports(conn) if self._leads(conn) else []
        except StoreError:
            return  # the scheduler says so
        finally:
            self._looking.release()
        self._send(found)

    def _tell_health(self) -> None:
        db, clock = self._runtime.db, self._runtime.clock
        try:
            with db.read() as conn:
                if not self._leads(conn):
                    return
            errors = [it.message for it in check_health(self._runtime) if it.level == "error"]
            problem = " ".join(errors) or None
            note_health(db, clock.now(), problem, self._runtime.settings.watch_grace_seconds)
            with db.read() as conn:
                found = heartbeats.find_instance_reports(conn, problem)
        except StoreError:
            return
        self._send(found)

    def _leads(self, conn: sa.Connection) -> bool:
        """Whether this is the scheduling process that runs longest, or none is on record."""
        now, lease = self._runtime.clock.now(), self._runtime.settings.lease_seconds
        those = [it for it in list_workers(conn) if it.schedules and not it.lease_ended(now, lease)]
        first = min(those, key=lambda it: (it.started_at, it.id), default=None)
        return first is None or (first.host, first.pid) == (socket.gethostname(), os.getpid())

    def _send(self, found: Sequence[Report]) -> None:
        now = self._runtime.clock.now()
        with self._lock:
            mine = [it for it in found if it.watch_id not in self._busy and not self._rests(it.watch_id, now)]
            self._busy |= {it.watch_id for it in mine}
        if mine:
            asyncio.run(self._send_all(mine))

    def _rests(self, watch_id: int, now: datetime) -> bool:
        """Whether its URL failed a moment ago. A clock that was set back does not make it rest for longer."""
        _, until = self._failures.get(watch_id, (0, now))
        return timedelta(0) < until - now <= timedelta(seconds=_LONGEST_PAUSE)

    async def _send_all(self, reports: Sequence[Report]) -> None:
        at_once = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._send_one(it, at_once) for it in reports))

    async def _send_one(self, report: Report, at_once: asyncio.Semaphore) -> None:
        try:
            async with at_once, asyncio.timeout(_LONGEST_SECONDS):
                await self._go_through(report)
        except TimeoutError:
            await self._failed(report, f"there was no answer within {_LONGEST_SECONDS:g} s", None)
        except StoreError:
            pass  # the same again once there is a database
        except AssistantError as error:
            await self._failed(report, masked(str(error)), getattr(error, "retry_after", None))
        except Exception as error:
            log.exception("a heartbeat cannot be sent", watch=report.watch_id)
            await self._failed(report, f"it could not be sent: {type(error).__name__}", None)
        finally:
            with self._lock:
                self._busy.discard(report.watch_id)

    async def _go_through(self, report: Report) -> None:
        url = open_url(vault_of(self._runtime.settings), report.watch_id, report.sealed)
        for step in report.steps:
            if step.signal is not None:
                await heartbeats.send_heartbeat(url, step.signal, step.text, self._config)
            now = self._runtime.clock.now()
            await self._note(partial(heartbeats.note_sent, report=report, step=step, now=now))
        with self._lock:
            self._failures.pop(report.watch_id, None)

    async def _failed(self, report: Report, error: str, retry_after: float | None) -> None:
        with self._lock:
            times = self._failures.get(report.watch_id, (0, None))[0] + 1
            pause = min(max(_FIRST_PAUSE * 2.0 ** min(times - 1, 10), retry_after or 0.0), _LONGEST_PAUSE)
            self._failures[report.watch_id] = times, self._runtime.clock.now() + timedelta(seconds=pause)
        with contextlib.suppress(StoreError):
            await self._note(partial(heartbeats.note_not_sent, report=report, error=error[:_LONGEST_ERROR]))

    async def _note(self, write: Callable[[sa.Connection], None]) -> None:
        await asyncio.to_thread(self._write, write)

    def _write(self, write: Callable[[sa.Connection], None]) -> None:
        with self._runtime.db.write() as conn:
            write(conn)


def _start(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name="heartbeats", daemon=True)
    thread.start()
    return thread
