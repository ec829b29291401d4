"""Upkeep of the system itself."""

from datetime import timedelta
from typing import Any

from personal_assistant.jobs.context import current_job
from personal_assistant.jobs.retention import remove_finished
from personal_assistant.jobs.stats import count_finished
from personal_assistant.store.planner import refresh_planner
from personal_assistant.workers.options import Timetable
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.tasks import task
from personal_assistant.workers.utils.health_check import check_health

QUEUE = "maintenance_tasks"
_STEP = 500


@task(queue=QUEUE, timetable=Timetable("custom", {"interval_minutes": 15}, missed_policy="skip"), time_limit=3600)
def count_finished_jobs() -> dict[str, int]:
    """Count finished jobs into the hourly statistics in small steps, so that nobody who asks has to count many."""
    return {"jobs_counted": _count_all()}


@task(queue=QUEUE, timetable=Timetable("daily", {"hour": 4, "minute": 0}), time_limit=3600)
def cleanup_old_logs() -> dict[str, int]:
    """Count finished jobs into the hourly statistics, then remove those older than `history_days`, in small steps.

    Last, what the database knows of its tables for its plans is brought up to date.
    """
    db, clock = runtime().db, runtime().clock
    before = clock.now() - timedelta(days=runtime().settings.history_days)
    report = {"jobs_counted": _count_all(), "jobs_removed": 0}
    while True:
        current_job().progress(report["jobs_removed"], note="removing old jobs")
        with db.write() as conn:
            removed = remove_finished(conn, before, _STEP)
        report["jobs_removed"] += removed
        if removed < _STEP:
            break
    refresh_planner(db)
    return report


@task(queue=QUEUE, timetable=Timetable("custom", {"interval_minutes": 15}, missed_policy="skip"))
def system_health_check() -> list[dict[str, Any]]:
    """Check database, scheduler, runner, disk and clock; returns what was found, worst first."""
    return [finding.as_json() for finding in check_health(runtime())]


def _count_all() -> int:
    total = 0
    while True:
        current_job().progress(total, note="counting finished jobs")
        with runtime().db.write() as conn:
            counted = count_finished(conn, _STEP)
        total += counted
        if counted < _STEP:
            return total
