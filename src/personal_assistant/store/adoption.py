"""Adopting a database of the earlier scheduler in place: every row stays as it is, and nothing is renamed or dropped.

The old tables can be read all along. What needs their exclusive lock (new columns, each with a constant default, so
that no row is rewritten) is one short statement a table in a transaction of its own; it waits for the lock for moments
only, since whoever reads next would have to wait behind it, and tries again. Everything else takes locks that readers
do not notice, and is one transaction. A run that was cut off in between is taken up by the next one.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

import sqlalchemy as sa

from personal_assistant.store import legacy, sequences
from personal_assistant.store.database import Database
from personal_assistant.store.errors import StoreError
from personal_assistant.store.legacy import LegacyPerson, LegacyTask
from personal_assistant.store.schema import lock, revisions, run_revisions, version_table
from personal_assistant.store.tables import ai_tasks, metadata, roles, users

T = TypeVar("T")

_NEW_COLUMNS = {
    "users": {
        "zone": "varchar(64)",
        "is_owner": "boolean DEFAULT false NOT NULL",
        "language": "varchar(16)",
        "revision": "integer DEFAULT 1 NOT NULL",
        "removed_at": "timestamp without time zone",
    },
    "ai_tasks": {
        "zone": "varchar(64)",
        "missed_policy": "varchar(8) DEFAULT 'once' NOT NULL",
        "max_lateness_seconds": "integer",
        "revision": "integer DEFAULT 1 NOT NULL",
        "problem": "text",
    },
}
# Of the new columns only: the earlier scheduler's rows may hold what it let them hold.
_NEW_CHECKS = {
    "ck_ai_tasks_missed_policy": "missed_policy IN ('skip', 'once', 'all')",
    "ck_ai_tasks_max_lateness": "max_lateness_seconds >= 0",
}
_LOCK_MILLISECONDS = 300
_PAUSE_SECONDS = 0.2
LOCK_ATTEMPTS = 120


@dataclass(frozen=True, slots=True)
class Adoption:
    """What adopting a database changes (or has changed), and what it finds there."""

    people: int
    ai_tasks: int
    columns: tuple[str, ...]
    tables: tuple[str, ...]
    due_again: tuple[LegacyTask, ...]
    cannot_fire: tuple[LegacyTask, ...]
    closed_people: tuple[LegacyPerson, ...]
    owner: LegacyPerson | None


def examine(db: Database) -> Adoption | None:
    """What adopting this database would change; None when it is not one of the earlier scheduler. Only reads."""
    if db.is_sqlite or revisions(db).current is not None:
        return None
    with db.read() as conn:
        if not legacy.is_legacy(conn):
            return None
        there = set(sa.inspect(conn).get_table_names())
        return Adoption(
            people=_count(conn, users),
            ai_tasks=_count(conn, ai_tasks),
            columns=tuple(f"{table}.{name}" for table in _NEW_COLUMNS for name in _missing(conn, table)),
            tables=(*(it.name for it in metadata.sorted_tables if it.name not in there), version_table(conn)),
            due_again=legacy.due_again(conn),
            cannot_fire=tuple(legacy.cannot_fire(conn)),
            closed_people=legacy.closed_people(conn),
            owner=legacy.future_owner(conn),
        )


def adopt(db: Database, now: datetime) -> Adoption | None:
    """Adopt the database; returns what was changed, None when there is nothing to adopt.

    Raises StoreError when a lock cannot be had or the role may not do it.
    """
    found = examine(db)
    if found is None:
        return None
    for table in _NEW_COLUMNS:
        _gently(db, partial(_add_columns, table=table))
    return _gently(db, partial(_finish, found=found, now=now))


def _gently(db: Database, work: Callable[[sa.Connection], T]) -> T:
    """Do `work` in a transaction as soon as it can have its locks for the asking, since others queue up behind it.

    Within so short a time PostgreSQL looks for no deadlock either, so it is always this side that gives way.
    """
    for _ in range(LOCK_ATTEMPTS):
        try:
            with db.write() as conn:
                conn.execute(sa.text(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}"))
                return work(conn)
        except StoreError as error:
            if not _is_lock_timeout(error):
                raise
            time.sleep(_PAUSE_SECONDS)
    raise StoreError(
        f"The tables in {db.where} are locked by another program all the time: stop the earlier scheduler, "
        "or end that transaction, and run `assistant migrate` again. No row was changed."
    )


def _finish(conn: sa.Connection, found: Adoption, now: datetime) -> Adoption | None:
    """All that readers do not notice."""
    lock(conn)
    if not legacy.is_legacy(conn):
        return None  # another program has just done it
    # Foreign keys need this lock; taken first, it does not meet a writer half-way.
    conn.execute(sa.text("LOCK TABLE users, ai_tasks IN SHARE ROW EXCLUSIVE MODE"))
    run_revisions(conn)
    for name in _NEW_CHECKS:
        conn.execute(sa.text(f"ALTER TABLE ai_tasks VALIDATE CONSTRAINT {name}"))
    for numbered in (roles, users, ai_tasks):
        sequences.go_on_above(conn, numbered, 0)
    due_again = legacy.due_again(conn)
    _make_due_again(conn, now)
    problems = tuple(legacy.cannot_fire(conn))
    _note_problems(conn, problems)
    if found.owner is not None:
        conn.execute(sa.update(users).where(users.c.id == found.owner.id).values(is_owner=True))
    return replace(found, due_again=due_again, cannot_fire=problems)


def _count(conn: sa.Connection, table: sa.Table) -> int:
    return int(conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _missing(conn: sa.Connection, table: str) -> list[str]:
    there = {column["name"] for column in sa.inspect(conn).get_columns(table)}
    return [name for name in _NEW_COLUMNS[table] if name not in there]


def _is_lock_timeout(error: StoreError) -> bool:
    # SQLSTATE lock_not_available (PostgreSQL, Appendix A)
    return isinstance(error.__cause__, sa.exc.DBAPIError) and getattr(error.__cause__.orig, "sqlstate", "") == "55P03"


def _add_columns(conn: sa.Connection, table: str) -> None:
    additions = [f"ADD COLUMN {name} {_NEW_COLUMNS[table][name]}" for name in _missing(conn, table)]
    there = {check["name"] for check in sa.inspect(conn).get_check_constraints(table)}
    # NOT VALID: the rows are looked at later, under a lock that nobody notices.
    additions += [
        f"ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID"
        for name, condition in _NEW_CHECKS.items()
        if name.startswith(f"ck_{table}_") and name not in there
    ]
    if additions:
        conn.execute(sa.text(f"ALTER TABLE {table} {', '.join(additions)}"))


def _make_due_again(conn: sa.Connection, now: datetime) -> None:
    """What was cut off while it ran is due at the instant that it was running for, which has passed."""
    conn.execute(
        sa.update(ai_tasks)
        .where(ai_tasks.c.status == "processing")
        .values(status="active", next_run_at=sa.func.coalesce(ai_tasks.c.next_run_at, now, type_=sa.DateTime()))
    )


def _note_problems(conn: sa.Connection, problems: Iterable[LegacyTask]) -> None:
    """Write down what will keep an AI task from firing before it gets that far."""
    for task in problems:
        if task.reason != legacy.NO_INSTANT:
            conn.execute(sa.update(ai_tasks).where(ai_tasks.c.id == task.id).values(problem=task.reason))
