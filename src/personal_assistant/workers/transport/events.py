"""Celery's events about tasks: each job's, as if Celery itself had run it, for Flower and others that listen."""

import queue
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog

from personal_assistant.jobs.finish import Finished
from personal_assistant.jobs.outcomes import Cancelled, Failed, Retry, Succeeded, Waiting
from personal_assistant.workers.celery_app import app
from personal_assistant.workers.execution import Attempt

log = structlog.get_logger(__name__)

_MOST = 50_000
_MAX_TEXT = 1_000
_AGAIN_SECONDS = 5.0

Event = tuple[str, dict[str, Any]]


class JobEvents:
    """Sends them from a thread of its own, so that no job waits for the broker, and only while they are `wanted`.

    They are news and no record: what cannot be sent is dropped.
    """

    def __init__(self, hostname: str, wanted: Callable[[], bool]) -> None:
        self._hostname = hostname
        self._wanted = wanted
        self._waiting: queue.Queue[Event] = queue.Queue(_MOST)
        self._began: dict[str, float] = {}
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def began(self, attempts: Iterable[Attempt]) -> None:
        """These attempts have been claimed."""
        if not self._wanted():
            self._began.clear()
            return
        for attempt in attempts:
            job = attempt.job
            told = {"name": job.task, "args": _text(job.args), "kwargs": _text(job.kwargs), "retries": job.attempt - 1}
            self._began[job.id] = time.monotonic()
            self._put("task-received", job.id, root_id=job.id, **told)
            self._put("task-started", job.id)

    def ended(self, finished: Iterable[Finished]) -> None:
        """It is written down that these attempts have ended so."""
        if not self._wanted():
            return
        for job, outcome in finished:
            seconds = time.monotonic() - self._began.pop(job.id, time.monotonic())
            match outcome:
                case Succeeded(result):
                    self._put("task-succeeded", job.id, result=_text(result), runtime=seconds)
                case Failed(error):
                    self._put("task-failed", job.id, exception=error, traceback=outcome.traceback)
                case Retry():
                    self._put("task-retried", job.id, exception=outcome.error, traceback=outcome.traceback)
                case Waiting(reason):
                    self._put("task-retried", job.id, exception=reason, traceback=None)
                case Cancelled():
                    self._put("task-revoked", job.id, terminated=False, signum=None, expired=False)

    def _put(self, kind: str, job_id: str, **told: Any) -> None:
        try:
            self._waiting.put_nowait((kind, {"uuid": job_id, "timestamp": time.time(), **told}))
        except queue.Full:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                self._send()
            except Exception as error:  # each transport has errors of its own, without a common class
                log.info("events about jobs cannot be sent; trying again", error=f"{type(error).__name__}: {error}")
                time.sleep(_AGAIN_SECONDS)

    def _send(self) -> None:
        """Send what comes, in groups, until the broker fails."""
        with (
            app.connection_for_write() as connection,
            app.events.Dispatcher(
                connection, hostname=self._hostname, buffer_group={"task"}, buffer_while_offline=False
            ) as dispatcher,
        ):
            while True:
                kind, told = self._waiting.get()
                dispatcher.send(kind, **told)
                if self._waiting.empty():
                    dispatcher.flush(errors=False)


def _text(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
