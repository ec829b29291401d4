"""Mail, webhook and push in every order, on real sockets that misbehave: the next working channel gets it, and once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from tests.ai.support import OWNER
from tests.support.hostile_http import OK, HostileServer, answers, hangs_up, says
from tests.support.smtp import HANG_UP, HostileSmtp
from tests.workers.bench import Bench

from personal_assistant.notifications.addresses import add_address
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import deliveries, jobs
from personal_assistant.workers import runtime as runtime_module
from personal_assistant.workers.tasks.notification_tasks import deliver_message

pytestmark = pytest.mark.over("sqlite")

# What a service does, over HTTP and as an answer to a step of SMTP, and what the state is then.
_BAD: dict[str, tuple[Any, dict[str, str], str]] = {
    "refuses": (answers(400), {"RCPT": "550 nobody here"}, "failed"),
    "is busy": (answers(429), {"MAIL": "451 later"}, "failed"),
    "takes it and hangs up": (hangs_up, {"end": HANG_UP}, "unconfirmed"),
    "answers nonsense": (says(b"\x00 what\r\n\r\n"), {"end": "what"}, "unconfirmed"),
}
_ORDER = list(_BAD)


class Services:
    """One of each, and the owner who is reached by all."""

    def __init__(self, stack: ExitStack, run: Callable[..., Bench]) -> None:
        self.http = {name: stack.enter_context(HostileServer()) for name in ("webhook", "push")}
        self.smtp_answers: dict[str, str] = {}
        self.smtp = stack.enter_context(HostileSmtp(self.smtp_answers))
        self.bench = run(
            deliver_message,
            private_hosts="127.0.0.1",
            fallback_seconds=30.0,
            smtp_url=SecretStr(f"smtp://127.0.0.1:{self.smtp.port}?starttls=never"),
            mail_from="assistant@example.org",
        )
        self.runtime = self.bench.runtime
        runtime_module.use(self.runtime)
        urls = {
            "email": "ada@example.org",
            "webhook": self.http["webhook"].url,
            "push": f"json://127.0.0.1:{self.http['push'].port}/",
        }
        with self.runtime.db.write() as conn:
            for channel, url in urls.items():
                add_address(conn, vault_of(self.runtime.settings), OWNER, channel, url, now=self.runtime.clock.now())

    def behave(self, channel: str, how: str | None) -> None:
        over_http, over_smtp, _ = (OK, {}, "") if how is None else _BAD[how]
        if channel == "email":
            self.smtp_answers.clear()
            self.smtp_answers.update(over_smtp)
        else:
            self.http[channel].behave(over_http)

    def received(self, channel: str, title: str) -> int:
        """How often it was sent such a message: alerts about the other addresses come as well."""
        if channel == "email":
            return sum(f"Subject: {title}\r\n".encode() in text for text in self.smtp.texts)
        return sum(title.encode() in request.body for request in self.http[channel].received)

    def send(self, title: str, channels: tuple[str, ...]) -> dict[str, str]:
        """Send a message and let time pass until nothing is left to do; returns channel to state."""
        with self.runtime.db.write() as conn:
            message = Message(title, OWNER, "reminder", title, None, channels)
            deliver(conn, [message], self.runtime.clock.now())
        self.bench.wake()
        left = sa.select(jobs.c.id, jobs.c.state).where(jobs.c.state.in_(("queued", "running", "scheduled")))
        while True:
            with self.runtime.db.read() as conn:
                found = conn.execute(left).first()
            if found is None:
                break
            if found.state == "scheduled":
                self.runtime.clock.advance(10)  # type: ignore[attr-defined]
                self.bench.let_due_start()
            else:
                self.bench.until(found.id)
        chosen = sa.select(deliveries.c.channel, deliveries.c.state).where(deliveries.c.title == title)
        with self.runtime.db.read() as conn:
            return {row.channel: row.state for row in conn.execute(chosen.order_by(deliveries.c.id))}


@pytest.fixture
def services(run: Callable[..., Bench]) -> Iterator[Services]:
    with ExitStack() as stack:
        yield Services(stack, run)


@pytest.mark.parametrize("order", list(permutations(("email", "webhook", "push"))), ids="-".join)
def test_it_reaches_exactly_the_next_channel_that_works(services: Services, order: tuple[str, ...]) -> None:
    first, second, third = order
    for number, bad in enumerate(_ORDER):
        other = _ORDER[(number + 1) % len(_ORDER)]
        services.behave(first, bad)
        services.behave(second, other)
        services.behave(third, None)
        states = services.send(f"Nr {number}", order)
        assert states == {"in_app": "sent", first: _BAD[bad][2], second: _BAD[other][2], third: "sent"}, (bad, other)
        assert services.received(third, f"Nr {number}") == 1
