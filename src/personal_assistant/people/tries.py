"""How often somebody may try: after so many failures a lock, which doubles with each further one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Any

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.store.database import insert_new
from personal_assistant.store.tables import sign_in_tries

FIRST_LOCK = timedelta(minutes=15)
LONGEST_LOCK = timedelta(hours=24)
# That long after the last failure, and after the end of its lock, it is forgotten.
FORGOTTEN = timedelta(hours=24)
_MOST_REMOVED = 500
_IPV6_PREFIX = 64


class LockedOutError(AssistantError):
    """Too many tries have failed. `until` is when the next one is looked at."""

    def __init__(self, until: datetime, now: datetime) -> None:
        minutes = -(-int((until - now).total_seconds()) // 60)
        super().__init__(f"Too many tries have failed. Try again in {minutes} minute{'' if minutes == 1 else 's'}.")
        self.until = until
        self.seconds = max(1, int((until - now).total_seconds()))


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose failures are counted: an e-mail address, a client. The failure number `free` in a row locks it."""

    kind: str
    text: str
    free: int

    @property
    def key(self) -> str:
        return sha256(f"{self.kind}\0{self.text}".encode("utf-8", "surrogatepass")).hexdigest()


def of_client(kind: str, client: str, free: int) -> Subject:
    """A client by its address; of IPv6 the network of 64 bits, which one client has to itself."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return Subject(kind, client, free)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return Subject(kind, str(IPv6Address(int(address) >> _IPV6_PREFIX << _IPV6_PREFIX)), free)
    return Subject(kind, str(getattr(address, "ipv4_mapped", None) or address), free)


def begin(conn: sa.Connection, subjects: Sequence[Subject], now: datetime) -> bool:
    """Count a try as failed before it is looked at, so that many at once are not more than allowed.

    Returns whether this one has locked somebody. Raises LockedOutError, and counts nothing, where one is locked.
    """
    _remove_old(conn, now)
    rows = {it.key: _locked_row(conn, it.key, now) for it in sorted(subjects, key=lambda it: it.key)}
    ends = [row.locked_until for row in rows.values() if row.locked_until is not None and row.locked_until > now]
    if ends:
        raise LockedOutError(max(ends), now)
    locks = False
    for subject in subjects:
        row = rows[subject.key]
        failures = 1 if _forgotten(row, now) else row.failures + 1
        until = now + _lock(failures - subject.free) if failures >= subject.free else None
        locks = locks or until is not None
        _write(conn, subject, failures=failures, last_at=now, locked_until=until)
    return locks


def forgive(conn: sa.Connection, subject: Subject) -> None:
    """Forget all failures of a subject, which has succeeded."""
    conn.execute(sa.delete(sign_in_tries).where(sign_in_tries.c.key == subject.key))


def give_back(conn: sa.Connection, subject: Subject, now: datetime) -> None:
    """Take back the one try that `begin` counted; those before it stay."""
    row = _locked_row(conn, subject.key, now)
    failures = max(row.failures - 1, 0)
    until = None if failures < subject.free else row.locked_until
    _write(conn, subject, failures=failures, locked_until=until)


def _lock(over: int) -> timedelta:
    return min(FIRST_LOCK * (1 << min(over, 10)), LONGEST_LOCK)


def _forgotten(row: Any, now: datetime) -> bool:
    return bool(now - max(row.last_at, row.locked_until or row.last_at) >= FORGOTTEN)


def _locked_row(conn: sa.Connection, key: str, now: datetime) -> Any:
    conn.execute(insert_new(conn, sign_in_tries).values(key=key, failures=0, last_at=now))
    return conn.execute(sa.select(sign_in_tries).where(sign_in_tries.c.key == key).with_for_update()).one()


def _write(conn: sa.Connection, subject: Subject, **values: Any) -> None:
    conn.execute(sa.update(sign_in_tries).where(sign_in_tries.c.key == subject.key).values(**values))


def _remove_old(conn: sa.Connection, now: datetime) -> None:
    old = sa.select(sign_in_tries.c.key).where(sign_in_tries.c.last_at < now - FORGOTTEN - LONGEST_LOCK)
    # Skipped where another transaction holds them: it is not waited for, nor met half-way.
    chosen = old.limit(_MOST_REMOVED).with_for_update(skip_locked=True)
    conn.execute(sa.delete(sign_in_tries).where(sign_in_tries.c.key.in_(chosen)))
