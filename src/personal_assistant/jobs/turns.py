"""The order in which ready jobs are taken: by priority, in turn between their people, and each person's by instant.

However many jobs somebody has in the queue, nobody else's have to wait for them: the queue is an index by priority,
person and instant, and what is read of it is the first job of each person, and no more further ones than are wanted.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, groupby, zip_longest
from typing import Any

import sqlalchemy as sa

from personal_assistant.store.bulk import among, unindexed
from personal_assistant.store.tables import USER, jobs

Ready = tuple[str, str, int]

# Of jobs that are found by their ids.
STILL_READY = sa.and_(unindexed(jobs.c.state) == "queued", sa.or_(jobs.c.slot.is_(None), jobs.c.slot == "holds"))

# So many people get more than one job in one look; each costs a statement.
_SHARING = 32
_ABOVE_ALL = 40_000

# Hops from the first job of one person to that of the next, then to the next priority, however long their lines are.
_FIRSTS = """
    WITH RECURSIVE hop(id, task, attempt, priority, person) AS (
        SELECT first.id, first.task, first.attempt, first.priority, {first_user}
        FROM jobs AS first WHERE first.id = coalesce(
            (SELECT id FROM jobs WHERE {where} AND priority = :priority AND {user} > :person
             ORDER BY {user}, run_at LIMIT 1),
            (SELECT id FROM jobs WHERE {where} AND priority < :priority
             ORDER BY priority DESC, {user}, run_at LIMIT 1))
        UNION ALL
        SELECT next.id, next.task, next.attempt, next.priority, {next_user}
        FROM hop JOIN jobs AS next ON next.id = coalesce(
            (SELECT id FROM jobs WHERE {where} AND priority = hop.priority AND {user} > hop.person
             ORDER BY {user}, run_at LIMIT 1),
            (SELECT id FROM jobs WHERE {where} AND priority < hop.priority
             ORDER BY priority DESC, {user}, run_at LIMIT 1))
    )
    SELECT id, task, attempt, priority, person FROM hop LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class Queue:
    """Ready jobs to take turns in. `where` is SQL over `jobs`, with `values` for its parameters.

    `locking` locks the rows that are returned (PostgreSQL), and passes over those that somebody else has locked.
    """

    where: str
    tasks: Collection[str]
    values: dict[str, Any] = field(default_factory=dict)
    locking: bool = False


class Turns:
    """Whose turn is next, by priority: what one process remembers between its looks at a queue."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}

    def copy(self) -> "Turns":
        """For a look of which not everything may be taken; `took` says what was."""
        copied = Turns()
        copied._last = dict(self._last)
        return copied

    def took(self, priority: int, person: int) -> None:
        """This person had a turn; the next one is that of the one after."""
        self._last[priority] = person

    def last(self, priority: int) -> int:
        """Who came first at the last look; -1 for nobody."""
        return self._last.get(priority, -1)

    def order(self, priority: int, people: Iterable[int]) -> list[int]:
        """The next one after the one who came first the last time comes first now."""
        last = self.last(priority)
        ordered = sorted(people, key=lambda person: (person <= last, person))
        self._last[priority] = ordered[0]
        return ordered


def in_turn(conn: sa.Connection, queue: Queue, limit: int, turns: Turns) -> list[Ready]:
    """(id, task, attempts so far) of at most `limit` jobs of a queue, in the order in which they are to be taken."""
    if not queue.tasks or limit < 1:
        return []
    firsts = _first_jobs(conn, queue, limit, _ABOVE_ALL, -1)
    if len(firsts) == limit and firsts[0].priority == firsts[-1].priority:
        firsts = _others_first(conn, queue, limit, firsts, turns)
    found: list[Ready] = []
    for priority, group in groupby(firsts, key=lambda row: int(row.priority)):
        if len(found) >= limit:
            break
        found += _share(conn, queue, priority, {row.person: row for row in group}, limit - len(found), turns)
    return found


def _others_first(conn: sa.Connection, queue: Queue, limit: int, firsts: Sequence[Any], turns: Turns) -> Sequence[Any]:
    """More people than are looked at at once: the ones after the one who came first the last time."""
    priority = firsts[0].priority
    after = _first_jobs(conn, queue, limit, priority, turns.last(priority))
    people = {row.person: row for row in (*after, *firsts) if row.priority == priority}
    return sorted(list(people.values())[:limit], key=lambda row: row.person)


def _share(
    conn: sa.Connection, queue: Queue, priority: int, firsts: dict[int, Any], room: int, turns: Turns
) -> list[Ready]:
    """At most `room` jobs of one priority: as many of each person's as there is room for, in turn."""
    people = turns.order(priority, firsts)
    sharing = people[:_SHARING]
    share = math.ceil(room / len(sharing))
    lines = {person: _jobs_of(conn, queue, priority, person, share) for person in sharing}
    lines |= {person: [line] for person, line in _still_there(conn, queue, firsts, people[_SHARING:room]).items()}
    longer = sharing
    while (left := room - sum(map(len, lines.values()))) > 0:
        longer = [person for person in longer if len(lines[person]) == share]
        if not longer:
            break
        # What others leave of the room is for those who have more.
        share += math.ceil(left / len(longer))
        lines |= {person: _jobs_of(conn, queue, priority, person, share) for person in longer}
    rounds = zip_longest(*(lines[person] for person in people if person in lines))
    return [job for job in chain.from_iterable(rounds) if job is not None][:room]


