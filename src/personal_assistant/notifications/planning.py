"""The next try to bring a message to its person: a row that waits, and the job that does it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.enqueue import enqueue_many
from personal_assistant.jobs.model import NewJob
from personal_assistant.notifications.caps import Cap, caps_of
from personal_assistant.notifications.model import DELIVER, QUEUE, Message
from personal_assistant.store.bulk import among, insert_returning
from personal_assistant.store.tables import addresses, deliveries

# A service that is away is tried for a day, and a process that is killed takes an attempt with it.
ATTEMPTS = 250
_SWITCHED_OFF = "The address is switched off."
_COLUMNS = (
    "key", "user_id", "kind", "channel", "state", "title", "error", "created_at", "message_id", "address_id",
    "position",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """A message, and the place in its route from which on it is to be tried. `key` is that of its event."""

    message_id: int
    key: str
    user_id: int
    kind: str
    title: str
    route: Sequence[int]
    position: int = 0


def plan(conn: sa.Connection, steps: Sequence[Step], now: datetime) -> list[Message]:
    """Write the next try of each message, in the transaction that calls for it; none where its route has ended.

    A place whose address was removed is passed over; of one that is not to be used it is noted why. Returns what people
    are to be told about it: that a channel has carried what it may carry in a day.
    """
    channels = _channels(conn, {address_id for step in steps for address_id in step.route[step.position :]})
    caps = caps_of(conn, {step.user_id for step in steps}, now) if channels else {}
    rows = [row for step in steps for row in _rows(step, channels, caps, now)]
    made = insert_returning(conn, deliveries, _COLUMNS, rows, ("id", "user_id", "state"))
    jobs = [
        NewJob(DELIVER, QUEUE, (row.id,), max_attempts=ATTEMPTS, user_id=row.user_id)
        for row in sorted(made, key=lambda row: row.id)
        if row.state == "pending"
    ]
    enqueue_many(conn, jobs, now=now)
    return [cap.warning(user_id) for (user_id, _), cap in caps.items() if cap.left <= 0]


def _rows(
    step: Step, channels: Mapping[int, tuple[str, str | None]], caps: Mapping[tuple[int, str], Cap], now: datetime
) -> Iterator[list[Any]]:
    """Those that are passed over with a reason, and the one that is tried."""
    for position in range(step.position, len(step.route)):
        address_id = step.route[position]
        if address_id not in channels:
            continue
        channel, obstacle = channels[address_id]
        cap = caps.get((step.user_id, channel))
        if cap is not None and obstacle is None:
            obstacle = cap.reached if cap.left <= 0 else None
            cap.left -= 1
        yield [
            f"{step.key}:{address_id}", step.user_id, step.kind, channel, "suppressed" if obstacle else "pending",
            step.title, obstacle, now, step.message_id, address_id, position,
        ]  # fmt: skip
        if obstacle is None:
            return


def _channels(conn: sa.Connection, ids: set[int]) -> dict[int, tuple[str, str | None]]:
    """Address to its channel, and to why it is not to be used."""
    chosen = sa.select(addresses.c.id, addresses.c.channel, addresses.c.enabled).where(among(conn, addresses.c.id, ids))
    found = conn.execute(chosen) if ids else ()
    return {row.id: (row.channel, None if row.enabled else _SWITCHED_OFF) for row in found}
