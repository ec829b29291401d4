"""The central Celery application. The ledger is the truth; Celery knows the tasks by name and carries messages."""

import inspect
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Celery, Task, signals
from celery.exceptions import Reject
from celery.result import AsyncResult

from personal_assistant.errors import AssistantError
from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.model import NewJob
from personal_assistant.settings import get_settings
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.options import TaskOptions
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.transport.config import configuration

# Under this name a message's instant (`transport.foreign`) reaches the task, which writes it into the ledger.
DUE = "assistant_due"
# A message that cannot be written down, because the database is away, goes back to the broker after so long.
_AGAIN_SECONDS = 1.0


class LedgerTask(Task[..., Any]):
    """A Celery task whose calls are jobs in the ledger."""

    abstract = True
    # Of a message that another program has sent: until its job is written, it is all there is.
    acks_late = True
    Strategy = "personal_assistant.workers.transport.foreign:at_once"
    options: TaskOptions

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function; but called by a message, write the job that it asks for, once, under the message's id."""
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        try:
            due = self.request.get(DUE)
            self.apply_async(args, kwargs, task_id=self.request.id, eta=datetime.fromisoformat(due) if due else None)
        except StoreError as error:
            time.sleep(_AGAIN_SECONDS)
            raise Reject(str(error), requeue=True) from error
        return None

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        *ignored_options: Any,
        countdown: float | None = None,
        eta: datetime | None = None,
        priority: int | None = None,
        user_id: int | None = None,
        unique_key: str | None = None,
        concurrency_key: str | None = None,
        **ignored: Any,
    ) -> AsyncResult[Any]:
        """Write the job; it is handed to a worker after the commit.

        `countdown` (seconds) and `eta` (an instant; naive means UTC) wait in the ledger, not in a worker's memory.
        The result's id is the job's id: the one already open when `unique_key` is held. Jobs with the same
        `concurrency_key`, of whatever task, share the limits of their tasks; it replaces the key that is declared.
        """
        del ignored_options, ignored  # broker options mean nothing to the ledger
        now = runtime().clock.now()
        if countdown is not None:
            eta = now + timedelta(seconds=countdown)
        elif eta is not None and eta.tzinfo is None:
            eta = eta.replace(tzinfo=UTC)
        given = {"priority": priority, "concurrency_key": concurrency_key}
        job = self.options.job(
            self.name,
            args=tuple(args or ()),
            kwargs=dict(kwargs or {}),
            id=task_id,
            run_at=eta,
            user_id=user_id,
            unique_key=unique_key,
            **{name: value for name, value in given.items() if value is not None},
        )
        return self.AsyncResult(self.write(job, now))

    def checked(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The keyword arguments, if the task takes them. Raises AssistantError naming what is wrong."""
        signature = inspect.signature(self.run)
        try:
            signature.bind(**kwargs)
        except TypeError as error:
            raise AssistantError(f"The task {self.name}{signature} cannot be called so: {error}.") from error
        return kwargs

    def write(self, job: NewJob, now: datetime) -> str:
        """Write a job of this task in a transaction of its own; returns its id."""
        with runtime().db.write() as conn:
            return enqueue(conn, job, now=now)


app = Celery(
    "personal_assistant",
    task_cls=LedgerTask,
    set_as_current=False,
    backend="personal_assistant.workers.results:LedgerBackend",
    control="personal_assistant.workers.transport.control:LedgerControl",
)
app.add_defaults(lambda: configuration(get_settings()))


@signals.import_modules.connect(weak=False)
def _load(sender: Celery, **given: Any) -> None:
    """Where `celery worker` or `celery beat` starts: every task, and what the transport needs."""
    del given
    if sender is not app:
        return
    from personal_assistant.workers.tasks import load_tasks
    from personal_assistant.workers.transport.worker import connect

    load_tasks()
    connect()
