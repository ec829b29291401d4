"""What makes `celery worker` run jobs of the ledger: in each of its worker processes a runner that messages feed."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.sharedctypes import RawValue
from typing import Any

import structlog
from celery import signals
from celery.worker.state import active_requests, reserved_requests

from personal_assistant.errors import AssistantError
from personal_assistant.settings import get_settings
from personal_assistant.store.schema import require_current
from personal_assistant.workers import runtime as runtime_module
from personal_assistant.workers.celery_app import app
from personal_assistant.workers.garbage import collect_less
from personal_assistant.workers.logs import configure_logging
from personal_assistant.workers.process import ENDING_SECONDS, WorkerProcess
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.transport import messages, panel
from personal_assistant.workers.transport.ending import end_in_any_case
from personal_assistant.workers.transport.inbox import Inbox
from personal_assistant.workers.transport.life import Life

log = structlog.get_logger(__name__)

POOLS = ("threads", "prefork", "solo")
# How often a child looks whether the worker drains.
_LOOK_SECONDS = 0.2


class _Slots:
    """The runner of this process and the inbox that feeds it, for so many messages at once."""

    def __init__(self, slots: int) -> None:
        given = runtime()
        settings = given.settings.model_copy(update={"worker_threads": slots})
        inboxes: list[Inbox] = []

        def source(worker_id: str) -> Inbox:
            inboxes.append(Inbox(given.db, load_tasks(), worker_id, slots))
            return inboxes[0]

        self.pid = os.getpid()
        self.process = WorkerProcess(
            replace(given, settings=settings),
            schedules=False,
            source=source,
            observer=_life.events,
            on_told=_life.tell,
            told=_life.told,
            heard=_life.canary.heard,
            name=_life.name,
        )
        [self.inbox] = inboxes
        assert self.process.runner is not None
        self.inbox.wake = self.process.runner.wake
        self._stopping: threading.Thread | None = None
        self._lock = threading.Lock()
        self.process.start()
        collect_less()

    def stop(self) -> threading.Thread:
        """Begin to drain, once; the thread returned ends with it."""
        with self._lock:
            if self._stopping is None:
                self._stopping = threading.Thread(target=self.process.stop, name="drain", daemon=True)
                self._stopping.start()
            return self._stopping


_life: Life
_slots: _Slots | None = None
_starting = threading.Lock()
_size = 1
# Of the prefork pool: whether its children are to drain. Not an Event, whose `set` waits for children that have died.
_draining: Any = None


def inbox() -> Inbox:
    """This process's inbox. Starts its runner where the start has failed before: the database was away."""
    return _start().inbox


def _start() -> _Slots:
    global _slots
    with _starting:
        if _slots is None or _slots.pid != os.getpid():
            _slots = _Slots(_size)
        return _slots


def check() -> None:
    """Raise AssistantError unless there are a broker to listen to and a database to work on."""
    require_broker()
    require_current(runtime().db)


def require_broker() -> None:
    """Raise AssistantError, which says what to do, unless a broker is set."""
    if not get_settings().broker_url:
        raise AssistantError(
            "There is no broker: set CELERY_BROKER_URL (like redis://localhost:6379/0), "
            "or run `assistant up`, which needs none."
        )


def connect() -> None:
    """Listen to Celery's signals. Doing it again changes nothing."""
    for name, receiver in (
        ("setup_logging", _log),
        ("celeryd_init", _before),
        ("celeryd_after_setup", _after_setup),
        ("worker_process_init", _in_child),
        ("worker_shutting_down", _shutting_down),
        ("worker_shutdown", _shut_down),
        ("worker_process_shutdown", _shut_down),
    ):
        getattr(signals, name).connect(receiver, weak=False, dispatch_uid=f"{__name__}.{receiver.__name__}.{name}")
    panel.install()
    if "global_keyprefix" in app.conf.broker_transport_options:
        # An option of Redis; other brokers do not need its client.
        from personal_assistant.workers.transport import unacked

        unacked.install()


def _log(loglevel: int, **given: Any) -> None:
    del given
    names = {10: "DEBUG", 20: "INFO", 30: "WARNING"}
    configure_logging(get_settings().model_copy(update={"log_level": names.get(loglevel, "ERROR")}))


def _before(instance: Any, options: dict[str, Any], **given: Any) -> None:
    del given, instance
    try:
        check()
        pool = options.get("pool_cls") or options.get("pool") or "prefork"
        name = pool if isinstance(pool, str) else pool.__module__.rpartition(".")[2].replace("thread", "threads")
        if name not in POOLS:
            raise AssistantError(f"The pool {name} cannot hold the time limits: use --pool {' or '.join(POOLS[:2])}.")
    except AssistantError as error:
        raise SystemExit(f"❌ {error}") from error


def _after_setup(instance: Any, **given: Any) -> None:
    global _size, _draining, _life
    del given
    if instance.pool_cls.__module__.endswith("prefork"):
        runtime().db.close()  # a connection that two processes share is of use to neither
        _draining = RawValue("b", 0)
        _life = Life(instance, lambda: len(reserved_requests) - len(active_requests) >= instance.concurrency)
    else:
        _size = instance.concurrency
        messages.run_jobs.Strategy = "personal_assistant.workers.transport.strategy:direct"
        _life = Life(instance, lambda: _slots is not None and _slots.inbox.held >= _size)
        _start()
    _life.start()


def _in_child(**given: Any) -> None:
    global _size
    del given
    if _draining is None:
        return  # the solo pool, which has no children
    runtime_module.use(None)
    _size = 1
    slots = _start()
    threading.Thread(target=_drain_when_told, args=(slots,), name="drain-watch", daemon=True).start()


def _drain_when_told(slots: _Slots) -> None:
    while not _draining.value:
        time.sleep(_LOOK_SECONDS)
    slots.stop()


def _shutting_down(**given: Any) -> None:
    """From here on nothing new is begun, and what runs has `drain_seconds`."""
    del given
    _life.stop()
    drained: Callable[[float], object] = time.sleep
    if _draining is not None:
        _draining.value = 1
    elif _slots is not None:
        drained = _slots.stop().join
    end_in_any_case(drained, get_settings().drain_seconds + ENDING_SECONDS)


def _shut_down(**given: Any) -> None:
    del given
    if _slots is not None and _slots.pid == os.getpid():
        _slots.stop().join()


assert messages.run_jobs.app is app
