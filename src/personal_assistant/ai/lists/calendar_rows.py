"""What the calendar reads: of each day at most so many rows, so that it takes as long for a person with a million."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from personal_assistant.ai import acting
from personal_assistant.ai.model import SELECTED, AITask, ai_task_of
from personal_assistant.store.bulk import among
from personal_assistant.store.tables import UNSUCCESSFUL_OCCURRENCE, ai_tasks, jobs
from personal_assistant.store.types import instant_text

# So many of a day are counted; a day with more has «at least» so many.
MOST_COUNTED = 300
# So many of the tasks that come first are looked at for those that recur.
_LOOKED_AT = 600

# Written out, with their conditions as the indexes have them. «missed» are also those that their person left out.
_WORD = f"""
    CASE jobs.state WHEN 'succeeded' THEN 'told' WHEN 'failed' THEN 'failed' WHEN 'cancelled' THEN 'cancelled'
    WHEN 'missed' THEN CASE jobs.error WHEN '{acting.SKIPPED}' THEN 'skipped' WHEN '{acting.DONE_EARLY}' THEN 'done'
    ELSE 'missed' END ELSE 'running' END
"""
_JOBS_MINE = "user_id = :user_id AND ai_task_id IS NOT NULL AND due_at >= days.start AND due_at < days.stop"
_TASKS_MINE = (
    "user_id = :user_id AND status = 'active' AND next_run_at IS NOT NULL "
    "AND next_run_at >= days.start AND next_run_at < days.stop"
)
_JOBS = f"""
    WITH days AS ({{days}})
    SELECT number,
        (SELECT {{group}}(word, amount) FROM (
            SELECT word, count(*) AS amount FROM (
                SELECT {_WORD} AS word FROM jobs WHERE {_JOBS_MINE} ORDER BY due_at LIMIT :most
            ) AS looked_at GROUP BY word) AS counted) AS counts,
        (SELECT {{group}}(word, amount) FROM (
            SELECT word, count(*) AS amount FROM (
                SELECT {_WORD} AS word FROM jobs WHERE {_JOBS_MINE} AND {UNSUCCESSFUL_OCCURRENCE}
                ORDER BY due_at LIMIT :most
            ) AS looked_at GROUP BY word) AS counted) AS unsuccessful,
        (SELECT {{list}}(id) FROM (
            SELECT id FROM jobs WHERE {_JOBS_MINE} ORDER BY due_at, ai_task_id LIMIT :few) AS chosen) AS first,
        (SELECT {{list}}(id) FROM (
            SELECT id FROM jobs WHERE {_JOBS_MINE} AND {UNSUCCESSFUL_OCCURRENCE}
            ORDER BY due_at, ai_task_id LIMIT :few) AS chosen) AS first_unsuccessful
    FROM days
"""  # noqa: S608 - no value from outside is in it
_JOBS_COLUMNS = ("counts", "unsuccessful", "first", "first_unsuccessful")
_TASKS = f"""
    WITH days AS ({{days}})
    SELECT number,
        (SELECT count(*) FROM (SELECT 1 FROM ai_tasks WHERE {_TASKS_MINE} LIMIT :most) AS looked_at) AS amount,
        (SELECT {{list}}(id) FROM (
            SELECT id FROM ai_tasks WHERE {_TASKS_MINE} ORDER BY next_run_at, id LIMIT :few) AS chosen) AS first
    FROM days
