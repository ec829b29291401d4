"""Writing down what came of tries, and having the next channel take over."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.notifications import incidents
from personal_assistant.notifications.address_states import note_failed
from personal_assistant.notifications.channels import IN_APP
from personal_assistant.notifications.model import Message
from personal_assistant.notifications.planning import Step, plan
from personal_assistant.store.bulk import among, update_rows
from personal_assistant.store.tables import addresses, deliveries

# That an address works is noted so often.
_NOTED_EVERY = timedelta(minutes=1)
_TAKES_OVER = ("failed", "unconfirmed")


@dataclass(frozen=True, slots=True)
class Ended:
    """How one attempt ended; `pending` when it is to be tried again. `attempt` is its number."""

    delivery_id: int
    attempt: int
    state: str
    error: str | None = None
    receipt: str | None = None


_message = deliveries.alias("message")
_CHOSEN = (
    sa.select(
        deliveries.c.id,
        deliveries.c.user_id,
        deliveries.c.position,
        deliveries.c.address_id,
        deliveries.c.message_id,
        _message.c.key,
        _message.c.kind,
        _message.c.title,
        _message.c.route,
        addresses.c.name,
        addresses.c.masked,
    )
    .join(_message, _message.c.id == deliveries.c.message_id)
    .outerjoin(addresses, addresses.c.id == deliveries.c.address_id)
)


def note(conn: sa.Connection, ended: Sequence[Ended], now: datetime) -> list[Message]:
    """Write down how attempts ended, in the transaction that ends their jobs.

    Where one failed or stayed unconfirmed, the next channel takes over. Returns what is to be told to people about
    their addresses: those that fail for the first time, and those that work again.
    """
    rows = [
        [it.delivery_id, it.state, it.error, it.attempt, it.receipt and it.receipt[:200], _sent_at(it, now)]
        for it in ended
    ]
    update_rows(conn, deliveries, "id", ("state", "error", "attempts", "receipt", "sent_at"), rows)
    found = {
        row.id: row
        for row in conn.execute(_CHOSEN.where(among(conn, deliveries.c.id, [it.delivery_id for it in ended]))).all()
    }
    known = [(it, found[it.delivery_id]) for it in ended if it.delivery_id in found]
    about = plan(conn, [_next(row) for it, row in known if it.state in _TAKES_OVER], now)
    return about + _told(conn, known, now)


def _sent_at(it: Ended, now: datetime) -> datetime | None:
    return now if it.state == "sent" else None


def _next(row: Any) -> Step:
    event = row.key.removesuffix(f":{IN_APP}")
    position = len(row.route or ()) if row.position is None else row.position + 1
    return Step(row.message_id, event, row.user_id, row.kind, row.title, row.route or (), position)


def _told(conn: sa.Connection, known: Sequence[tuple[Ended, Any]], now: datetime) -> list[Message]:
    """Note at each address how it does."""
    worked = {row.address_id: row.user_id for it, row in known if it.state == "sent" and row.address_id is not None}
    failed: dict[int, tuple[Ended, Any]] = {}
    counted: dict[int, int] = defaultdict(int)
    for it, row in known:
        if it.state == "failed" and row.address_id is not None:
            failed[row.address_id] = it, row
            counted[row.address_id] += 1
    _note_addresses(conn, worked, failed, now)
    messages = incidents.succeeded(conn, {_about(address_id): user for address_id, user in worked.items()}, now)
    for address_id, (it, row) in sorted(failed.items()):
        for _ in range(counted[address_id]):
            told = incidents.failed(
                conn, row.user_id, _about(address_id), f"messages by {row.name}", "delivery", it.error or "", now
            )
            messages += [told] if told is not None else []
    return messages


def _about(address_id: int) -> str:
    return f"address:{address_id}"


def _note_addresses(
    conn: sa.Connection, worked: dict[int, int], failed: dict[int, tuple[Ended, Any]], now: datetime
) -> None:
    """One statement for each address, in the order of their ids, so that two workers do not wait for each other."""
    for address_id in sorted({*worked, *failed}):
        this = sa.update(addresses).where(addresses.c.id == address_id)
        if address_id in worked:
            stale = sa.or_(
                addresses.c.last_sent_at.is_(None),
                addresses.c.last_sent_at < now - _NOTED_EVERY,
                addresses.c.last_sent_at <= addresses.c.last_error_at,
            )
            conn.execute(this.where(stale).values(last_sent_at=now))
        if address_id in failed:
            note_failed(conn, address_id, failed[address_id][0].error or "", now)
