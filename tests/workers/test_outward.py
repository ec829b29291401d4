"""Messages on their way out: the next channel takes over, the states say what happened, nothing goes twice."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER
from tests.support.hostile_http import OK, Behaviour, HostileServer, answers, hangs, refusing_url, says
from tests.workers.bench import Bench

from personal_assistant.notifications.addresses import add_address
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import addresses, deliveries, jobs
from personal_assistant.workers import runtime as runtime_module
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks.notification_tasks import deliver_message

pytestmark = pytest.mark.over("sqlite", "postgresql")

REFUSES = answers(400, body=b"no such hook")
BUSY = answers(503)
WAIT_A_MINUTE = answers(429, "Retry-After: 60")
GARBAGE = says(b"\x00\xff nonsense\r\n\r\n")


class Reached:
    """The owner with webhooks on servers of their own, and a runner that sends."""

    def __init__(self, run: Callable[..., Bench], servers: list[HostileServer]) -> None:
        self.bench = run(deliver_message, private_hosts="127.0.0.1", fallback_seconds=30.0)
        self.runtime: Runtime = self.bench.runtime
        runtime_module.use(self.runtime)  # which is what the task reads; `in_use` takes it back
        self.servers = servers
        for number, server in enumerate(servers):
            self.add(server.url, f"hook-{number}")

    def add(self, url: str, name: str) -> int:
        with self.runtime.db.write() as conn:
            made, _ = add_address(
                conn, vault_of(self.runtime.settings), OWNER, "webhook", url, name=name, now=self.runtime.clock.now()
            )
        return made.id

    def send(self, *keys: str, **more: Any) -> None:
        messages = [
            Message(**{"key": key, "user_id": OWNER, "kind": "reminder", "title": f"Title of {key}", "body": None,
                       "channels": None, **more})
            for key in keys or ("a",)
        ]  # fmt: skip
        with self.runtime.db.write() as conn:
            deliver(conn, messages, self.runtime.clock.now())
        self.bench.wake()

    def settled(self) -> list[tuple[str, str]]:
        """The tries of all messages as pairs of address and state, once none waits for its first attempt."""
        open_jobs = sa.select(jobs.c.id).where(jobs.c.state.in_(("queued", "running")))
        while True:
            with self.runtime.db.read() as conn:
                left = list(conn.execute(open_jobs).scalars())
            if not left:
                return self.states()
            self.bench.until(left[0])

    def rows(self) -> list[Any]:
        chosen = sa.select(deliveries, addresses.c.name).outerjoin(addresses, addresses.c.id == deliveries.c.address_id)
        with self.runtime.db.read() as conn:
            return list(conn.execute(chosen.where(deliveries.c.channel != "in_app").order_by(deliveries.c.id)))

    def states(self) -> list[tuple[str, str]]:
        return [(row.name, row.state) for row in self.rows() if not row.title.startswith(("❌", "✅"))]

    def later(self, seconds: float) -> list[tuple[str, str]]:
        self.runtime.clock.advance(seconds)  # type: ignore[attr-defined]
        self.bench.let_due_start()
        return self.settled()

    def told(self) -> list[str]:
        """The titles in the in-app list."""
        chosen = sa.select(deliveries.c.title).where(deliveries.c.channel == "in_app").order_by(deliveries.c.id)
        with self.runtime.db.read() as conn:
            return list(conn.execute(chosen).scalars())


@pytest.fixture
def reached(run: Callable[..., Bench]) -> Iterator[Callable[..., Reached]]:
    """The owner with a webhook on a server for each behaviour that is given."""
    with ExitStack() as stack:

        def reached(*behaviours: Behaviour) -> Reached:
            servers = [stack.enter_context(HostileServer()) for _ in behaviours]
            for server, behaviour in zip(servers, behaviours, strict=True):
                server.behave(behaviour)
            return Reached(run, servers)

        yield reached


def counts(it: Reached) -> list[int]:
    """How many requests about the message itself each server was sent."""
    return [sum(b"Title of" in request.body for request in server.received) for server in it.servers]


def test_the_first_address_is_enough(reached: Callable[..., Reached]) -> None:
    it = reached(OK, OK)
    it.send("a", "b")
    assert it.settled() == [("hook-0", "sent"), ("hook-0", "sent")]
    assert (counts(it), it.told()) == ([2, 0], ["Title of a", "Title of b"])
    assert {(row.attempts, row.sent_at, row.error) for row in it.rows()} == {(1, it.runtime.clock.now(), None)}


def test_a_message_is_sent_once_per_key(reached: Callable[..., Reached]) -> None:
    it = reached(OK)
    it.send("a")
    it.settled()
    it.send("a")
    it.settled()
    assert counts(it) == [1]


@pytest.mark.parametrize("fails", [REFUSES, answers(302, "Location: http://127.0.0.1/")], ids=["refuses", "redirects"])
def test_the_next_takes_over_at_once_from_one_that_refuses(reached: Callable[..., Reached], fails: Behaviour) -> None:
    it = reached(fails, OK, OK)
    it.send()
    assert it.settled() == [("hook-0", "failed"), ("hook-1", "sent")]
    assert counts(it) == [1, 1, 0]


@pytest.mark.parametrize("busy", [BUSY, WAIT_A_MINUTE], ids=["busy", "asks to wait"])
def test_one_that_is_busy_has_its_time_and_then_the_next_takes_over(
    reached: Callable[..., Reached], busy: Behaviour
) -> None:
    it = reached(busy, OK)
    it.send()
    state = it.settled()
    for _ in range(10):
        if len(state) > 1:
            break
        state = it.later(10)
    assert state == [("hook-0", "failed"), ("hook-1", "sent")]
    assert counts(it)[1] == 1


def test_one_that_is_busy_for_a_moment_is_asked_again(reached: Callable[..., Reached]) -> None:
    it = reached(OK, OK)
    it.servers[0].behave(BUSY, OK)
    it.send()
    assert it.settled() == [("hook-0", "pending")]
    assert it.later(2) == [("hook-0", "sent")]
    assert (counts(it), it.rows()[0].attempts) == ([2, 0], 2)
    keys = {request.headers["idempotency-key"] for request in it.servers[0].received}
    assert len(keys) == 1


def test_one_that_answers_nonsense_is_unconfirmed_in_the_end(reached: Callable[..., Reached]) -> None:
    it = reached(GARBAGE, OK)
    it.send()
    state = it.settled()
    for _ in range(10):
        state = it.later(10) if len(state) == 1 else state
    assert state == [("hook-0", "unconfirmed"), ("hook-1", "sent")]


def test_when_no_channel_works_the_message_is_in_the_list_and_the_failures_are_told_once(
    reached: Callable[..., Reached],
) -> None:
    it = reached(REFUSES, REFUSES)
    it.send("a", "b")
    assert sorted(it.settled()) == sorted([("hook-0", "failed"), ("hook-1", "failed")] * 2)
    told = it.told()
    assert told[:2] == ["Title of a", "Title of b"]
    assert sorted(told[2:]) == ["❌ Failed: messages by hook-0", "❌ Failed: messages by hook-1"]
    for server in it.servers:
        server.behave(OK)
    it.send("c")
    it.settled()
    assert "✅ Works again: messages by hook-0" in it.told()


def test_an_address_that_cannot_be_reached_and_one_that_is_switched_off(reached: Callable[..., Reached]) -> None:
    it = reached(OK)
    closed = it.add(refusing_url(), "closed")
    off = it.add(it.servers[0].url, "off")
    it.send("a", route=[closed, off])
    with it.runtime.db.write() as conn:
        conn.execute(sa.update(addresses).where(addresses.c.id == off).values(enabled=False))
    state = it.settled()
    for _ in range(6):
        state = it.later(10) if len(state) == 1 else state
    assert state == [("closed", "failed"), ("off", "suppressed")]
    assert [row.error for row in it.rows()][1:2] == ["The address is switched off."]
    assert counts(it) == [0]


def test_what_has_expired_or_is_done_is_not_sent(reached: Callable[..., Reached]) -> None:
    it = reached(BUSY, OK)
    it.send("soon over", expires_at=it.runtime.clock.now())
    it.send("done")
    it.settled()
    with it.runtime.db.write() as conn:
        done = sa.update(deliveries).where(deliveries.c.title == "Title of done")
        conn.execute(done.values(done_at=it.runtime.clock.now()))
    assert it.later(60) == [("hook-0", "suppressed"), ("hook-0", "suppressed")]
    assert [row.error for row in it.rows()] == ["It had expired.", "It is done already."]
    assert counts(it)[1] == 0


def test_a_channel_that_is_not_set_up_is_told_and_the_others_are_used(reached: Callable[..., Reached]) -> None:
    it = reached(OK)
    it.send(channels=["sms", "webhook"])
    it.settled()
    assert [(row.channel, row.state) for row in it.rows()] == [("sms", "failed"), ("webhook", "sent")]


def test_a_server_that_never_answers_holds_up_nobody(reached: Callable[..., Reached]) -> None:
    it = reached(hangs, OK)
    it.send("a")
    it.servers[0].wait_for(1)
    [second] = [row.address_id for row in it.rows()]
    with it.runtime.db.read() as conn:
        other = conn.execute(sa.select(addresses.c.id).where(addresses.c.id != second)).scalar_one()
    it.send("b", route=[other])
    it.servers[1].wait_for(1)
    it.servers[0].closing.set()
