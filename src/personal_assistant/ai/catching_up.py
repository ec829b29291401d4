"""After a time in which nothing ran: late occurrences start a few at a time, and their person is told once."""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.ai.model import EXECUTE, QUEUE
from personal_assistant.jobs.enqueue import enqueue_many
from personal_assistant.jobs.ids import new_job_id
from personal_assistant.jobs.limits import Limit, Rate
from personal_assistant.jobs.model import OPEN_STATES, NewJob
from personal_assistant.store.bulk import among
from personal_assistant.store.tables import IN_LINE, jobs
from personal_assistant.timing.missed import ON_TIME

# The task that tells a person what became of late occurrences.
SUMMARIZE = "personal_assistant.workers.tasks.ai_tasks.summarize_missed"
# All late occurrences have this key: they stand in one line, from which so many may start in a second.
CATCHING_UP = f"{EXECUTE}:late"
AT_ONCE = 10
# How long the last ones have for their work before the summary is written.
_GRACE = timedelta(seconds=5)
# It is run again after its process was killed.
SUMMARY_ATTEMPTS = 20
_ADVISORY_LOCK = 0x6D697373

_OPEN = sa.text("unique_key IS NOT NULL AND state IN ({})".format(", ".join(f"'{state}'" for state in OPEN_STATES)))
_LINE = (sa.text(IN_LINE), jobs.c.concurrency_key == CATCHING_UP)


def limit_of(at_once: int) -> Limit:
    """What holds for late occurrences: so many may start in any second, in all workers together."""
    return Limit(None, Rate(at_once, 1))


def catch_up(conn: sa.Connection, batch: Sequence[NewJob], now: datetime, at_once: int) -> list[NewJob]:
    """Put the late ones among new occurrences in line, and plan the summary of each person concerned.

    Of a person who has more of them than may start at once, reminders stay in the in-app list: the summary is what
    goes out. Returns all occurrences, in their order.
    """
    late = [job for job in batch if _is_late(job, now)]
    if not late:
        return list(batch)
    lock(conn)
    people = {job.user_id for job in late if job.user_id is not None}
    in_line = Counter[int | None](_in_line(conn))
    in_line.update(job.user_id for job in late if job.missed is None)
    summaries = _summaries(conn, people, now + until_told(in_line.total(), at_once), now)

    def in_turn(job: NewJob) -> NewJob:
        kwargs = {"summary": summaries[job.user_id]} if job.user_id is not None else {}
        quiet = {"in_summary": True} if job.missed is None and in_line[job.user_id] > at_once else {}
        return replace(job, concurrency_key=CATCHING_UP, kwargs={**job.kwargs, **kwargs, **quiet})

    return [in_turn(job) if _is_late(job, now) else job for job in batch]


def _is_late(job: NewJob, now: datetime) -> bool:
    assert job.due_at is not None
    return job.missed is not None or now - job.due_at > ON_TIME


def until_told(waiting: int, at_once: int) -> timedelta:
    """How long it takes until so many have started and the summary can be written."""
    return timedelta(seconds=math.ceil(waiting / at_once)) + _GRACE


def lock(conn: sa.Connection) -> None:
    """Have what puts occurrences into a summary wait for what writes one, and the other way round.

    On SQLite there is one writer anyhow.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))


def _in_line(conn: sa.Connection) -> dict[int | None, int]:
    """Person to the number of late occurrences that have not started."""
    counted = sa.select(jobs.c.user_id, sa.func.count().label("number")).where(*_LINE).group_by(jobs.c.user_id)
    return {row.user_id: row.number for row in conn.execute(counted)}


def _summaries(conn: sa.Connection, people: Collection[int], at: datetime, now: datetime) -> dict[int | None, str]:
    """Person to the id of the job that will write the summary: a new one, or the one there is, put off until `at`."""
    keys = {f"missed:{user_id}": user_id for user_id in people}
    held = sa.select(jobs.c.unique_key, jobs.c.id).where(_OPEN, among(conn, jobs.c.unique_key, list(keys)))
    found: dict[int | None, str] = {keys[key]: job_id for key, job_id in conn.execute(held)}
    # One that is under way is left alone: it waits for this transaction, and reads what is written in it.
    still = sa.and_(among(conn, jobs.c.id, list(found.values())), jobs.c.state.in_(("scheduled", "queued")))
    conn.execute(sa.update(jobs).where(still).values(state="scheduled", run_at=at, published_at=None))
    new = [
        NewJob(
            SUMMARIZE, QUEUE, (user_id,), run_at=at, max_attempts=SUMMARY_ATTEMPTS,
            unique_key=key, user_id=user_id, id=new_job_id(),
        )
        for key, user_id in keys.items()
        if user_id not in found
    ]  # fmt: skip
    enqueue_many(conn, new, now=now)
    return found | {job.user_id: str(job.id) for job in new}
