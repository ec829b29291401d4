"""How addresses have done lately: for the list of them, and for what looks after the whole."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.notifications.addresses import list_addresses
from personal_assistant.notifications.model import Address
from personal_assistant.store.tables import addresses


@dataclass(frozen=True, slots=True)
class AddressState:
    """An address, when something last went there, and what last went wrong."""

    address: Address
    last_sent_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None

    @property
    def fails(self) -> bool:
        """Whether the last thing that happened there is a failure."""
        if self.last_error_at is None:
            return False
        return self.last_sent_at is None or self.last_error_at > self.last_sent_at


def address_states(conn: sa.Connection, user_id: int) -> list[AddressState]:
    """A person's addresses, in the order in which they are tried."""
    columns = (addresses.c.id, addresses.c.last_sent_at, addresses.c.last_error, addresses.c.last_error_at)
    rows = {row.id: row for row in conn.execute(sa.select(*columns).where(addresses.c.user_id == user_id))}
    return [
        AddressState(it, rows[it.id].last_sent_at, rows[it.id].last_error, rows[it.id].last_error_at)
        for it in list_addresses(conn, user_id)
        if it.id in rows
    ]


def note_sent(conn: sa.Connection, address_id: int, now: datetime) -> None:
    """Something has been taken there."""
    conn.execute(sa.update(addresses).where(addresses.c.id == address_id).values(last_sent_at=now))


def note_failed(conn: sa.Connection, address_id: int, error: str, now: datetime) -> None:
    """Something was not taken there."""
    values = {"last_error": error, "last_error_at": now}
    conn.execute(sa.update(addresses).where(addresses.c.id == address_id).values(values))
