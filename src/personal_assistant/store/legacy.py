"""A database of the earlier scheduler: knowing one, and reading what adopting it would mean. Nothing here writes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa

from personal_assistant.store.errors import SchemaError
from personal_assistant.store.tables import AI_TASK_STATES, ai_tasks, metadata, roles, users
from personal_assistant.timing.recurrence import parse_schedule

# The columns that its tables have.
LEGACY_COLUMNS = {
    "roles": ("id", "name"),
    "users": (
        *("id", "email", "phone_number", "full_name", "hashed_password", "is_active", "is_verified"),
        *("verification_token", "password_reset_token", "password_reset_expires", "last_login"),
        *("failed_login_attempts", "locked_until", "created_at", "updated_at"),
        *("default_role_id", "role_assigned_at", "role_assigned_by"),
    ),
    "ai_tasks": (
        *("id", "user_id", "title", "description", "task_type", "schedule_type", "schedule_config"),
        *("next_run_at", "last_run_at", "status", "ai_context", "notification_channels", "created_at", "updated_at"),
    ),
}
_ESSENTIAL = {"users", "ai_tasks"}
_ADMINISTRATORS = ("administrator", "admin")
_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class LegacyTask:
    """An AI task of the earlier scheduler that needs a word. `reason` says why it cannot fire, where it cannot."""

    id: int
    title: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class LegacyPerson:
    """A person of the earlier scheduler. `active_tasks` is how many active AI tasks there are of that person."""

    id: int
    email: str
    active_tasks: int = 0


def is_legacy(conn: sa.Connection) -> bool:
    """Whether the tables are those of the earlier scheduler, in a database that has no revision of ours."""
    look = sa.inspect(conn)
    there = set(look.get_table_names())
    strangers = there & (set(metadata.tables) - set(LEGACY_COLUMNS))
    if conn.dialect.name != "postgresql" or not there >= _ESSENTIAL or strangers:
        return False
    return all(
        {column["name"] for column in look.get_columns(table)} >= set(columns)
        for table, columns in LEGACY_COLUMNS.items()
        if table in there
    )


def refuse_other_tables(conn: sa.Connection, where: str) -> None:
    """Raise SchemaError when a database without a revision of ours holds tables of our names."""
    taken = sorted(set(sa.inspect(conn).get_table_names()) & set(metadata.tables))
    if not taken:
        return
    if is_legacy(conn):
        raise SchemaError(
            f"{where} is a database of the earlier scheduler. `assistant migrate --dry-run` says what adopting it "
            "would change, `assistant migrate` does it; stop the earlier scheduler first."
        )
    raise SchemaError(
        f"The database {where} holds tables of another program ({', '.join(taken)}). Nothing was changed: "
        "name another database, or an empty one."
    )


def due_again(conn: sa.Connection) -> tuple[LegacyTask, ...]:
    """The AI tasks that were cut off while they ran."""
    rows = conn.execute(
        sa.select(ai_tasks.c.id, ai_tasks.c.title).where(ai_tasks.c.status == "processing").order_by(ai_tasks.c.id)
    )
    return tuple(LegacyTask(row.id, row.title) for row in rows)


def cannot_fire(conn: sa.Connection) -> Iterator[LegacyTask]:
    """The AI tasks that are not at rest and will not fire, or not a second time, with the reason."""
    resting = ai_tasks.c.status.in_(set(AI_TASK_STATES) - {"active", "processing"})
    chosen = sa.select(
        ai_tasks.c.id,
        ai_tasks.c.title,
        ai_tasks.c.status,
        ai_tasks.c.schedule_type,
        sa.cast(ai_tasks.c.schedule_config, sa.Text).label("config"),
        ai_tasks.c.next_run_at,
    ).where(sa.or_(ai_tasks.c.status.is_(None), sa.not_(resting)))
    with conn.execute(chosen.order_by(ai_tasks.c.id).execution_options(yield_per=_CHUNK)) as rows:
        for row in rows:
            reason = state_problem(row.status) or schedule_problem(row.schedule_type, row.config)
            if reason is None and row.status == "active" and row.next_run_at is None:
                reason = NO_INSTANT
            if reason is not None:
                yield LegacyTask(row.id, row.title, reason)


NO_INSTANT = "It is active and has no next instant."


def state_problem(status: str | None) -> str | None:
    """Why an AI task in that state does not fire; None for a state that there is."""
    if status is None:
        return "It has no state, so it rests."
    return None if status in AI_TASK_STATES else f"There is no state {status!r}, so it rests."


@lru_cache(maxsize=4096)
def schedule_problem(schedule_type: str, config: str | None) -> str | None:
    """Why a stored schedule cannot be followed; None when it can. `config` is JSON text."""
    if schedule_type == "once":
        return None  # it fires at its instant, whatever else is written there
    try:
        parse_schedule(schedule_type, json.loads(config) if config else None, "UTC")
    except (ValueError, ArithmeticError, RecursionError) as error:
        return f"Its schedule cannot be read: {error}"
    return None


def closed_people(conn: sa.Connection) -> tuple[LegacyPerson, ...]:
    """The people whose accounts are closed."""
    active = sa.and_(ai_tasks.c.user_id == users.c.id, ai_tasks.c.status.in_(("active", "processing")))
    rows = conn.execute(
        sa.select(users.c.id, users.c.email, sa.func.count(ai_tasks.c.id).label("number"))
        .outerjoin(ai_tasks, active)
        .where(users.c.is_active.is_(False))
        .group_by(users.c.id, users.c.email)
        .order_by(users.c.id)
    )
    return tuple(LegacyPerson(row.id, row.email, row.number) for row in rows)


def future_owner(conn: sa.Connection) -> LegacyPerson | None:
    """Who becomes the owner: of the open accounts, else of all, the administrator with the lowest id, else the person
    with the lowest id; None where there is nobody.
    """
    closed = sa.func.coalesce(sa.not_(users.c.is_active), sa.false())
    chosen = sa.select(users.c.id, users.c.email).order_by(closed)
    if sa.inspect(conn).has_table("roles"):
        administrator = sa.func.coalesce(sa.func.lower(roles.c.name).in_(_ADMINISTRATORS), sa.false())
        chosen = chosen.outerjoin(roles, roles.c.id == users.c.default_role_id).order_by(administrator.desc())
    row = conn.execute(chosen.order_by(users.c.id).limit(1)).one_or_none()
    return None if row is None else LegacyPerson(row.id, row.email)
