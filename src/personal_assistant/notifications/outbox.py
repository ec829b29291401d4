"""What is to be sent: a row that waits, put together with its message, its address and its person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.notifications.addresses import open_target
from personal_assistant.notifications.links import links_for
from personal_assistant.notifications.model import Address, Link, Parcel, Target
from personal_assistant.notifications.senders import SendingConfig
from personal_assistant.store.bulk import among
from personal_assistant.store.secrets import SecretsError, Vault
from personal_assistant.store.tables import addresses, deliveries, users

# A person may have a job that failed or was unconfirmed done again.
_MAY_BE_SENT = frozenset({"pending", "failed", "unconfirmed"})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One try as it stands. `obstacle` is why it is not to be made, `attempts` how many of its attempts have ended.

    parcel: None where its address is gone or cannot be opened.
    has_next: whether another channel takes over when this one fails.
    """

    parcel: Parcel | None
    state: str
    attempts: int
    has_next: bool
    begun_at: datetime
    expires_at: datetime | None
    done: bool
    obstacle: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state in _MAY_BE_SENT


_message = deliveries.alias("message")
_CHOSEN = (
    sa.select(
        deliveries.c.id,
        deliveries.c.key,
        deliveries.c.state,
        deliveries.c.attempts,
        deliveries.c.position,
        deliveries.c.created_at,
        deliveries.c.message_id,
        _message.c.kind,
        _message.c.topic,
        _message.c.title,
        _message.c.body,
        _message.c.urgent,
        _message.c.due_at,
        _message.c.created_at.label("written_at"),
        _message.c.expires_at,
        _message.c.done_at,
        _message.c.route,
        addresses.c.id.label("address_id"),
        addresses.c.user_id,
        addresses.c.channel,
        addresses.c.name,
        addresses.c.masked,
        addresses.c.position.label("place"),
        addresses.c.enabled,
        addresses.c.sealed,
        sa.func.coalesce(users.c.zone, "UTC").label("zone"),
        sa.func.coalesce(users.c.full_name, "").label("person"),
    )
    .join(_message, _message.c.id == deliveries.c.message_id)
    .join(users, users.c.id == deliveries.c.user_id)
    .outerjoin(addresses, addresses.c.id == deliveries.c.address_id)
)


def load_outgoing(
    conn: sa.Connection, ids: Sequence[int], vault: Vault, config: SendingConfig, now: datetime
) -> dict[int, Outgoing]:
    """Those of these tries that there are."""
    rows = conn.execute(_CHOSEN.where(among(conn, deliveries.c.id, ids))).all()
    return {row.id: _outgoing(row, vault, config, now) for row in rows}


def _outgoing(row: Any, vault: Vault, config: SendingConfig, now: datetime) -> Outgoing:
    target, obstacle = _target(row, vault)
    links = () if target is None else links_for(row.message_id, row.user_id, config, vault, now)
    return Outgoing(
        None if target is None else _parcel(row, target, links),
        row.state,
        row.attempts,
        row.position is not None and row.position + 1 < len(row.route or ()),
        row.created_at,
        row.expires_at,
        row.done_at is not None,
        obstacle,
    )


def _target(row: Any, vault: Vault) -> tuple[Target | None, str | None]:
    if row.address_id is None or not row.enabled:
        return None, "The address was removed." if row.address_id is None else "The address is switched off."
    try:
        return open_target(vault, row.address_id, row.sealed), None
    except SecretsError as error:
        return None, str(error)


def _parcel(row: Any, target: Target, links: Sequence[Link]) -> Parcel:
    return Parcel(
        key=row.key,
        attempt=row.attempts + 1,
        address=Address(row.address_id, row.user_id, row.channel, row.name, row.masked, row.place, row.enabled),
        target=target,
        message_id=row.message_id,
        kind=row.kind,
        topic=row.topic,
        title=row.title,
        body=row.body,
        urgent=row.urgent,
        due_at=row.due_at,
        created_at=row.written_at,
        zone=row.zone,
        person=row.person,
        links=links,
    )
