"""Messages stored for one address at once, and how long until the last of them was sent."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from personal_assistant.benchmarks.deliveries.received import Receiver, ceiling
from personal_assistant.benchmarks.figures import Figure
from personal_assistant.notifications.addresses import add_address
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.store.people import get_owner
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import deliveries
from personal_assistant.workers.runtime import Runtime

_STEP = 1000
_LOOK_EVERY_SECONDS = 0.02
_GIVE_UP_SECONDS = 120.0
_PER_SECOND = 1000.0
# 16 for one host; mail has four sessions, each for a hundred messages.
_MOST_CONNECTIONS = 16
_MOST_SESSIONS = 4
_MAILS_EACH = 100


@dataclass(frozen=True, slots=True)
class _Burst:
    """Seconds from the first message stored, and from the last, until all were sent; None where that was not reached.

    `sent` is how many rows say that they are sent.
    """

    seconds: float | None
    seconds_after_queued: float | None
    sent: int


def addresses_at(runtime: Runtime, receiver: Receiver) -> tuple[int, int]:
    """Give the owner a webhook and a mail address that lead to the receiver; returns their ids."""
    vault, now = vault_of(runtime.settings), runtime.clock.now()
    with runtime.db.write() as conn:
        owner = get_owner(conn).id
        webhook, _ = add_address(conn, vault, owner, "webhook", receiver.webhook_url, now=now)
        mail, _ = add_address(conn, vault, owner, "email", "ada@bench.example", now=now)
        return webhook.id, mail.id


def bursts(
    runtime: Runtime, receiver: Receiver, addresses: tuple[int, int], count: int, mails: int, say: Callable[[str], None]
) -> list[Figure]:
    """Both bursts through the assistant that runs on this database, and the receiver's own ceiling."""
    webhook_id, mail_id = addresses
    say("one message to each, so that all is loaded")
    _burst(runtime, "warm-webhook", webhook_id, 1)
    _burst(runtime, "warm-mail", mail_id, 1)
    say(f"{count:,} messages to a webhook")
    webhooks = _burst(runtime, "webhook", webhook_id, count)
    say(f"{mails:,} mails")
    mailed = _burst(runtime, "mail", mail_id, mails)
    counts = receiver.counts()
    say(f"{count:,} to the receiver by a bare client")
    bare = ceiling(count)
    came, posted = counts["webhook"], counts["mail"]
    most_sessions = _MOST_SESSIONS + (mails + 1) // _MAILS_EACH
    return [
        Figure("count", "messages to a webhook", count),
        Figure("sent", "of them sent", webhooks.sent, at_least=count),
        Figure("repeated", "requests beyond one for each", came["requests"] - came["different"], at_most=0),
        Figure("missing", "messages that did not come", count + 1 - came["different"], at_most=0),
        Figure("seconds", "from the first stored to the last sent", _rounded(webhooks.seconds), "s"),
        Figure("seconds_after_queued", "from the last stored", _rounded(webhooks.seconds_after_queued), "s"),
        Figure("per_second", "that is", _rate(count, webhooks), "a second", at_least=_PER_SECOND),
        Figure("bare_per_second", "a bare client's rate at the same receiver", round(bare), "a second"),
        Figure("connections", "connections in all", came["connections"]),
        Figure("most_connections", "of them at once", came["most_at_once"], at_most=_MOST_CONNECTIONS),
        Figure("mails", "mails", mails),
        Figure("mails_sent", "of them sent", mailed.sent, at_least=mails),
        Figure("mails_repeated", "mails beyond one for each", posted["requests"] - posted["different"], at_most=0),
        Figure("mails_missing", "mails that did not come", mails + 1 - posted["different"], at_most=0),
        Figure("mails_seconds", "from the first stored to the last sent", _rounded(mailed.seconds), "s"),
        Figure("mails_per_second", "that is", _rate(mails, mailed), "a second"),
        Figure("sessions", "sessions with the mail server in all", posted["connections"], at_most=most_sessions),
        Figure("most_sessions", "of them at once", posted["most_at_once"], at_most=_MOST_SESSIONS),
    ]


def _burst(runtime: Runtime, name: str, address_id: int, count: int) -> _Burst:
    with runtime.db.read() as conn:
        owner = get_owner(conn).id
    stored_at = None
    for start in range(0, count, _STEP):
        with runtime.db.write() as conn:
            numbers = range(start, min(start + _STEP, count))
            deliver(conn, [_message(f"{name}:{it}", owner, address_id) for it in numbers], runtime.clock.now())
        stored_at = stored_at or time.monotonic()
    queued_at = time.monotonic()
    assert stored_at is not None
    mine = sa.and_(deliveries.c.address_id == address_id, deliveries.c.key.like(f"{name}:%"))
    still_open = sa.select(deliveries.c.id).where(mine, deliveries.c.state == "pending").limit(1)
    while True:
        with runtime.db.read() as conn:
            done = conn.execute(still_open).first() is None
        ended_at = time.monotonic()
        if done or ended_at - queued_at > _GIVE_UP_SECONDS:
            break
        time.sleep(_LOOK_EVERY_SECONDS)
    with runtime.db.read() as conn:
        sent = sa.select(sa.func.count()).where(mine, deliveries.c.state == "sent")
        number = conn.execute(sent).scalar_one()
    return _Burst(ended_at - stored_at if done else None, ended_at - queued_at if done else None, number)


def _message(key: str, user_id: int, address_id: int) -> Message:
    return Message(key, user_id, "reminder", f"Message {key}", "x" * 100, None, route=[address_id])


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _rate(count: int, burst: _Burst) -> float | None:
    return None if not burst.seconds else round(count / burst.seconds)