"""  # noqa: S608 - no value from outside is in it


@dataclass(frozen=True, slots=True)
class Row:
    """An occurrence that has a job. `state` is in the words of the calendar."""

    at: datetime
    ai_task_id: int
    title: str
    state: str
    job_id: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Past:
    """The jobs of a day: how many are in each state, whether there are more than counted, and some of them."""

    counts: Mapping[str, int]
    at_least: bool
    ids: Sequence[str]


Range = tuple[datetime, datetime]


def past(conn: sa.Connection, user_id: int, ranges: Sequence[Range], few: int) -> list[Past]:
    """Of each range from a start until before a stop: the occurrences that have jobs. First those without success."""
    statement = _statement(conn.dialect.name, _JOBS, _JOBS_COLUMNS)
    given = {"days": _ranges(ranges), "user_id": user_id, "most": MOST_COUNTED, "few": few}
    found = {}
    for number, counts, unsuccessful, first, trouble in conn.execute(statement, given):
        at_least = sum((counts or {}).values()) >= MOST_COUNTED
        ids = list(dict.fromkeys((*(trouble or ()), *(first or ()))))
        found[number] = Past({**(counts or {}), **(unsuccessful or {})}, at_least, ids)
    return [found[number] for number in range(len(ranges))]


def rows_of(conn: sa.Connection, ids: Sequence[str]) -> dict[str, Row]:
    """Those jobs, by their ids."""
    return {row.job_id: row for row in _rows(conn, among(conn, jobs.c.id, ids))}


def page(conn: sa.Connection, user_id: int, span: Range, after: tuple[datetime, int], limit: int) -> list[Row]:
    """The occurrences with jobs of a range, in order, after the instant and AI task of `after`."""
    start, stop = span
    key = sa.tuple_(jobs.c.due_at, jobs.c.ai_task_id)
    later = key > sa.tuple_(sa.literal(after[0], jobs.c.due_at.type), sa.literal(after[1]))
    mine = (jobs.c.user_id == user_id, jobs.c.ai_task_id.is_not(None), jobs.c.due_at >= start, jobs.c.due_at < stop)
    ids = sa.select(jobs.c.id).where(*mine, later).order_by(jobs.c.due_at, jobs.c.ai_task_id).limit(limit)
    return sorted(_rows(conn, jobs.c.id.in_(ids)), key=lambda row: (row.at, row.ai_task_id))


def _rows(conn: sa.Connection, which: sa.ColumnElement[bool]) -> list[Row]:
    word: sa.ColumnElement[str] = sa.literal_column(_WORD)
    chosen = sa.select(jobs.c.due_at, jobs.c.ai_task_id, ai_tasks.c.title, word.label("state"), jobs.c.id, jobs.c.error)
    joined = chosen.join(ai_tasks, ai_tasks.c.id == jobs.c.ai_task_id)
    return [Row(*row) for row in conn.execute(joined.where(which))]


def planned(conn: sa.Connection, user_id: int, ranges: Sequence[Range], few: int) -> list[tuple[int, list[int]]]:
    """Of each range: how many AI tasks come next in it, at most `MOST_COUNTED`, and the ids of the first."""
    statement = _statement(conn.dialect.name, _TASKS, ("first",))
    given = {"days": _ranges(ranges), "user_id": user_id, "most": MOST_COUNTED, "few": few}
    found = {number: (amount, list(first or ())) for number, amount, first in conn.execute(statement, given)}
    return [found[number] for number in range(len(ranges))]


def titles(conn: sa.Connection, ids: Sequence[int]) -> dict[int, tuple[datetime, str]]:
    """AI task to its next instant and its title."""
    chosen = sa.select(ai_tasks.c.id, ai_tasks.c.next_run_at, ai_tasks.c.title)
    return {row.id: (row.next_run_at, row.title) for row in conn.execute(chosen.where(among(conn, ai_tasks.c.id, ids)))}


def planned_page(
    conn: sa.Connection, user_id: int, span: Range, after: tuple[datetime, int], limit: int
) -> list[tuple[datetime, str, int]]:
    """The instant, title and id of those that come next in a range, in order, after the instant and id of `after`."""
    start, stop = span
    key = sa.tuple_(ai_tasks.c.next_run_at, ai_tasks.c.id)
    later = key > sa.tuple_(sa.literal(after[0], ai_tasks.c.next_run_at.type), sa.literal(after[1]))
    chosen = sa.select(ai_tasks.c.next_run_at, ai_tasks.c.id, ai_tasks.c.title).where(
        ai_tasks.c.user_id == user_id, _active(), ai_tasks.c.next_run_at >= start, ai_tasks.c.next_run_at < stop, later
    )
    ordered = chosen.order_by(ai_tasks.c.next_run_at, ai_tasks.c.id).limit(limit)
    return [(row.next_run_at, row.title, row.id) for row in conn.execute(ordered)]


def recurring(conn: sa.Connection, user_id: int, before: datetime, limit: int) -> tuple[list[AITask], bool]:
    """Of the active AI tasks that come next before an instant the first that recur; and whether that are all."""
    coming = sa.select(ai_tasks.c.id, ai_tasks.c.schedule_type).where(
        ai_tasks.c.user_id == user_id, _active(), ai_tasks.c.next_run_at < before
    )
    looked_at = conn.execute(coming.order_by(ai_tasks.c.next_run_at, ai_tasks.c.id).limit(_LOOKED_AT)).all()
    ids = [row.id for row in looked_at if row.schedule_type != "once"]
    chosen = SELECTED.where(among(conn, ai_tasks.c.id, ids[:limit])).order_by(ai_tasks.c.next_run_at, ai_tasks.c.id)
    found = [ai_task_of(row) for row in conn.execute(chosen).mappings()]
    return found, len(ids) <= limit and len(looked_at) < _LOOKED_AT


def _active() -> sa.ColumnElement[bool]:
    return sa.and_(ai_tasks.c.status == sa.literal_column("'active'"), ai_tasks.c.next_run_at.is_not(None))


def _ranges(ranges: Sequence[Range]) -> str:
    return json.dumps([(instant_text(start), instant_text(stop)) for start, stop in ranges])


@cache
def _statement(dialect: str, text: str, columns: tuple[str, ...]) -> sa.TextualSelect:
    """A statement of one of these databases; `columns` are those that hold JSON."""
    if dialect == "postgresql":
        days = (
            "SELECT ordinality - 1 AS number, CAST(value ->> 0 AS timestamp) AS start, "
            "CAST(value ->> 1 AS timestamp) AS stop "
            "FROM json_array_elements(CAST(:days AS json)) WITH ORDINALITY AS item (value, ordinality)"
        )
        group, listed = "json_object_agg", "json_agg"
    else:
        days = "SELECT key AS number, value ->> 0 AS start, value ->> 1 AS stop FROM json_each(:days)"
        group, listed = "json_group_object", "json_group_array"
    written = sa.text(text.format(days=days, group=group, list=listed))
    return written.columns(**dict.fromkeys(columns, sa.JSON))
