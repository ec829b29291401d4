"""Finding what is new of some people's jobs, messages and AI tasks.

The table of jobs does not say when a row changed. So a look takes the jobs that run, those that were made or ended in
the last seconds, and those that ran at the look before; what is as it was then is not new. Messages are found by their
ids and AI tasks by when they were changed, some seconds back, since a transaction may commit after a later one.
"""

import json
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.ids import id_before, new_job_id
from personal_assistant.notifications.channels import IN_APP
from personal_assistant.store.bulk import among
from personal_assistant.store.tables import ai_tasks, deliveries, jobs

# What is older than this was seen, or will not be.
BACK = timedelta(seconds=10)
# Of more news than this nobody is told one by one.
MOST = 500
_JOB = tuple(
    jobs.c[name]
    for name in (
        "id", "user_id", "task", "state", "attempt", "max_attempts", "ai_task_id", "run_at", "started_at",
        "finished_at", "cancel_requested_at", "error", "progress",
    )
)  # fmt: skip
_MESSAGE = tuple(
    deliveries.c[name] for name in ("id", "user_id", "kind", "title", "due_at", "sent_at", "read_at", "ai_task_id")
)
_TASK = tuple(ai_tasks.c[name] for name in ("id", "user_id", "title", "status", "next_run_at", "updated_at"))
_COUNTED = jobs.c.counted.in_([False, True])  # so that the index of what has ended is looked into
_RUNS = jobs.c.state == sa.literal_column("'running'")


@dataclass(frozen=True, slots=True)
class News:
    """One thing of a person that changed: a `job`, `notification` or `ai_task`, as JSON.

    `reload` stands for more than can be told. `mark` is where to go on from for one who missed what follows.
    """

    user_id: int
    kind: str
    data: str
    mark: str


class Eyes:
    """What was seen so far. One thread looks."""

    def __init__(self, conn: sa.Connection, now: datetime) -> None:
        self._jobs: dict[str, tuple[str, datetime, str]] = {}
        self._messages: set[int] = set()
        self._tasks: dict[int, datetime] = {}
        self._marks = deque([(now, newest_message(conn))])
        self._from = now - BACK

    def look(self, conn: sa.Connection, user_ids: Collection[int], now: datetime) -> list[News]:
        """What is new of these people since the last look, the oldest first."""
        found, many = self._changed_jobs(conn, user_ids, now)
        messages, more = self._new_messages(conn, user_ids, now)
        tasks, most = self._changed_tasks(conn, user_ids, now)
        mark = mark_of(self._marks[0][1], now - BACK)
        if many or more or most:
            return [News(user_id, "reload", "{}", mark) for user_id in user_ids]
        told = [News(row.user_id, "job", as_json(row), mark) for row in found]
        told += [News(row.user_id, "notification", as_json(row), mark) for row in messages]
        return told + [News(row.user_id, "ai_task", as_json(row), mark) for row in tasks]

    def _changed_jobs(
        self, conn: sa.Connection, user_ids: Collection[int], now: datetime
    ) -> tuple[list[sa.Row[Any]], bool]:
        start = max(self._from, now - BACK)
        theirs = sa.select(*_JOB).where(among(conn, jobs.c.user_id, list(user_ids))).limit(MOST)
        made = jobs.c.id > id_before(new_job_id(), (now - start).total_seconds())
        ended = sa.and_(jobs.c.finished_at.is_not(None), jobs.c.finished_at >= start, _COUNTED)
        rows: dict[str, sa.Row[Any]] = {}
        many = False
        for which in (_RUNS, made, ended):
            some = conn.execute(theirs.where(which)).all()
            rows |= {row.id: row for row in some}
            many = many or len(some) == MOST
        ran = [job_id for job_id, (state, _, _) in self._jobs.items() if state == "running" and job_id not in rows]
        if ran:
            rows |= {row.id: row for row in conn.execute(theirs.where(among(conn, jobs.c.id, ran[:MOST]))).all()}
        news = [row for row in rows.values() if self._jobs.get(row.id, ("", now, ""))[2] != _looks(row)]
        kept = {job_id: it for job_id, it in self._jobs.items() if it[1] > now - 2 * BACK and it[0] != "running"}
        self._jobs = kept | {row.id: (row.state, now, _looks(row)) for row in rows.values()}
        if many:
            self._from = now
        return news, many

    def _new_messages(
        self, conn: sa.Connection, user_ids: Collection[int], now: datetime
    ) -> tuple[list[sa.Row[Any]], bool]:
        newest = newest_message(conn)
        after = self._marks[0][1]
        rows = conn.execute(messages_after(conn, user_ids, after).limit(MOST)).all()
        news = [row for row in rows if row.id not in self._messages]
        many = len(rows) == MOST
        self._marks.append((now, newest))
        while len(self._marks) > 1 and (many or self._marks[1][0] < now - BACK):
            self._marks.popleft()
        first = self._marks[0][1]
        self._messages = {it for it in self._messages if it > first} | {row.id for row in rows if row.id > first}
        return news, many

    def _changed_tasks(
        self, conn: sa.Connection, user_ids: Collection[int], now: datetime
    ) -> tuple[list[sa.Row[Any]], bool]:
        rows = conn.execute(tasks_changed(conn, user_ids, now - BACK).limit(MOST)).all()
        news = [row for row in rows if self._tasks.get(row.id) != row.updated_at]
        self._tasks = {row.id: row.updated_at for row in rows}
        return news, len(rows) == MOST and bool(news)


