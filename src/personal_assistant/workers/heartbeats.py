"""Tells heartbeat URLs what became of what is watched, beside the scheduler: a URL that hangs holds up nothing else."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from personal_assistant.errors import AssistantError
from personal_assistant.notifications import heartbeats
from personal_assistant.notifications.heartbeats import Report
from personal_assistant.notifications.senders import config_of
from personal_assistant.notifications.watches import open_url
from personal_assistant.notifications.wellness import PACE_SECONDS, find_instance_reports, note_health
from personal_assistant.store.errors import StoreError
from personal_assistant.store.secrets import vault_of
from personal_assistant.workers.liveness import living
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.utils.health_check import check_health

log = get_logger(__name__)

# All that one URL is told in one go, waiting for a connection included.
_LONGEST_SECONDS = 10.0
_AT_ONCE = 64
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0


class Heartbeats:
    """One in each process that schedules; of several processes only the one that runs longest sends."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._config = replace(config_of(runtime.settings), reply_seconds=_LONGEST_SECONDS)
        self._looking = threading.Lock()
        self._checking = threading.Lock()
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
