"""Which jobs are told to the broker, in which order, how many to a message, and when again."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from tests.workers.bench import Declare
from tests.workers.processes import dead_process

from personal_assistant.jobs.claim import claim
from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.finish import finish_many
from personal_assistant.jobs.leases import report_durations
from personal_assistant.jobs.model import NewJob
from personal_assistant.jobs.outcomes import Retry, Succeeded
from personal_assistant.jobs.publish import unpublished
from personal_assistant.store.tables import jobs
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.options import BULK_SIZE
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.runtime import runtime as current
from personal_assistant.workers.schedulers import publish_scheduler, sweep_scheduler
from personal_assistant.workers.schedulers.publish_scheduler import WINDOW, PublishScheduler
from personal_assistant.workers.schedulers.sweep_scheduler import FirstSweep, SweepScheduler
from personal_assistant.workers.transport.messages import BrokerError, Message


class Broker:
    """Stands where the broker does, and remembers."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.empty = True
        self.away = False
        self.takes: Callable[[Message], bool] = lambda message: True

    def reach(self) -> None:
        if self.away:
            raise BrokerError("away", ())

    def send(self, messages: list[Message]) -> None:
        for position, message in enumerate(messages):
            if not self.takes(message):
                raise BrokerError("away", messages[position:])
            self.sent.append(message)

    def empty_queues(self, names: Any) -> set[str]:
        return set(names) if self.empty else set()


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    broker = Broker()
    monkeypatch.setattr(publish_scheduler, "reach", broker.reach)
    monkeypatch.setattr(publish_scheduler, "send", broker.send)
    monkeypatch.setattr(sweep_scheduler, "empty_queues", broker.empty_queues)
    yield broker


@pytest.fixture
def quick(declare: Declare) -> LedgerTask:
    def work(number: int) -> int:
        return number

    return declare(work)


def publish(runtime: Runtime) -> int:
    return PublishScheduler(runtime).dispatch(runtime.clock.now())


def write(task: LedgerTask, count: int, **options: Any) -> list[str]:
    """Write jobs one after the other, each a little later than the one before; their ids."""
    ids = []
    for number in range(count):
        ids.append(task.apply_async((number,), **options).id)
        later(current(), 0.001)
    return ids


def sizes(broker: Broker) -> list[int]:
    return [len(message.ids) for message in broker.sent]


def learnt(runtime: Runtime, task: LedgerTask, seconds: float) -> None:
    dead_process(runtime, "worker")
    with runtime.db.write() as conn:
        report_durations(conn, "worker", {task.name: seconds})


def take(runtime: Runtime, *ids: str) -> list[Any]:
    with runtime.db.write() as conn:
        return claim(conn, "worker", ids, runtime.clock.now())


def test_a_job_of_unknown_duration_travels_alone(in_use: Runtime, quick: LedgerTask, broker: Broker) -> None:
    ids = write(quick, 3)
    assert publish(in_use) == 3
    assert [message.ids for message in broker.sent] == [[job_id] for job_id in ids]
    assert {(message.task, message.queue) for message in broker.sent} == {(quick.name, "tests")}


@pytest.mark.parametrize(("seconds", "size"), [(0.001, 50), (0.02, 2), (0.03, 1), (5.0, 1), (0.0, 200)])
def test_a_message_holds_50_ms_of_work(
    in_use: Runtime, quick: LedgerTask, broker: Broker, seconds: float, size: int
) -> None:
    learnt(in_use, quick, seconds)
    write(quick, size + 1)
    publish(in_use)
    assert sizes(broker) == [size, 1]


def test_bulk_tasks_and_coroutines_travel_in_large_numbers(in_use: Runtime, declare: Declare, broker: Broker) -> None:
    async def wait(number: int) -> None: ...

    def work(number: int) -> None: ...

    bulk = declare(work, bulk=lambda conn, jobs, now: [Succeeded() for _ in jobs])
    waiting, once = declare(wait), declare(wait, at_most_once=True)
    write(waiting, 60)
    write(once, 2)
    publish(in_use)
    assert sizes(broker) == [50, 10, 1, 1]
    broker.sent.clear()
    with in_use.db.write() as conn:
        conn.execute(sa.delete(jobs))
    write(bulk, BULK_SIZE + 5)
    publish(in_use)
    assert sizes(broker) == [BULK_SIZE, 5]