def since(conn: sa.Connection, user_id: int, message_id: int, instant: datetime) -> list[News] | None:
    """What became new of a person since a mark; None where it is too much to tell."""
    theirs = sa.select(*_JOB).where(jobs.c.user_id == user_id).limit(MOST)
    ended = sa.and_(jobs.c.finished_at.is_not(None), jobs.c.finished_at >= instant, _COUNTED)
    done = conn.execute(theirs.where(ended).order_by(jobs.c.finished_at)).all()
    running = conn.execute(theirs.where(_RUNS)).all()
    messages = conn.execute(messages_after(conn, [user_id], message_id).limit(MOST)).all()
    tasks = conn.execute(tasks_changed(conn, [user_id], instant).limit(MOST)).all()
    if MOST in (len(done), len(running), len(messages), len(tasks)):
        return None
    mark = mark_of(message_id, instant)
    told = [News(user_id, "job", as_json(row), mark) for row in (*done, *running)]
    told += [News(user_id, "notification", as_json(row), mark) for row in messages]
    return told + [News(user_id, "ai_task", as_json(row), mark) for row in tasks]


def tasks_changed(conn: sa.Connection, user_ids: Collection[int], instant: datetime) -> sa.Select[Any]:
    """The AI tasks of these people that were changed since an instant, the latest first."""
    theirs = among(conn, ai_tasks.c.user_id, list(user_ids))
    chosen = sa.select(*_TASK).where(theirs, ai_tasks.c.updated_at >= instant)
    return chosen.order_by(ai_tasks.c.updated_at.desc())


def messages_after(conn: sa.Connection, user_ids: Collection[int], message_id: int) -> sa.Select[Any]:
    """The messages of these people with greater ids, in their order."""
    theirs = among(conn, deliveries.c.user_id, list(user_ids))
    chosen = sa.select(*_MESSAGE).where(theirs, deliveries.c.id > message_id, deliveries.c.channel == IN_APP)
    return chosen.order_by(deliveries.c.id)


def newest_message(conn: sa.Connection) -> int:
    """The greatest id of all messages."""
    return conn.execute(sa.select(sa.func.max(deliveries.c.id))).scalar_one() or 0


def mark_of(message_id: int, instant: datetime) -> str:
    """A place in the stream of news, as one word."""
    return f"{message_id}-{int(instant.timestamp() * 1000)}"


def as_json(row: sa.Row[Any]) -> str:
    """A row as JSON, without whose it is."""
    values = {name: value for name, value in row._mapping.items() if name != "user_id"}
    return json.dumps(values, ensure_ascii=False, default=_instant)


def _instant(value: Any) -> str:
    assert isinstance(value, datetime)
    return value.isoformat().replace("+00:00", "Z")


def _looks(row: sa.Row[Any]) -> str:
    return json.dumps([row.state, row.attempt, row.cancel_requested_at is None, row.progress])