def _first_jobs(conn: sa.Connection, queue: Queue, limit: int, priority: int, person: int) -> Sequence[Any]:
    """The first job of each person, the highest priority first, from after that priority and person."""
    given = {**queue.values, "tasks": list(queue.tasks), "most": limit, "priority": priority, "person": person}
    return conn.execute(_firsts(queue.where), given).all()


def _jobs_of(conn: sa.Connection, queue: Queue, priority: int, person: int, limit: int) -> list[Ready]:
    locking = queue.locking and conn.dialect.name == "postgresql"
    given = {**queue.values, "tasks": list(queue.tasks), "most": limit, "priority": priority, "person": person}
    return [(job_id, task, attempt) for job_id, task, attempt in conn.execute(_line(queue.where, locking), given).all()]


def _still_there(
    conn: sa.Connection, queue: Queue, firsts: dict[int, Any], people: Collection[int]
) -> dict[int, Ready]:
    """The first jobs of these people, locked where the queue wants that."""
    if not people:
        return {}
    jobs_of = {firsts[person].id: person for person in people}
    free = sa.select(jobs.c.id).where(among(conn, jobs.c.id, list(jobs_of)), sa.text(queue.where))
    if queue.locking:
        free = free.with_for_update(skip_locked=True)
    ids = set(conn.execute(free, queue.values).scalars())
    rows = [firsts[person] for job_id, person in jobs_of.items() if job_id in ids]
    return {row.person: (row.id, row.task, row.attempt) for row in rows}


@lru_cache(maxsize=8)
def _firsts(where: str) -> sa.TextClause:
    statement = _FIRSTS.format(
        where=f"{where} AND task IN :tasks",
        user=USER,
        first_user=USER.replace("user_id", "first.user_id"),
        next_user=USER.replace("user_id", "next.user_id"),
    )
    return sa.text(statement).bindparams(sa.bindparam("tasks", expanding=True))


@lru_cache(maxsize=8)
def _line(where: str, locking: bool) -> sa.TextClause:
    statement = f"""
        SELECT id, task, attempt FROM jobs
        WHERE {where} AND priority = :priority AND {USER} = :person AND task IN :tasks
        ORDER BY run_at LIMIT :most {"FOR UPDATE SKIP LOCKED" if locking else ""}
    """  # noqa: S608 - conditions of our own
    return sa.text(statement).bindparams(sa.bindparam("tasks", expanding=True))
