"""What happens to the instants that passed while nothing ran: a row for each, by the policy."""

from datetime import timedelta
from typing import Any

import pytest
from tests.ai.support import OWNER, history, run_due

from personal_assistant.ai import AITaskManager
from personal_assistant.notifications.inbox import list_notifications
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

# The policy is decided before any database is asked.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# Every schedule occurs at the given number of instants in the time off, at 12:00 UTC of a Tuesday first.
# Columns: schedule type, configuration, days off, instants that pass.
SCHEDULES: list[tuple[str, dict[str, Any], float, int]] = [
    ("once", {"run_at": "2026-06-02T13:00:00"}, 1, 1),
    ("daily", {"hour": 13}, 2.5, 3),
    ("daily", {"times": ["13:00", "18:00"]}, 1.9, 4),
    ("weekly", {"weekdays": [1, 4], "hour": 13}, 13.5, 4),
    ("monthly", {"day": 31, "hour": 13}, 92, 3),
    ("yearly", {"month": 7, "day": 1}, 800, 3),
    ("custom", {"interval_minutes": 360}, 1, 4),
    ("cron", {"expression": "0 */8 * * *"}, 1, 3),
    ("rrule", {"rule": "FREQ=DAILY;INTERVAL=2", "start": "2026-06-02T13:00:00"}, 5, 3),
]


def miss(
    runtime: Runtime, clock: ManualClock, schedule: tuple[str, dict[str, Any], float, int], **policy: Any
) -> list[bool]:
    """Schedule it, let nothing run for its time off and an hour, then run; whether each instant ran, in order."""
    kind, config, days, _ = schedule
    manager = AITaskManager(runtime.db, clock)
    task = manager.create_task(OWNER, "Stretch", kind, config, **policy)
    clock.advance(timedelta(days=days, hours=1).total_seconds())
    run_due(runtime)
    rows = history(runtime.db, task.id)
    assert all((job.state, job.error) == ("succeeded", None) or (job.state == "missed" and job.error) for job in rows)
    over = "completed" if rows[-1].state == "succeeded" else "missed"
    after = manager.get_task(task.id)
    assert (after.status, after.next_run_at is None) == (over, True) if kind == "once" else ("active", False)
    return [job.state == "succeeded" for job in rows]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule[0])
def test_skip_runs_none_of_them(runtime: Runtime, clock: ManualClock, schedule: Any) -> None:
    assert miss(runtime, clock, schedule, missed_policy="skip") == [False] * schedule[3]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule[0])
def test_once_runs_the_newest(runtime: Runtime, clock: ManualClock, schedule: Any) -> None:
    assert miss(runtime, clock, schedule, missed_policy="once") == [False] * (schedule[3] - 1) + [True]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule[0])
def test_all_runs_each(runtime: Runtime, clock: ManualClock, schedule: Any) -> None:
    assert miss(runtime, clock, schedule, missed_policy="all") == [True] * schedule[3]


HOURLY: tuple[str, dict[str, Any], float, int] = ("custom", {"interval_minutes": 60}, 3 / 24, 4)


@pytest.mark.parametrize(
    ("policy", "lateness", "ran"),
    [
        # Instants at 13:00, 14:00, 15:00 and 16:00; it is 16:00 when the assistant starts.
        ("skip", None, [False, False, False, True]),
        ("skip", 0, [False, False, False, True]),
        ("once", 0, [False, False, False, True]),
        ("all", 0, [False, False, False, True]),
        ("all", 3600, [False, False, True, True]),
        ("all", 3599, [False, False, False, True]),
        ("all", 7200, [False, True, True, True]),
        ("all", 10**6, [True, True, True, True]),
    ],
)
def test_what_is_later_than_the_greatest_lateness_does_not_run(
    runtime: Runtime, clock: ManualClock, policy: str, lateness: int | None, ran: list[bool]
) -> None:
    assert miss(runtime, clock, HOURLY, missed_policy=policy, max_lateness_seconds=lateness) == ran


@pytest.mark.parametrize(("seconds", "ran"), [(59, True), (60, True), (61, False)])
def test_moments_of_lateness_are_not_a_missed_run(
    runtime: Runtime, clock: ManualClock, seconds: int, ran: bool
) -> None:
    task = AITaskManager(runtime.db, clock).create_task(
        OWNER, "Stretch", "once", {"run_at": "2026-06-02T12:00:10"}, missed_policy="skip"
    )
    clock.advance(10 + seconds)
    run_due(runtime)
    assert [job.state == "succeeded" for job in history(runtime.db, task.id)] == [ran]


def alerts(runtime: Runtime) -> list[tuple[str, str | None]]:
    """Title and text of what the person was told besides reminders."""
    with runtime.db.read() as conn:
        return [(it.title, it.body) for it in list_notifications(conn, OWNER) if it.kind == "alert"]


def test_a_missed_once_is_told_with_the_reason_and_can_still_be_run(runtime: Runtime, clock: ManualClock) -> None:
    manager = AITaskManager(runtime.db, clock)
    config = {"run_at": "2026-06-02T13:00:00"}
    task = manager.create_task(OWNER, "Stretch", "once", config, max_lateness_seconds=60)
    clock.advance(7200)
    run_due(runtime)
    assert manager.get_task(task.id).status == "missed"
    [job] = history(runtime.db, task.id)
    assert job.error == "It was 1 h late; at most 1 min is allowed."
    assert alerts(runtime) == [("⏭️ Missed: Stretch", job.error)]
    manager.retry_task(task.id)
    run_due(runtime)
    assert [it.state for it in history(runtime.db, task.id)] == ["succeeded"]
    assert (manager.get_task(task.id).status, len(alerts(runtime))) == ("completed", 1)


def test_a_recurring_one_tells_of_no_instant_that_it_skips_unless_nothing_follows(
    runtime: Runtime, clock: ManualClock
) -> None:
    manager = AITaskManager(runtime.db, clock)
    manager.create_task(OWNER, "Stretch", "daily", {"hour": 13}, missed_policy="skip")
    pills = {"hour": 13, "start": "2026-06-02", "count": 3}
    ending = manager.create_task(OWNER, "Pills", "daily", pills, missed_policy="skip")
    clock.advance(1.5 * 86_400)
    run_due(runtime)
    assert alerts(runtime) == []
    clock.advance(86_400)
    run_due(runtime)
    assert [title for title, _ in alerts(runtime)] == ["⏭️ Missed: Pills"]
    assert manager.get_task(ending.id).status == "missed"


def test_hundreds_of_missed_instants_all_have_their_row(runtime: Runtime, clock: ManualClock) -> None:
    schedule: tuple[str, dict[str, Any], float, int] = ("custom", {"interval_minutes": 5}, 1, 300)
    ran = miss(runtime, clock, schedule, missed_policy="once")
    assert ran == [False] * 299 + [True]
