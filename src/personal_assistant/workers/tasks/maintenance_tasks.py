"""Upkeep of the system itself."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from personal_assistant.ai import undoing
from personal_assistant.jobs.context import current_job
from personal_assistant.jobs.retention import remove_finished
from personal_assistant.jobs.stats import count_finished
from personal_assistant.people.idempotency import remove_old
from personal_assistant.store.planner import refresh_planner
from personal_assistant.workers.options import Timetable
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.tasks import task
from personal_assistant.workers.utils.health_check import check_health
from personal_assistant.workers.utils.resources import add_sample, measure, remove_samples

QUEUE = "maintenance_tasks"
_STEP = 500


@task(queue=QUEUE, timetable=Timetable("custom", {"interval_minutes": 15}, missed_policy="skip"), time_limit=3600)
def count_finished_jobs() -> dict[str, int]:
    """Count finished jobs into the hourly statistics in small steps, so that nobody who asks has to count many."""
    return {"jobs_counted": _count_all()}


@task(queue=QUEUE, timetable=Timetable("daily", {"hour": 4, "minute": 0}), time_limit=3600)
def cleanup_old_logs() -> dict[str, int]:
    """Count finished jobs into the hourly statistics, then remove what is older than `history_days`, in small steps.

    That is finished jobs, and what was measured of machines; answers to marked requests after a day, and what could be
    undone. Last, what the database knows of its tables for its plans is brought up to date.
    """
    db, clock = runtime().db, runtime().clock
    before = clock.now() - timedelta(days=runtime().settings.history_days)
    report = {
        "jobs_counted": _count_all(),
        "jobs_removed": _in_steps(partial(remove_finished, before=before), "removing old jobs"),
        "answers_removed": _in_steps(partial(remove_old, now=clock.now()), "removing old answers"),
        "undos_removed": _in_steps(partial(undoing.remove_old, now=clock.now()), "removing what can be undone no more"),
        "samples_removed": _in_steps(partial(remove_samples, before=before), "removing old samples"),
    }
    refresh_planner(db)
    return report


@task(queue=QUEUE, timetable=Timetable("custom", {"interval_minutes": 1}, missed_policy="skip"))
def monitor_resource_usage() -> None:
    """Measure what this machine uses and has left, for the plots of the last days."""
    sample = measure(runtime())
    with runtime().db.write() as conn:
        add_sample(conn, sample)


@task(queue=QUEUE, timetable=Timetable("custom", {"interval_minutes": 15}, missed_policy="skip"))
def system_health_check() -> list[dict[str, Any]]:
    """Check database, scheduler, runner, disk and clock; returns what was found, worst first."""
    return [finding.as_json() for finding in check_health(runtime())]


def _count_all() -> int:
    return _in_steps(count_finished, "counting finished jobs")


def _in_steps(step: Callable[..., int], note: str) -> int:
    """Do it again and again, each time in a transaction of its own, until there is no whole step left; how many."""
    total = 0
    while True:
        current_job().progress(total, note=note)
        with runtime().db.write() as conn:
            done = step(conn, limit=_STEP)
        total += done
        if done < _STEP:
            return total
