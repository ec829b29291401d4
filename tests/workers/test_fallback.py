"""Mail, webhook and push in every order, on real sockets that misbehave: the next working channel gets it, and once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import permutations

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from tests.ai.support import OWNER
from tests.support.hostile_http import OK, Behaviour, HostileServer, answers, hangs, hangs_up, says
from tests.support.smtp import HANG, HANG_UP, HostileSmtp
from tests.workers.bench import Bench

from personal_assistant.notifications.addresses import add_address
from personal_assistant.notifications.channels import IDEMPOTENT
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.notifications.net.pause import pauses
from personal_assistant.notifications.outbox import Outgoing
from personal_assistant.notifications.senders import SendingConfig
from personal_assistant.notifications.sending import Sent, attempt
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import deliveries, jobs
from personal_assistant.workers import runtime as runtime_module
from personal_assistant.workers.tasks import notification_tasks
from personal_assistant.workers.tasks.notification_tasks import deliver_message

pytestmark = pytest.mark.over("sqlite")

_FALLBACK_SECONDS = 30.0
# How long is waited for the answer of a service that will not give one.
_SHORT_SECONDS = 0.25


@dataclass(frozen=True)
class Bad:
    """What a service does, over HTTP and as an answer to a step of SMTP, and what the state is then."""

    over_http: Behaviour
    over_smtp: dict[str, str]
    state: str
    smtp_state: str = ""
    hangs: bool = False

    def state_of(self, channel: str) -> str:
        return self.smtp_state or self.state if channel == "email" else self.state


_BAD = {
    "refuses": Bad(answers(400), {"RCPT": "550 nobody here"}, "failed"),
    "is busy": Bad(answers(429), {"MAIL": "451 later"}, "failed"),
    "is busy for long": Bad(answers(429, "Retry-After: 3600"), {"DATA": "451 in an hour"}, "failed"),
    "takes it and hangs up": Bad(hangs_up, {"end": HANG_UP}, "unconfirmed"),
    "answers nonsense": Bad(says(b"\x00 what\r\n\r\n"), {"end": "what"}, "unconfirmed"),
    "takes it and never answers": Bad(hangs, {"end": HANG}, "unconfirmed", hangs=True),
    # Of HTTP the connection is followed by the whole request; SMTP has to be greeted first.
    "lets connect and never answers": Bad(hangs, {"greeting": HANG}, "unconfirmed", "failed", hangs=True),
}
_ORDER = list(_BAD)


class Services:
    """One of each, and the owner who is reached by all."""

    def __init__(self, stack: ExitStack, run: Callable[..., Bench]) -> None:
        self.http = {name: stack.enter_context(HostileServer()) for name in ("webhook", "push")}
        self.hanging: set[str] = set()
        self.smtp_answers: dict[str, str] = {}
        self.smtp = stack.enter_context(HostileSmtp(self.smtp_answers))
        self.bench = run(
            deliver_message,
            private_hosts="127.0.0.1",
            fallback_seconds=_FALLBACK_SECONDS,
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

    def behave(self, channel: str, bad: Bad | None) -> None:
        self.hanging.discard(channel)
        if bad is not None and bad.hangs:
            self.hanging.add(channel)
        if channel == "email":
            self.smtp_answers.clear()
            self.smtp_answers.update({} if bad is None else bad.over_smtp)
        else:
            self.http[channel].behave(OK if bad is None else bad.over_http)

    async def attempt(self, outgoing: Outgoing, number: int, config: SendingConfig, now: datetime) -> Sent:
        """As it is done, but with little patience for those that hang."""
        assert outgoing.parcel is not None
        if outgoing.parcel.address.channel in self.hanging:
            config = replace(config, connect_seconds=_SHORT_SECONDS, reply_seconds=_SHORT_SECONDS)
        # Real time, unlike the test's, does not go on for as long as a service asks to be left alone.
        pauses()._paused.clear()
        return await attempt(outgoing, number, config, now)

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
def services(run: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    with ExitStack() as stack:
        services = Services(stack, run)
        monkeypatch.setattr(notification_tasks, "attempt", services.attempt)
        yield services


@pytest.mark.parametrize("order", list(permutations(("email", "webhook", "push"))), ids="-".join)
def test_it_reaches_exactly_the_next_channel_that_works(services: Services, order: tuple[str, ...]) -> None:
    first, second, third = order
    for number, name in enumerate(_BAD):
        bad, other = _BAD[name], _BAD[_ORDER[(number + 1) % len(_ORDER)]]
        services.behave(first, bad)
        services.behave(second, other)
        services.behave(third, None)
        states = services.send(f"Nr {number}", order)
        expected = {"in_app": "sent", first: bad.state_of(first), second: other.state_of(second), third: "sent"}
        assert states == expected, name
        assert services.received(third, f"Nr {number}") == 1
        # What may have arrived is repeated only where the service is given a key to tell that by.
        doubtful = [it for it in (first, second) if states[it] == "unconfirmed" and it not in IDEMPOTENT]
        assert [services.received(it, f"Nr {number}") for it in doubtful] == [1] * len(doubtful), name
