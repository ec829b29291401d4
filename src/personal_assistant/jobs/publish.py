"""Which queued jobs have been told to the broker, and which are to be told to it (again)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.jobs.turns import STILL_READY, Queue, Ready, Turns, in_turn
from personal_assistant.store.bulk import among, unindexed
from personal_assistant.store.tables import READY, jobs

_QUEUED = jobs.c.state == sa.literal_column("'queued'")
_STILL_QUEUED = unindexed(jobs.c.state) == "queued"
_UNPUBLISHED = sa.and_(sa.text(READY), jobs.c.published_at.is_(None))
_OF_A_QUEUE = f"{READY} AND published_at IS NULL AND queue = :queue"
_PUBLISHED = sa.and_(_QUEUED, jobs.c.published_at.is_not(None))
# How many of the newest endings are looked at to see how far the workers have come.
_NEWEST = 1000


def anything_unpublished(conn: sa.Connection) -> bool:
    """Whether a queued job waits for its message."""
    return conn.execute(sa.select(jobs.c.id).where(_UNPUBLISHED).limit(1)).first() is not None


def unpublished_queues(conn: sa.Connection) -> list[str]:
    """The queues in which jobs wait for their message. Hops from one to the next, however many jobs they hold."""
    first = sa.select(sa.func.min(jobs.c.queue).label("queue")).where(_UNPUBLISHED)
    hop = first.cte("hop", recursive=True)
    after = sa.select(sa.func.min(jobs.c.queue)).where(_UNPUBLISHED, jobs.c.queue > hop.c.queue).scalar_subquery()
    hop = hop.union_all(sa.select(after).where(hop.c.queue.is_not(None)))
    return list(conn.execute(sa.select(hop.c.queue).where(hop.c.queue.is_not(None))).scalars())


def published_counts(conn: sa.Connection) -> dict[tuple[str, str], int]:
    """(queue, task) to the number of jobs whose message is out and that nobody has taken yet."""
    counted = sa.select(jobs.c.queue, jobs.c.task, sa.func.count().label("number")).where(_PUBLISHED)
    rows = conn.execute(counted.group_by(jobs.c.queue, jobs.c.task))
    return {(row.queue, row.task): row.number for row in rows}


def unpublished(conn: sa.Connection, queue: str, tasks: Collection[str], limit: int, turns: Turns) -> list[Ready]:
    """(id, task, attempts so far) of at most `limit` jobs that wait for their message, by priority and in turn."""
    return in_turn(conn, Queue(_OF_A_QUEUE, tasks, {"queue": queue}), limit, turns)


def mark_published(conn: sa.Connection, ids: Collection[str], now: datetime) -> set[str]:
    """Note that messages for these jobs are about to be sent; returns those that nobody else is sending one for."""
    if not ids:
        return set()
    free = sa.select(jobs.c.id).where(among(conn, jobs.c.id, ids), STILL_READY, jobs.c.published_at.is_(None))
    marked = (
        sa.update(jobs)
        .where(jobs.c.id.in_(free.with_for_update(skip_locked=True)))
        .values(published_at=now)
        .returning(jobs.c.id)
    )
    return set(conn.execute(marked).scalars())


def unmark_published(conn: sa.Connection, ids: Collection[str]) -> int:
    """Have these jobs, where they are still queued, told to the broker again; returns how many."""
    if not ids:
        return 0
    # Not those which somebody is taking at this moment.
    told = sa.and_(_STILL_QUEUED, jobs.c.published_at.is_not(None))
    lost = sa.select(jobs.c.id).where(among(conn, jobs.c.id, ids), told).with_for_update(skip_locked=True)
    return conn.execute(sa.update(jobs).where(jobs.c.id.in_(lost)).values(published_at=None)).rowcount


@dataclass(frozen=True, slots=True)
class Stale:
    """A job whose message went out long ago and that nobody has taken."""

    id: str
    queue: str
    published_at: datetime


def stale(conn: sa.Connection, before: datetime, limit: int) -> list[Stale]:
    """Jobs that are still queued though their message was sent before that instant.

    At most `limit` of each queue, the first sent first: a queue that nobody works on does not hide the others.
    """
    mine = sa.and_(_PUBLISHED, jobs.c.published_at < before)
    chosen = sa.select(jobs.c.id, jobs.c.queue, jobs.c.published_at).where(mine).order_by(jobs.c.published_at)
    queues = conn.execute(sa.select(jobs.c.queue).where(mine).distinct()).scalars().all()
    found = [row for name in queues for row in conn.execute(chosen.where(jobs.c.queue == name).limit(limit))]
    return [Stale(row.id, row.queue, row.published_at) for row in found]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the workers have come with a queue.

    newest: when the message was sent that brought the newest of its jobs, of those that run and those lately ended;
    None where there is none. ended: when the last of the latter did.
    """

    running: bool
    newest: datetime | None
    ended: datetime | None


def progress(conn: sa.Connection, queue: str) -> Progress:
    """How far the workers have come with a queue."""
    ended = (
        sa.select(jobs.c.queue, jobs.c.published_at, jobs.c.finished_at)
        .where(jobs.c.finished_at.is_not(None), sa.not_(jobs.c.counted))
        .order_by(jobs.c.finished_at.desc())
        .limit(_NEWEST)
        .subquery()
    )
    # Beside a quick queue a slow one may have none among the newest endings; its workers run its jobs all the time.
    at_work = sa.and_(jobs.c.state == sa.literal_column("'running'"), jobs.c.queue == queue)
    running, taken = conn.execute(sa.select(sa.func.count(), sa.func.max(jobs.c.published_at)).where(at_work)).one()
    newest_ended = sa.select(sa.func.max(ended.c.published_at), sa.func.max(ended.c.finished_at))
    brought, last = conn.execute(newest_ended.where(ended.c.queue == queue)).one()
    return Progress(running > 0, max((it for it in (taken, brought) if it is not None), default=None), last)