def test_a_job_that_was_tried_before_travels_alone(in_use: Runtime, quick: LedgerTask, broker: Broker) -> None:
    learnt(in_use, quick, 0.001)
    first, *_ = write(quick, 3)
    publish(in_use)
    [job] = take(in_use, first)
    with in_use.db.write() as conn:
        finish_many(conn, "worker", [(job, Retry(in_use.clock.now(), "again", "transient"))], in_use.clock.now())
    write(quick, 2)
    broker.sent.clear()
    assert publish(in_use) == 3, "what is to be tried again is published again"
    assert sorted(sizes(broker)) == [1, 2]
    assert [first] in [message.ids for message in broker.sent]


def test_no_more_are_published_than_will_be_taken_soon(in_use: Runtime, quick: LedgerTask, broker: Broker) -> None:
    ids = write(quick, WINDOW + 30)
    assert publish(in_use) == WINDOW
    assert publish(in_use) == 0
    urgent = write(quick, 1, priority=9)
    take(in_use, *ids[: WINDOW // 2])
    broker.sent.clear()
    assert publish(in_use) == 31
    assert broker.sent[0].ids == urgent, "what came later and is more urgent overtakes what is not published"


def test_only_what_is_declared_here_is_published(in_use: Runtime, quick: LedgerTask, broker: Broker) -> None:
    write(quick, 1)
    with in_use.db.write() as conn:
        conn.execute(sa.update(jobs).values(task="nobody.knows"))
    assert publish(in_use) == 0
    assert broker.sent == []


def test_what_the_broker_does_not_take_is_published_later(in_use: Runtime, quick: LedgerTask, broker: Broker) -> None:
    ids = write(quick, 3)
    broker.takes = lambda message: message.ids != [ids[1]]
    scheduler = PublishScheduler(in_use)
    scheduler.dispatch(in_use.clock.now())
    with in_use.db.read() as conn:
        again = scheduler.next_due(conn)
    assert again is not None and again > in_use.clock.now(), "not at once, and round and round"
    broker.takes = lambda message: True
    publish(in_use)
    assert [message.ids for message in broker.sent] == [[job_id] for job_id in ids]


def test_a_scheduler_that_cannot_reach_the_broker_leaves_jobs_to_others(
    in_use: Runtime, quick: LedgerTask, broker: Broker
) -> None:
    [job_id] = write(quick, 1)
    broker.away, cut_off = True, PublishScheduler(in_use)
    assert cut_off.dispatch(in_use.clock.now()) == 0
    with in_use.db.read() as conn:
        assert conn.execute(sa.select(jobs.c.published_at).where(jobs.c.id == job_id)).scalar_one() is None
        assert cut_off.next_due(conn) == in_use.clock.now() + timedelta(seconds=1)
    broker.away = False
    assert publish(in_use) == 1


def test_nothing_to_publish_is_nothing_to_do(in_use: Runtime, broker: Broker) -> None:
    with in_use.db.read() as conn:
        assert PublishScheduler(in_use).next_due(conn) is None


def later(runtime: Runtime, seconds: float) -> None:
    assert isinstance(runtime.clock, ManualClock)
    runtime.clock.advance(seconds)


def test_a_lost_message_is_sent_again_once_the_queue_is_empty(
    in_use: Runtime, quick: LedgerTask, broker: Broker
) -> None:
    [lost] = write(quick, 1)
    sweep = SweepScheduler(in_use)
    publish(in_use)
    later(in_use, 14)
    assert sweep.dispatch(in_use.clock.now()) == 0, "it may still be on its way"
    later(in_use, 2)
    broker.empty = False
    assert sweep.dispatch(in_use.clock.now()) == 0, "it may be among those that wait"
    broker.empty = True
    with structlog.testing.capture_logs() as told:
        assert sweep.dispatch(in_use.clock.now()) == 1
    assert [line["event"] for line in told] == ["messages were not taken; their jobs are published again"]
    publish(in_use)
    assert [message.ids for message in broker.sent] == [[lost], [lost]]


def test_what_a_killed_scheduler_marked_and_did_not_send_its_successor_sends(
    in_use: Runtime, quick: LedgerTask, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(messages: list[Message]) -> None:
        raise KeyboardInterrupt

    [job_id] = write(quick, 1)
    with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(publish_scheduler, "send", killed)
        publish(in_use)
    assert publish(in_use) == 0 and broker.sent == []
    successor = FirstSweep(in_use)
    with in_use.db.read() as conn:
        assert successor.next_due(conn) == in_use.clock.now() + timedelta(seconds=0.03)
    later(in_use, 0.04)
    broker.empty = False
    assert FirstSweep(in_use).dispatch(in_use.clock.now()) == 0
    broker.empty = True
    assert successor.dispatch(in_use.clock.now()) == 1
    assert publish(in_use) == 1
    assert [list(message.ids) for message in broker.sent] == [[job_id]]
    with in_use.db.read() as conn:
        assert successor.next_due(conn) is None


def test_a_message_that_others_have_overtaken_is_lost(in_use: Runtime, quick: LedgerTask, broker: Broker) -> None:
    broker.empty = False
    write(quick, 1)
    sweep = SweepScheduler(in_use)
    publish(in_use)
    later(in_use, 20)
    [after] = write(quick, 1)
    publish(in_use)
    assert sweep.dispatch(in_use.clock.now()) == 0
    with in_use.db.write() as conn:
        finish_many(
            conn,
            "worker",
            [(job, Succeeded()) for job in claim(conn, "worker", [after], in_use.clock.now())],
            in_use.clock.now(),
        )
    assert sweep.dispatch(in_use.clock.now()) == 1


def test_a_message_that_a_job_overtook_which_still_runs_is_lost(
    in_use: Runtime, quick: LedgerTask, broker: Broker
) -> None:
    broker.empty = False
    [lost] = write(quick, 1)
    sweep = SweepScheduler(in_use)
    publish(in_use)
    later(in_use, 20)
    [after] = write(quick, 1)
    publish(in_use)
    take(in_use, after)
    assert sweep.dispatch(in_use.clock.now()) == 1
    publish(in_use)
    assert [message.ids for message in broker.sent] == [[lost], [after], [lost]]


def test_the_many_jobs_of_a_queue_do_not_hide_the_lost_ones_of_another(
    in_use: Runtime, quick: LedgerTask, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_scheduler, "_STEP", 2)
    monkeypatch.setattr(sweep_scheduler, "empty_queues", lambda names: set(names) - {"a", "z"})
    sweep = SweepScheduler(in_use)
    for queue, count in (("a", 3), ("m", 1), ("z", 3)):
        with in_use.db.write() as conn:
            for _ in range(count):
                enqueue(conn, NewJob(quick.name, queue, args=(1,)), now=in_use.clock.now())
    publish(in_use)
    later(in_use, 20)
    assert sweep.dispatch(in_use.clock.now()) == 1
    publish(in_use)
    assert broker.sent[-1].queue == "m"


def test_a_broker_that_does_not_answer_and_messages_that_nobody_takes_are_told_of(
    in_use: Runtime, quick: LedgerTask, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(names: Any) -> set[str]:
        raise BrokerError("gone", ())

    ids = write(quick, 3)
    sweep = SweepScheduler(in_use)
    publish(in_use)
    broker.empty = False

    def told() -> list[str]:
        later(in_use, 20)
        with structlog.testing.capture_logs() as lines:
            assert sweep.dispatch(in_use.clock.now()) == 0
        assert all(line["log_level"] == "warning" for line in lines)
        return [line["event"] for line in lines]

    with monkeypatch.context() as cut_off:
        cut_off.setattr(sweep_scheduler, "empty_queues", away)
        assert told() == ["the broker does not say which messages were lost; asking again"]
    still = ["messages wait and no worker takes them"]
    assert [told(), told(), told()] == [[], still, []]
    [job] = take(in_use, ids[0])
    assert [told(), told()] == [[], []], "one is at work"
    with in_use.db.write() as conn:
        finish_many(conn, "worker", [(job, Succeeded())], in_use.clock.now())
    assert [told(), told()] == [[], still]


def test_a_queue_that_fails_does_not_hold_up_the_others(
    in_use: Runtime, quick: LedgerTask, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(conn: sa.Connection, queue: str, *given: Any) -> Any:
        if queue == "broken":
            conn.execute(sa.text("INSERT INTO jobs (id) VALUES (NULL)"))
        return unpublished(conn, queue, *given)

    for queue in ("a", "broken", "z"):
        with in_use.db.write() as conn:
            enqueue(conn, NewJob(quick.name, queue, args=(1,)), now=in_use.clock.now())
    monkeypatch.setattr(publish_scheduler, "unpublished", fails)
    with pytest.raises(ExceptionGroup) as raised:
        publish(in_use)
    assert raised.value.exceptions[0].__notes__ == ["in the queue broken"]
    assert {message.queue for message in broker.sent} == {"a", "z"}
