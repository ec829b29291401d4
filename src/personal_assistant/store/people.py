"""Who uses this assistant. The owner exists from the first run on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.store.database import insert_new
from personal_assistant.store.tables import roles, users
from personal_assistant.store.types import fits

# No password hash looks like this, so nobody can sign in with a password until one is set.
NO_PASSWORD = "!"  # noqa: S105
_ROLES = {1: "user", 2: "administrator"}


class PersonNotFoundError(AssistantError):
    """No person has that id."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose things the assistant looks after. `zone` is an IANA name."""

    id: int
    email: str
    full_name: str | None
    zone: str
    is_owner: bool


_COLUMNS = (users.c.id, users.c.email, users.c.full_name, users.c.zone, users.c.is_owner)


def find_owner(conn: sa.Connection) -> Person | None:
    """The person whose machine this is; None before the first run."""
    row = conn.execute(sa.select(*_COLUMNS).where(users.c.is_owner)).one_or_none()
    return None if row is None else _person(row)


def get_owner(conn: sa.Connection) -> Person:
    """The person whose machine this is. Raises PersonNotFoundError before the first run."""
    owner = find_owner(conn)
    if owner is None:
        raise PersonNotFoundError("This assistant has no owner yet: run `assistant init` or `assistant up` first.")
    return owner


def get_person(conn: sa.Connection, user_id: int) -> Person:
    """Somebody by id. Raises PersonNotFoundError."""
    chosen = sa.select(*_COLUMNS).where(users.c.id == user_id)
    row = conn.execute(chosen).one_or_none() if fits(users.c.id, user_id) else None
    if row is None:
        raise PersonNotFoundError(f"There is no person {user_id}.")
    return _person(row)


def create_owner(conn: sa.Connection, *, name: str | None, zone: str, now: datetime) -> Person:
    """Make the owner, unless there is one; another program may be doing the same. `zone` is an IANA name."""
    owner = find_owner(conn)
    if owner is not None:
        return owner
    if conn.execute(sa.select(roles.c.id).limit(1)).first() is None:
        conn.execute(insert_new(conn, roles), [{"id": key, "name": role} for key, role in _ROLES.items()])
    conn.execute(
        insert_new(conn, users).values(
            email="owner@localhost",
            full_name=name,
            hashed_password=NO_PASSWORD,
            is_active=True,
            is_verified=True,
            created_at=now,
            updated_at=now,
            zone=zone,
            is_owner=True,
        )
    )
    return get_owner(conn)


def set_zone(conn: sa.Connection, person: Person, zone: str, now: datetime) -> Person:
    """Have a person's times meant in another zone, an IANA name, from now on."""
    conn.execute(sa.update(users).where(users.c.id == person.id).values(zone=zone, updated_at=now))
    return get_person(conn, person.id)


def _person(row: Any) -> Person:
    # Rows of the earlier scheduler have no zone; their clock times are UTC until the owner sets one.
    return Person(row.id, row.email, row.full_name, row.zone or "UTC", row.is_owner)
