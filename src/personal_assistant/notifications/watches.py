"""What is expected to run in time: watches over the instance, over AI tasks and over schedules."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.notifications.model import AddressError
from personal_assistant.notifications.senders import check_target
from personal_assistant.store.database import insert_new
from personal_assistant.store.people import get_person
from personal_assistant.store.secrets import Vault
from personal_assistant.store.tables import ai_tasks, jobs, schedules, watches
from personal_assistant.store.types import fits

MOST_WATCHES = 100
LONGEST_GRACE = 366 * 86_400
INSTANCE = "the assistant itself"
# Sorts before every job's id.
NOTHING_TOLD = "0"
_LONGEST_MASK = 120


class WatchError(AssistantError):
    """A watch that cannot be, or that there is not; says why."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Something that is to run in time, as it may be shown. Both ids are None for the instance itself.

    grace_seconds: how late it may be; None for the setting's.
    masked: a part of its heartbeat URL; None where nothing outside is told.
    pinged_at, ping_error: when that was last told something, and why it could not be told the last thing.
    late_since, late_for: since when it is late, for which of its instants; None while it is not.
    """

    id: int
    user_id: int
    ai_task_id: int | None
    schedule_id: int | None
    name: str
    grace_seconds: int | None
    masked: str | None
    pinged_at: datetime | None
    ping_error: str | None
    late_since: datetime | None
    late_for: datetime | None
    alerted_at: datetime | None


def add_watch(
    conn: sa.Connection,
    vault: Vault,
    user_id: int,
    *,
    ai_task_id: int | None = None,
    schedule_id: int | None = None,
    grace_seconds: int | None = None,
    url: str | None = None,
) -> Watch:
    """Watch an AI task of that person, a schedule or, where neither is given, the instance itself.

    Only the owner may watch the last two. Raises WatchError, AddressError for a URL that cannot be used, SecretsError
    where it cannot be sealed.
    """
    _check_grace(grace_seconds)
    _check_thing(conn, user_id, ai_task_id, schedule_id)
    there = list_watches(conn, user_id)
    if len(there) >= MOST_WATCHES:
        raise WatchError(f"A person has at most {MOST_WATCHES} watches: remove one first.")
    row = {"user_id": user_id, "ai_task_id": ai_task_id, "schedule_id": schedule_id, "grace_seconds": grace_seconds}
    made = conn.execute(insert_new(conn, watches).values(row).returning(watches.c.id)).scalar_one_or_none()
    if made is None:
        raise WatchError("It is watched already. `assistant watches list` shows by which watch; edit that one.")
    watch = get_watch(conn, user_id, made)
    return watch if url is None else set_url(conn, vault, watch, url)


def list_watches(conn: sa.Connection, user_id: int) -> list[Watch]:
    """A person's watches, the oldest first."""
    mine = _LISTED.where(watches.c.user_id == user_id).order_by(watches.c.id)
    return [_watch(row) for row in conn.execute(mine)]


def watches_in_trouble(conn: sa.Connection) -> list[Watch]:
    """Everybody's watches that are late, or whose heartbeat URL could not be told the last thing."""
    trouble = sa.or_(watches.c.late_since.is_not(None), watches.c.ping_error.is_not(None))
    return [_watch(row) for row in conn.execute(_LISTED.where(trouble).order_by(watches.c.id))]


def get_watch(conn: sa.Connection, user_id: int, watch_id: int) -> Watch:
    """One of a person's watches. Raises WatchError."""
    mine = _LISTED.where(watches.c.user_id == user_id, watches.c.id == watch_id)
    row = conn.execute(mine).one_or_none() if fits(watches.c.id, watch_id) else None
    if row is None:
        raise WatchError(f"There is no watch {watch_id}. `assistant watches list` shows yours.")
    return _watch(row)


def set_grace(conn: sa.Connection, watch: Watch, seconds: int | None) -> Watch:
    """Let it be so late before it counts as late; None for the setting's. Raises WatchError."""
    _check_grace(seconds)
    return _changed(conn, watch, grace_seconds=seconds)


