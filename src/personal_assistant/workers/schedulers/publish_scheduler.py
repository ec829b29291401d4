"""Telling the broker which jobs are ready."""

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.jobs.leases import usual_durations
from personal_assistant.jobs.publish import (
    mark_published,
    published_counts,
    unmark_published,
    unpublished,
    unpublished_queues,
)
from personal_assistant.jobs.turns import Turns
from personal_assistant.workers.batching import Durations, every_id, group
from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.execution import is_async
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.transport.messages import BrokerError, Message, reach, send

log = get_logger(__name__)

# At most so many messages of a queue wait for a worker. What is not published yet can still be overtaken.
WINDOW = 100
# At most so many jobs are looked at in one step.
_STEP = 5000
# So many coroutines may start at once; they do not wait for each other.
_ASYNC_BATCH = 50
_BROKER_AWAY = timedelta(seconds=1)
_SHORTEST_LOOK = timedelta(milliseconds=20)
_LONGEST_LOOK = timedelta(milliseconds=100)


class MessageSizes(Durations):
    """How many jobs of a task make one message."""

    def batch_size(self, task: LedgerTask) -> int:
        if is_async(task) and not task.options.at_most_once:
            return _ASYNC_BATCH
        return super().batch_size(task)


class PublishScheduler:
    """Sends messages for queued jobs, in the order of the ledger, and no more of them than will be taken soon."""

    name = "publish"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tasks = load_tasks().tasks
        self._turns: dict[str, Turns] = defaultdict(Turns)
        self._full: set[str] = set()
        # By queue, how many jobs to look at for each message: twice as many as went into those of the last step.
        self._to_a_message: dict[str, int] = defaultdict(lambda: _STEP)
        self._pause = _SHORTEST_LOOK
        self._look_at = runtime.clock.now()
        self._away_until = runtime.clock.now()

    def next_due(self, conn: sa.Connection) -> datetime | None:
        now = self._runtime.clock.now()
        if now < self._away_until <= now + _BROKER_AWAY:
            return self._away_until
        queues = set(unpublished_queues(conn))
        if not queues:
            return None
        # A queue that was full is looked at again after a while; one that was not, at once.
        full = queues <= self._full and now < self._look_at <= now + _LONGEST_LOOK
        return self._look_at if full else now

    def dispatch(self, now: datetime) -> int:
        try:
            # Before jobs are marked: the first connection takes a while, and what is marked nobody else sends.
            reach()
        except BrokerError as error:
            self._leave_alone(error)
            return 0
        with self._runtime.db.write() as conn:
            messages, failed = self._choose(conn, now)
        self._look_later(now, found=bool(messages))
        try:
            send(messages)
        except BrokerError as error:
            self._leave_alone(error)
            with self._runtime.db.write() as conn:
                unmark_published(conn, [job_id for message in error.unsent for job_id in message.ids])
        if failed:
            raise ExceptionGroup("jobs of some queues cannot be published", failed)
        return sum(len(message.ids) for message in messages)

    def _leave_alone(self, error: BrokerError) -> None:
        log.warning("the broker does not take messages; trying again", error=str(error))
        self._away_until = self._runtime.clock.now() + _BROKER_AWAY

    def _choose(self, conn: sa.Connection, now: datetime) -> tuple[list[Message], list[Exception]]:
        """What to send, marked as sent; and what went wrong with queues, which keeps none of the others."""
        sizes = MessageSizes(usual_durations(conn))
        counts = published_counts(conn)
        messages: list[Message] = []
        failed: list[Exception] = []
        self._full = set()
        for queue in unpublished_queues(conn):
            waiting = sum(self._messages(sizes, task, count) for (name, task), count in counts.items() if name == queue)
            chosen: Sequence[Message] = ()
            # Not for each message that goes: half a window at once costs hardly more than one message.
            if waiting <= WINDOW // 2:
                try:
                    with conn.begin_nested():
                        chosen = self._fill(conn, queue, sizes, WINDOW - waiting, now)
                except (sa.exc.OperationalError, sa.exc.InterfaceError):
                    raise  # the database is away
                except Exception as error:
                    error.add_note(f"in the queue {queue}")
                    failed.append(error)
            if not chosen:
                self._full.add(queue)
            messages += chosen
        return messages, failed

    def _fill(
        self, conn: sa.Connection, queue: str, sizes: MessageSizes, room: int, now: datetime
    ) -> Sequence[Message]:
        most = min(_STEP, room * self._to_a_message[queue])
        found = unpublished(conn, queue, self._tasks.keys(), most, self._turns[queue])
        batches = group(found, self._tasks, sizes, room)
        self._to_a_message[queue] = max(2, 2 * math.ceil(len(found) / max(1, len(batches))))
        marked = mark_published(conn, every_id(batches), now)
        messages = [Message(queue, it.task.name, [job_id for job_id in it.ids if job_id in marked]) for it in batches]
        return [message for message in messages if message.ids]

    def _messages(self, sizes: MessageSizes, task: str, jobs: int) -> int:
        declared = self._tasks.get(task)
        return math.ceil(jobs / sizes.batch_size(declared)) if declared else 0

    def _look_later(self, now: datetime, *, found: bool) -> None:
        self._pause = _SHORTEST_LOOK if found else min(_LONGEST_LOOK, self._pause * 1.5)
        self._look_at = now + self._pause
