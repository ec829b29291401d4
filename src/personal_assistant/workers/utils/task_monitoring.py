"""What happened to tasks: telling the families how their jobs settled, and the figures per task."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from personal_assistant.jobs.finish import Finished
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Failed, Retry, Waiting
from personal_assistant.jobs.stats import TaskStats, task_stats
from personal_assistant.workers.logs import get_logger, person_reads_both
from personal_assistant.workers.options import Written
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.tasks import Registry
from personal_assistant.workers.utils import failing

log = get_logger(__name__)


def settle(conn: sa.Connection, registry: Registry, finished: Sequence[Finished]) -> None:
    """Log what went wrong, and give each task its say about its outcomes, in the same transaction."""
    written: dict[str, list[Finished]] = defaultdict(list)
    for job, outcome in finished:
        if isinstance(outcome, Failed | Retry):
            _log(job, outcome)
        task = registry.tasks.get(job.task)
        if task is None:
            continue
        if task.options.settled and isinstance(outcome, Failed | Cancelled | Waiting):
            _tell(conn, partial(task.options.settled, conn, job, outcome), [job])
        if task.options.written:
            written[job.task].append((job, outcome))
    scheduled = [(job, outcome) for job, outcome in finished if failing.is_scheduled(job)]
    if scheduled:
        _tell_together(conn, _note_scheduled, scheduled)
    for name, together in written.items():
        tell = registry.tasks[name].options.written
        assert tell is not None
        _tell_together(conn, tell, together)


def _note_scheduled(conn: sa.Connection, finished: Sequence[Finished]) -> None:
    failing.note(conn, finished, runtime().clock.now())


def _log(job: ClaimedJob, outcome: Failed | Retry) -> None:
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


def _tell_together(conn: sa.Connection, written: Written, finished: Sequence[Finished]) -> None:
    """One that cannot be taken note of does not stop the others."""
    if _tell(conn, partial(written, conn, finished), [job for job, _ in finished]) or len(finished) == 1:
        return
    for one in finished:
        _tell(conn, partial(written, conn, [one]), [one[0]])


def _tell(conn: sa.Connection, tell: Callable[[], None], jobs: Sequence[ClaimedJob]) -> bool:
    """Whether it went well. A mistake in there takes back what it wrote, and nothing else: the outcomes stand."""
    try:
        with conn.begin_nested():
            tell()
    except (sa.exc.OperationalError, sa.exc.InterfaceError):
        raise  # the database is away
    except Exception:
        log.exception("a task could not take note of how its job ended", job=jobs[0].id, task=jobs[0].task)
        return False
    return True


def recent_stats(conn: sa.Connection, now: datetime, hours: int = 24) -> list[TaskStats]:
    """Counts, durations, waiting times and kinds of error per task over the last hours."""
    return task_stats(conn, now - timedelta(hours=hours))
