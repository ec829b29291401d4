"""Which queued jobs with a limit may start: the one place that hands out slots, for every transport.

A job with a key is queued without being ready; it gets a slot here, and is then taken like any other. One that finds
its key full waits in line, where nobody who looks for ready jobs comes across it. Slots are handed out by one
transaction at a time; a slot is free again as soon as its job is neither queued nor running, however that came about.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.limits import Limit
from personal_assistant.jobs.lines import STEP, Lines
from personal_assistant.jobs.turns import Turns
from personal_assistant.store.bulk import among, unindexed, update_rows
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.tables import HAS_SLOT_OR_ASKS, IN_LINE, USER, jobs, rates

_ADVISORY_LOCK = 0x61736C74

_IN_LINE = sa.text(IN_LINE)
_STILL_IN_LINE = sa.and_(unindexed(jobs.c.state) == "queued", unindexed(jobs.c.slot).in_(("asks", "waits")))
_ASKING = sa.text(f"{HAS_SLOT_OR_ASKS} AND slot = 'asks' AND state = 'queued'")
_ENDED = "state IN ('scheduled', 'waiting', 'succeeded', 'failed', 'cancelled', 'missed')"
_FREED = sa.text(f"{HAS_SLOT_OR_ASKS} AND slot = 'holds' AND {_ENDED}")


def next_look(conn: sa.Connection, tasks: Collection[str], now: datetime) -> datetime | None:
    """When slots can next be handed out: now when there is news of a key, else when a rate lets the next one start."""
    news = [sa.exists(sa.select(jobs.c.id).where(condition)) for condition in (_ASKING, _FREED)]
    free_at = sa.select(sa.func.min(rates.c.look_at)).where(rates.c.task.in_(tasks)).scalar_subquery()
    row = conn.execute(sa.select(sa.or_(*news), free_at)).one()
    found: datetime | None = now if row[0] else row[1]
    return found


def keys_in_line(conn: sa.Connection, after: str) -> list[str]:
    """At most STEP keys, in order from the one after `after`, for which jobs wait. Hops from one to the next."""
    first = sa.select(sa.func.min(jobs.c.concurrency_key).label("key"))
    hop = first.where(_IN_LINE, jobs.c.concurrency_key > after).cte("hop", recursive=True)
    further = sa.select(sa.func.min(jobs.c.concurrency_key)).where(_IN_LINE, jobs.c.concurrency_key > hop.c.key)
    hop = hop.union_all(sa.select(further.scalar_subquery()).where(hop.c.key.is_not(None)))
    return list(conn.execute(sa.select(hop.c.key).where(hop.c.key.is_not(None)).limit(STEP)).scalars())


def hand_out(
    conn: sa.Connection, limits: Mapping[str, Limit], now: datetime, turns: dict[str, Turns], also: Collection[str] = ()
) -> int | None:
    """Let the jobs start for which there is room; `limits` holds each declared task's, `also` further keys to look at.

    `turns` is for its own use: what a process remembers of the lines from one call to the next.
    Returns how many pieces of news were dealt with; None where another transaction is at it.
    """
    if not _alone(conn):
        return None
    asking, freed = _news(conn, _ASKING), _news(conn, _FREED)
    free_again = sa.select(rates.c.key).where(rates.c.look_at <= now, rates.c.task.in_(limits.keys())).limit(STEP)
    due = conn.execute(free_again).scalars().all()
    lines = Lines(conn, limits, now, turns, {row.concurrency_key for row in (*asking, *freed)} | {*due, *also})
    chosen = lines.choose()
    given = _give(conn, chosen)
    lines.remember_turns(chosen, given)
    # What could not be looked at to its end stays news.
    again = lines.cut_short | {key for job_id, key in chosen.items() if job_id not in given}
    settled = [row.id for row in freed if row.concurrency_key not in again]
    update_rows(conn, jobs, "id", ("slot",), [[job_id, None] for job_id in settled])
    waiting = [row.id for row in asking if row.id not in given and row.concurrency_key not in again]
    update_rows(conn, jobs, "id", ("slot",), [[job_id, "waits"] for job_id in waiting])
    lines.write_rates(again)
    if given:
        wake_after_commit(conn)
    return len(asking) + len(freed) + len(due) + len(also)


def _alone(conn: sa.Connection) -> bool:
    """Whether this transaction is the one that hands out slots. On SQLite there is one writer anyhow."""
    if conn.dialect.name != "postgresql":
        return True
    return bool(conn.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_ADVISORY_LOCK))).scalar_one())


def _news(conn: sa.Connection, condition: sa.TextClause) -> Sequence[Any]:
    # Never waits for a row, so this cannot be part of a deadlock: who holds one will bring news of it.
    chosen = sa.select(jobs.c.id, jobs.c.concurrency_key).where(condition).limit(STEP)
    return conn.execute(chosen.with_for_update(skip_locked=True)).all()


def _give(conn: sa.Connection, ids: Collection[str]) -> dict[str, tuple[int, int]]:
    """Give these jobs a slot, where they still wait for one and nobody is changing them.

    Returns priority and person of those that got one.
    """
    if not ids:
        return {}
    free = sa.select(jobs.c.id).where(among(conn, jobs.c.id, ids), _STILL_IN_LINE).with_for_update(skip_locked=True)
    # A process of an older version may have told the broker of it already, and that message came too early.
    holding = {"slot": "holds", "published_at": None}
    given = sa.update(jobs).where(jobs.c.id.in_(free)).values(holding)
    rows = conn.execute(given.returning(jobs.c.id, jobs.c.priority, sa.text(USER))).all()
    return {job_id: (priority, person) for job_id, priority, person in rows}