def set_url(conn: sa.Connection, vault: Vault, watch: Watch, url: str | None) -> Watch:
    """Tell this heartbeat URL from now on what becomes of it; None for nobody.

    Raises AddressError for a URL that cannot be used, SecretsError where it cannot be sealed.
    """
    nothing_told = {"reported": _newest_job(conn, watch), "pinged_at": None, "ping_error": None}
    if url is None:
        return _changed(conn, watch, sealed=None, masked=None, **nothing_told)
    masked = _checked(url)
    return _changed(conn, watch, sealed=vault.seal(url, about_watch(watch.id)), masked=masked, **nothing_told)


def remove_watch(conn: sa.Connection, watch: Watch) -> None:
    """Watch it no longer."""
    conn.execute(sa.delete(watches).where(watches.c.id == watch.id))


def open_url(vault: Vault, watch_id: int, sealed: str) -> str:
    """The heartbeat URL of a watch, from its row's `sealed`. Raises SecretsError."""
    return vault.open(sealed, about_watch(watch_id))


def name_of(row: Any) -> str:
    """What people call a watched thing, from a row with its `name`: of a schedule, the last part."""
    return str(row.name if row.schedule_id is None else row.name.rpartition(".")[2])


def about_watch(watch_id: int) -> str:
    """What the heartbeat URL of a watch is bound to."""
    return f"watches:{watch_id}"


_NAME = sa.func.coalesce(ai_tasks.c.title, schedules.c.name, INSTANCE)
_SHOWN = tuple(_NAME.label("name") if name == "name" else watches.c[name] for name in Watch.__dataclass_fields__)
_LISTED = sa.select(*_SHOWN).select_from(watches.outerjoin(ai_tasks).outerjoin(schedules))


def _watch(row: Any) -> Watch:
    return Watch(**{**row._mapping, "name": name_of(row)})


def _changed(conn: sa.Connection, watch: Watch, **values: Any) -> Watch:
    conn.execute(sa.update(watches).where(watches.c.id == watch.id).values(values))
    return get_watch(conn, watch.user_id, watch.id)


def _newest_job(conn: sa.Connection, watch: Watch) -> str | None:
    """The mark under which all that is there already counts as told; None for the instance, which has no jobs."""
    if watch.ai_task_id is not None:
        its = jobs.c.ai_task_id == watch.ai_task_id
    elif watch.schedule_id is not None:
        its = jobs.c.schedule_id == watch.schedule_id
    else:
        return None
    return conn.execute(sa.select(sa.func.max(jobs.c.id)).where(its)).scalar_one() or NOTHING_TOLD


def _checked(url: str) -> str:
    """What may be shown of a heartbeat URL: it is what can be a webhook's. Raises AddressError."""
    try:
        return check_target("webhook", url)[:_LONGEST_MASK]
    except AddressError:
        raise AddressError(
            "The heartbeat URL cannot be used: it has to look like https://host/path, without a name and password, and "
            "to have at most 2,000 characters."
        ) from None


def _check_grace(seconds: int | None) -> None:
    if seconds is not None and not 0 <= seconds <= LONGEST_GRACE:
        raise WatchError(f"The grace is a length of 0 to {LONGEST_GRACE // 86_400} days.")


def _check_thing(conn: sa.Connection, user_id: int, ai_task_id: int | None, schedule_id: int | None) -> None:
    if ai_task_id is not None and schedule_id is not None:
        raise WatchError("A watch is over one thing: an AI task, or a schedule.")
    if ai_task_id is None:
        if not get_person(conn, user_id).is_owner:
            raise WatchError("Only the owner watches schedules and the assistant itself.")
        return
    mine = sa.select(ai_tasks.c.id).where(ai_tasks.c.id == ai_task_id, ai_tasks.c.user_id == user_id)
    if not fits(ai_tasks.c.id, ai_task_id) or conn.execute(mine).first() is None:
        raise WatchError(f"There is no AI task {ai_task_id}. `assistant ai-tasks list` shows yours.")
