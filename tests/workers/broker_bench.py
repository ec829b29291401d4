"""A runner whose jobs go through a broker: the publisher of a scheduling process, and a Celery worker on threads.

Both live in the process of the test, because the tests of this room declare functions of their own as tasks.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self
from unittest.mock import patch

from celery import _state, signals
from celery.worker import state
from celery.worker.worker import WorkController
from kombu.asynchronous import set_event_loop
from tests.support.valkey import Valkey
from tests.workers.bench import PATIENCE, Bench

from personal_assistant.settings import Settings
from personal_assistant.timing.clock import SystemClock
from personal_assistant.workers import runtime as runtime_module
from personal_assistant.workers.celery_app import LedgerTask, app
from personal_assistant.workers.process import WorkerProcess
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.transport import worker as transport
from personal_assistant.workers.transport.config import configuration


@contextmanager
def celery_on(valkey: Valkey) -> Iterator[None]:
    """Have this process's Celery application use that broker."""
    given = configuration(Settings(_env_file=None, broker_url=valkey.url))  # type: ignore[call-arg]
    # A consumer that stops waits for the answer to its last question: for a second, unless this is set.
    given["broker_transport_options"]["polling_interval"] = 0.05
    before = {name: app.conf[name] for name in given}
    app.conf.update(given)
    try:
        yield
    finally:
        connections: Any = app.pool
        connections.force_close_all()
        app.conf.update(before)


class _Worker(WorkController):
    """What `celery worker` starts, without the handlers of signals that only a main thread can have."""

    hostname: str
    hub: Any

    def __init__(self, slots: int) -> None:
        self.ready = threading.Event()
        set_event_loop(None)
        how = {"without_mingle": True, "without_gossip": True, "without_heartbeat": True}
        super().__init__(app=app, hostname="bench@here", pool="threads", concurrency=slots, queues="tests", **how)
        signals.celeryd_after_setup.send(sender=self.hostname, instance=self, conf=app.conf)
        self._thread = threading.Thread(target=self.start, name="celery-worker", daemon=True)

    def on_consumer_ready(self, consumer: Any) -> None:
        self.ready.set()

    def begin(self) -> None:
        self._thread.start()
        assert self.ready.wait(PATIENCE), "Celery's worker did not start"
        # It is of this process, where tests wait for results.
        _state._set_task_join_will_block(False)  # type: ignore[attr-defined]

    def tell_to_end(self) -> None:
        """What SIGTERM does, but for ending the process in any case."""
        with patch.object(transport, "end_in_any_case"):
            signals.worker_shutting_down.send(sender=self.hostname, sig="SIGTERM", how="Warm", exitcode=0)
        state.should_stop = 0  # type: ignore[assignment]
        self.hub.call_soon(lambda: None)

    def join(self) -> None:
        self._thread.join(PATIENCE)
        state.should_stop = None
        assert not self._thread.is_alive(), "Celery's worker did not drain"


class OverBroker(Bench):
    """The runner hears of jobs by messages. Every declared task is known to it."""

    def __init__(self, runtime: Runtime, *tasks: LedgerTask, **settings: Any) -> None:
        super().__init__(runtime, **settings)
        # Its pauses are real ones.
        publishing = replace(self.runtime, clock=SystemClock())
        self._publisher = WorkerProcess(publishing, schedules=False, runs=False, publishes=True)

    def __enter__(self) -> Self:
        runtime_module.use(self.runtime)
        self._worker = _Worker(self.runtime.settings.worker_threads)
        process = transport._start().process
        assert process.runner is not None
        self.worker_id = process.worker.id
        self._watch(process.runner)
        self._worker.begin()
        self._publisher.start()
        return self

    def tell_to_end(self) -> None:
        self._worker.tell_to_end()

    def stop(self) -> None:
        self.tell_to_end()
        self._publisher.stop()
        self._worker.join()
        transport._slots = None

    def wake(self) -> None:
        super().wake()
        for loop in self._publisher._scheduler_loops():
            loop.wake()
