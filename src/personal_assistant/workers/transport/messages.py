"""The one message that the transport sends: these jobs of this task are ready."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from celery import Task
from celery.exceptions import CeleryError

from personal_assistant.workers.celery_app import app
from personal_assistant.workers.transport.config import SOCKET_SECONDS

RUN_JOBS = "personal_assistant.run_jobs"


@dataclass(frozen=True, slots=True)
class Message:
    """Ready jobs of one task, for one queue."""

    queue: str
    task: str
    ids: Sequence[str]


class BrokerError(CeleryError):
    """The broker cannot be reached or did not take a message. `unsent` were not sent, or perhaps were."""

    def __init__(self, reason: str, unsent: Sequence[Message]) -> None:
        super().__init__(reason)
        self.unsent = unsent


# Its jobs have events of their own.
@app.task(name=RUN_JOBS, base=Task, ignore_result=True, acks_late=False, send_events=False)
def run_jobs(task: str, ids: list[str]) -> None:
    """Have these jobs run in this worker process, and hold the pool's slot as long as they need a thread."""
    from personal_assistant.workers.transport.worker import inbox

    inbox().do(task, ids)


def reach() -> None:
    """Connect to the broker unless that is done. Raises BrokerError when it cannot be reached."""
    try:
        with app.producer_or_acquire() as producer, _connected(producer.connection):
            _ = producer.channel  # opened by the first who asks for it
    except Exception as error:
        raise BrokerError(f"{type(error).__name__}: {error}", ()) from error


def send(messages: Sequence[Message]) -> None:
    """Send messages in their order. Raises BrokerError with those that did not go out."""
    sent = 0
    try:
        with app.producer_or_acquire() as producer, _connected(producer.connection):
            for message in messages:
                arguments = (message.task, list(message.ids))
                # Mandatory: RabbitMQ says so when the queue is no longer there, and the next try declares it anew.
                app.send_task(
                    RUN_JOBS, arguments, queue=message.queue, producer=producer, ignore_result=True, mandatory=True
                )
                sent += 1
    except Exception as error:  # each transport has errors of its own, without a common class
        raise BrokerError(f"{type(error).__name__}: {error}", messages[sent:]) from error


def send_one(task: str, queue: str) -> None:
    """Send a message without arguments. Raises BrokerError."""
    try:
        with app.producer_or_acquire() as producer, _connected(producer.connection):
            app.send_task(task, queue=queue, producer=producer, ignore_result=True)
    except Exception as error:
        raise BrokerError(f"{type(error).__name__}: {error}", ()) from error


def empty_queues(names: Iterable[str]) -> set[str]:
    """Those of these queues in which no message waits. Raises BrokerError."""
    try:
        with app.pool.acquire(block=True) as connection, _connected(connection):
            return {name for name in names if _count(connection, name) == 0}
    except Exception as error:
        raise BrokerError(f"{type(error).__name__}: {error}", ()) from error


@contextmanager
def _connected(connection: Any) -> Iterator[None]:
    """Connect anew where an earlier error has ended the connection, and wait for no answer longer than SOCKET_SECONDS.

    One try, at once: by itself the client sleeps between several, or never connects again, by what it is asked for.
    Nor does that of AMQP stop to wait for an answer, as that of Redis does.
    """
    connection.ensure_connection(max_retries=0)
    if connection.transport.driver_type != "amqp":
        yield
        return
    connection.connection.transport.sock.settimeout(SOCKET_SECONDS)
    try:
        yield
    except Exception:
        connection.collect()  # a late answer must not be taken for that to the next question
        raise


def _count(connection: Any, queue: str) -> int:
    # A channel of its own: a queue that does not exist costs the channel that asks for it.
    with connection.channel() as channel:
        try:
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
        except connection.channel_errors:
            return 0
