"""What the main process of a worker does beside Celery."""

import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.sharedctypes import RawValue
from typing import Any

from personal_assistant.jobs.draining import Told
from personal_assistant.workers.celery_app import app
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.transport import canary
from personal_assistant.workers.transport.canary import Canary
from personal_assistant.workers.transport.events import JobEvents
from personal_assistant.workers.transport.resting import Consuming

log = get_logger(__name__)

_ORDERS = (None, Told.EXIT, Told.REST)
_LOOK_SECONDS = 0.5


class Life:
    """It sends canaries, and does what the worker is told.

    It is told by the process that reads the ledger, which on prefork is a child: hence the shared memory.
    """

    def __init__(self, instance: Any, is_full: Callable[[], bool]) -> None:
        self.name: str = instance.hostname
        self.canary = Canary(self.name, runtime().settings.lease_seconds / 3, is_full)
        self._consuming = Consuming(instance, self.canary.queue.name)
        self._told = RawValue("i", 0)
        self._instance = instance
        self._listened_to = RawValue("b", 0)
        # Whichever process runs jobs sends its own.
        self.events = JobEvents(self.name, lambda: bool(self._listened_to.value))
        self._doing: Told | None = None
        self._stopped = threading.Event()
        canary.use(self.canary)
        app.amqp.queues.select_add(self.canary.queue)

    def start(self) -> None:
        threading.Thread(target=self._run, name="life", daemon=True).start()

    def stop(self) -> None:
        """The worker ends: it is told nothing more, and nobody asks whether it is at work."""
        self._stopped.set()

    @property
    def told(self) -> Told | None:
        """What the worker is told at present."""
        return _ORDERS[self._told.value]

    def tell(self, told: Told | None) -> None:
        self._told.value = _ORDERS.index(told)

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            try:
                self._do(self.told)
                self._listened_to.value = self._has_listeners()
                if self._doing is not Told.EXIT:  # its queue goes with the consumer, and is not to be made anew
                    self.canary.turn()
            except Exception:
                log.exception("a look of the worker after itself failed; trying again")

    def _has_listeners(self) -> bool:
        """Whether somebody wants events: by `--task-events`, or by remote control."""
        dispatcher = getattr(getattr(self._instance, "consumer", None), "event_dispatcher", None)
        if dispatcher is None or not dispatcher.enabled:
            return False
        # It is enabled for heartbeats, too. No groups at all means every kind of event.
        return not dispatcher.groups or "task" in dispatcher.groups

    def _do(self, told: Told | None) -> None:
        if told is self._doing:
            return
        before, self._doing = self._doing, told
        if told is Told.EXIT:
            os.kill(os.getpid(), signal.SIGTERM)
        elif told is Told.REST:
            self._consuming.rest()
        elif before is Told.REST:
            self._consuming.resume()
