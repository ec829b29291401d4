"""Which queued jobs with a limit may start: the one place that hands out slots, for every transport.

A job with a key is queued without being ready; it gets a slot here, and is then taken like any other. One that finds
its key full waits in line, where nobody who looks for ready jobs comes across it. Slots are handed out by one
transaction at a time; a slot is free again as soon as its job is neither queued nor running, however that came about.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.limits import Limit, Spent, ends
from personal_assistant.store.bulk import among, unindexed, update_rows
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.tables import HAS_SLOT_OR_ASKS, IN_LINE, jobs, rates

# So many jobs or keys are dealt with in one transaction.
STEP = 500
# So many of a line are looked at together.
_LOOK = 32
_ADVISORY_LOCK = 0x61736C74

_IN_LINE = sa.text(IN_LINE)
_STILL_IN_LINE = sa.and_(unindexed(jobs.c.state) == "queued", unindexed(jobs.c.slot).in_(("asks", "waits")))
_ASKING = sa.text(f"{HAS_SLOT_OR_ASKS} AND slot = 'asks' AND state = 'queued'")
_ENDED = "state IN ('scheduled', 'waiting', 'succeeded', 'failed', 'cancelled', 'missed')"
_FREED = sa.text(f"{HAS_SLOT_OR_ASKS} AND slot = 'holds' AND {_ENDED}")
_HOLDING = sa.text(f"{HAS_SLOT_OR_ASKS} AND slot = 'holds' AND state IN ('queued', 'running')")


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


def hand_out(conn: sa.Connection, limits: Mapping[str, Limit], now: datetime, also: Collection[str] = ()) -> int | None:
    """Let the jobs start for which there is room; `limits` holds each declared task's, `also` further keys to look at.

    Returns how many pieces of news were dealt with; None where another transaction is at it.
    """
    if not _alone(conn):
        return None
    asking, freed = _news(conn, _ASKING), _news(conn, _FREED)
    free_again = sa.select(rates.c.key).where(rates.c.look_at <= now, rates.c.task.in_(limits.keys())).limit(STEP)
    due = conn.execute(free_again).scalars().all()
    lines = _Lines(conn, limits, now, {row.concurrency_key for row in (*asking, *freed)} | {*due, *also})
    chosen = lines.choose()
    given = _give(conn, chosen)
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


def _give(conn: sa.Connection, ids: Collection[str]) -> set[str]:
    """Give these jobs a slot; returns those that still wait for one and that nobody is changing."""
    if not ids:
        return set()
    free = sa.select(jobs.c.id).where(among(conn, jobs.c.id, ids), _STILL_IN_LINE).with_for_update(skip_locked=True)
    # A process of an older version may have told the broker of it already, and that message came too early.
    holding = {"slot": "holds", "published_at": None}
    given = sa.update(jobs).where(jobs.c.id.in_(free)).values(holding).returning(jobs.c.id)
    return set(conn.execute(given).scalars())


@dataclass(slots=True)
class _Key:
    """One key: how many of its jobs hold a slot, how many of those (by task) have not started, what rates have spent."""

    holding: int = 0
    unstarted: Counter[str] = field(default_factory=Counter)
    spent: dict[str, Spent] = field(default_factory=dict)
    look_at: dict[str, datetime] = field(default_factory=dict)


class _Lines:
    """The lines of some keys."""

    def __init__(self, conn: sa.Connection, limits: Mapping[str, Limit], now: datetime, keys: Collection[str]) -> None:
        self._conn = conn
        self._limits = limits
        self._now = now
        self._keys = {key: _Key() for key in sorted(keys)}
        self.cut_short: set[str] = set()
        if keys:
            self._read()

    def _read(self) -> None:
        count = sa.func.count().label("number")
        group = (jobs.c.concurrency_key, jobs.c.state, jobs.c.task)
        held = sa.select(*group, count).where(_HOLDING, among(self._conn, jobs.c.concurrency_key, list(self._keys)))
        for row in self._conn.execute(held.group_by(*group)):
            key = self._keys[row.concurrency_key]
            key.holding += row.number
            if row.state == "queued":
                key.unstarted[row.task] = row.number
        # Not those of tasks that only a newer or older program declares.
        used = sa.select(rates).where(
            among(self._conn, rates.c.key, list(self._keys)), rates.c.task.in_(self._limits.keys())
        )
        for row in self._conn.execute(used):
            rate = self._limits[row.task].rate
            self._keys[row.key].spent[row.task] = rate.counted(row.spent, self._now) if rate else []
        for key in self._keys.values():
            self._hold(key)

    def _hold(self, key: _Key) -> None:
        """Count what has not started as starting now: what no worker takes cannot pile up, to start together one day."""
        for task, number in key.unstarted.items():
            rate = self._limits[task].rate if task in self._limits else None
            if rate is not None:
                key.spent[task] = rate.hold(key.spent.get(task, []), number, self._now)

    def choose(self) -> dict[str, str]:
        """The ids of the jobs that may start, each with its key."""
        return {job_id: name for name, key in self._keys.items() for job_id in self._first_of(name, key)}

    def _first_of(self, name: str, key: _Key) -> list[str]:
        chosen: list[str] = []
        while len(chosen) < STEP:
            line = self._line(name, len(chosen))
            for job in line:
                if not self._take(key, job.task):
                    return chosen
                chosen.append(job.id)
            if len(line) < _LOOK:
                return chosen
        self.cut_short.add(name)
        return chosen

    def _line(self, name: str, offset: int) -> Sequence[Any]:
        line = (
            sa.select(jobs.c.id, jobs.c.task)
            .where(_IN_LINE, jobs.c.concurrency_key == name, jobs.c.task.in_(self._limits.keys()))
            .order_by(jobs.c.priority.desc(), jobs.c.run_at)
            .limit(_LOOK)
            .offset(offset)
        )
        return self._conn.execute(line).all()

    def _take(self, key: _Key, task: str) -> bool:
        """Take a slot for the first in line, if its task's limits allow it."""
        limit = self._limits[task]
        if limit.concurrency is not None and key.holding >= limit.concurrency:
            return False
        if limit.rate is not None:
            spent = key.spent.setdefault(task, [])
            if limit.rate.free(spent) <= 0:
                first = ends(spent)[0]
                key.look_at[task] = min(first, self._now + limit.rate.pause()) if key.unstarted[task] else first
                return False
            key.spent[task] = limit.rate.spend(spent, 1, self._now)
        key.holding += 1
        key.unstarted[task] += 1
        return True

    def write_rates(self, again: Collection[str]) -> None:
        """Write what the rates have spent, and when to look at them next; a rate that is unused is forgotten."""
        rows = [
            {"key": name, "task": task, "spent": spent, "look_at": look_at}
            for name, key in self._keys.items()
            for task, spent in key.spent.items()
            if (look_at := self._now if name in again else key.look_at.get(task) or max(ends(spent), default=None))
        ]
        if not any(key.spent for key in self._keys.values()):
            return
        looked_at = among(self._conn, rates.c.key, list(self._keys))
        self._conn.execute(sa.delete(rates).where(looked_at, rates.c.task.in_(self._limits.keys())))
        if rows:
            self._conn.execute(sa.insert(rates), rows)
