"""Running a job again that has ended or is parked."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.jobs.model import JobNotFoundError, JobStateError, JobView
from personal_assistant.jobs.queries import get_job
from personal_assistant.jobs.stats import count_endings
from personal_assistant.jobs.waiting import queued_again
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.tables import jobs

REPLAYABLE = ("failed", "cancelled", "missed", "waiting")


def replay(conn: sa.Connection, job_id: str, now: datetime, *, user_id: int | None = None) -> JobView:
    """Queue a failed, cancelled, missed or waiting job again, with one more attempt than it has used; with `user_id`
    only one of that person.

    Raises JobNotFoundError; JobStateError for a job in another state, or when an open job holds its unique key.
    """
    conn.execute(sa.select(jobs.c.id).where(jobs.c.id == job_id).with_for_update())
    job = get_job(conn, job_id, user_id=user_id)
    if job.state not in REPLAYABLE:
        raise JobStateError(
            f"Job {job_id} is {job.state}: only a failed, cancelled, missed or waiting job can be retried."
        )
    count_endings(conn, [job_id])
    again = sa.update(jobs).where(jobs.c.id == job_id)
    try:
        with conn.begin_nested():
            conn.execute(again.values(queued_again(now)))
    except sa.exc.IntegrityError as error:
        raise JobStateError(f"Job {job_id} cannot be retried: an open job has the same unique key.") from error
    wake_after_commit(conn)
    return get_job(conn, job_id)


def replay_many(
    conn: sa.Connection, ids: Collection[str], now: datetime, *, user_id: int | None = None
) -> tuple[list[str], dict[str, str]]:
    """Do so with each of these; gives the ids of those that are queued again, and of the others why they are not."""
    again, refused = [], {}
    for job_id in dict.fromkeys(ids):
        try:
            again.append(replay(conn, job_id, now, user_id=user_id).id)
        except (JobNotFoundError, JobStateError) as error:
            refused[job_id] = str(error)
    return again, refused
