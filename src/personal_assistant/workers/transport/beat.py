"""What makes `celery beat` run the schedulers of the ledger."""

from typing import Any

from celery.beat import Scheduler

from personal_assistant.errors import AssistantError
from personal_assistant.workers.process import WorkerProcess
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.transport.scheduling import start_scheduling

_TICK_SECONDS = 1.0


class LedgerScheduler(Scheduler):
    """Runs the schedulers on their own threads, where they sleep until the next due instant or until they are woken.

    Any number of these may run at once. Celery's own `beat_schedule` is not looked at: the timetable is in the ledger.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self._process: WorkerProcess | None = None
        super().__init__(*args, **options)

    def setup_schedule(self) -> None:
        """Set up what is missing, then start. Ends the program with a sentence when that cannot be done."""
        try:
            self._process = start_scheduling(runtime())
        except AssistantError as error:
            raise SystemExit(f"❌ {error}") from error

    def tick(self, *args: Any, **options: Any) -> float:
        """Nothing to do; returns the seconds after which beat may ask again."""
        return _TICK_SECONDS

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.stop()

    @property
    def info(self) -> str:
        return f"    . ledger -> {runtime().db.where}"
