"""What happened to tasks: telling the families how their jobs settled, and the figures per task."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.jobs.finish import Finished
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Retry, Waiting
from personal_assistant.jobs.stats import TaskStats, task_stats
from personal_assistant.workers.logs import get_logger, person_reads_both
from personal_assistant.workers.options import Settled
from personal_assistant.workers.tasks import Registry

log = get_logger(__name__)


def settle(conn: sa.Connection, registry: Registry, finished: Sequence[Finished]) -> None:
    """Log what went wrong, and give each task its say about outcomes other than success, in the same transaction."""
    for job, outcome in finished:
        if isinstance(outcome, Failed | Retry):
            # Of an AI task that failed the person is told in words; once on a terminal is enough.
            told = isinstance(outcome, Failed) and job.ai_task_id is not None and person_reads_both()
            log.log(
                logging.INFO if told else logging.WARNING,
                "job failed" if isinstance(outcome, Failed) else "job will be tried again",
                job=job.id,
                task=job.task,
                attempt=job.attempt,
                kind=outcome.kind,
                error=outcome.error,
            )
        task = registry.tasks.get(job.task)
        if task is not None and task.options.settled and isinstance(outcome, Failed | Cancelled | Waiting):
            _tell(conn, task.options.settled, job, outcome)


def _tell(conn: sa.Connection, settled: Settled, job: ClaimedJob, outcome: Outcome) -> None:
    """A mistake in there takes back what it wrote, and nothing else: the outcomes stand."""
    try:
        with conn.begin_nested():
            settled(conn, job, outcome)
    except (sa.exc.OperationalError, sa.exc.InterfaceError):
        raise  # the database is away
    except Exception:
        log.exception("a task could not take note of how its job ended", job=job.id, task=job.task)


def recent_stats(conn: sa.Connection, now: datetime, hours: int = 24) -> list[TaskStats]:
    """Counts, durations, waiting times and kinds of error per task over the last hours."""
    return task_stats(conn, now - timedelta(hours=hours))
