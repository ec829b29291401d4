"""Cancelling jobs from outside, with what that means for the things they belong to."""

import sqlalchemy as sa

from personal_assistant.jobs.cancel import cancel
from personal_assistant.jobs.model import OPEN_STATES, ClaimedJob, JobView
from personal_assistant.jobs.outcomes import Cancelled
from personal_assistant.store.tables import jobs
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.utils.task_monitoring import settle


def cancel_job(runtime: Runtime, job_id: str, *, user_id: int | None = None) -> JobView:
    """Cancel one job, with `user_id` one of that person; returns it as it is then (`running` when it was only asked to
    stop). Raises JobNotFoundError, and JobStateError for one that has ended.
    """
    with runtime.db.write() as conn:
        return _cancel(conn, runtime, job_id, user_id)


def cancel_task_jobs(runtime: Runtime, task: str) -> list[JobView]:
    """Cancel every open job of a task, declared or not."""
    with runtime.db.write() as conn:
        open_ones = sa.select(jobs.c.id).where(jobs.c.task == task, jobs.c.state.in_(OPEN_STATES))
        return [_cancel(conn, runtime, job_id) for job_id in conn.execute(open_ones.with_for_update()).scalars().all()]


def _cancel(conn: sa.Connection, runtime: Runtime, job_id: str, user_id: int | None = None) -> JobView:
    job = cancel(conn, job_id, runtime.clock.now(), user_id=user_id)
    if job.state == "cancelled":
        settle(conn, load_tasks(), [(_claimed(job), Cancelled())])
    return job


def _claimed(job: JobView) -> ClaimedJob:
    return ClaimedJob(**{name: getattr(job, name) for name in ClaimedJob._fields})
