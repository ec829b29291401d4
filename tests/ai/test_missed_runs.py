"""What happens to the instants that passed while nothing ran: a row for each, by the policy."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, another_person, dispatch, do, history, run_due, take, tell_of_late

from personal_assistant.ai import AITaskManager
from personal_assistant.ai.catching_up import AT_ONCE
from personal_assistant.ai.occurrences import NO_AGENT
from personal_assistant.notifications.addresses import add_address
from personal_assistant.notifications.inbox import list_notifications
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import deliveries
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


def alerts(runtime: Runtime, clock: ManualClock) -> list[tuple[str, str | None]]:
    """Title and text of what the person was told besides reminders, once there was time for the summary."""
    clock.advance(60)
    tell_of_late(runtime)
    with runtime.db.read() as conn:
        return [(it.title, it.body) for it in reversed(list_notifications(conn, OWNER)) if it.kind == "alert"]


def test_a_missed_once_is_told_with_the_reason_and_can_still_be_run(runtime: Runtime, clock: ManualClock) -> None:
    manager = AITaskManager(runtime.db, clock)
    config = {"run_at": "2026-06-02T13:00:00"}
    task = manager.create_task(OWNER, "Stretch", "once", config, max_lateness_seconds=60)
    clock.advance(7200)
    run_due(runtime)
    assert manager.get_task(task.id).status == "missed"
    [job] = history(runtime.db, task.id)
    assert job.error == "It was 1 h late; at most 1 min is allowed."
    assert alerts(runtime, clock) == [("⏭️ Missed: Stretch", job.error)]
    manager.retry_task(task.id)
    run_due(runtime)
    assert [it.state for it in history(runtime.db, task.id)] == ["succeeded"]
    assert (manager.get_task(task.id).status, len(alerts(runtime, clock))) == ("completed", 1)


def test_a_single_one_that_came_late_is_told_of_by_its_own_message_only(runtime: Runtime, clock: ManualClock) -> None:
    AITaskManager(runtime.db, clock).create_task(OWNER, "Stretch", "once", {"run_at": "2026-06-02T13:00:00"})
    clock.advance(7200)
    assert len(run_due(runtime)) == 1
    assert alerts(runtime, clock) == []


def test_several_are_told_of_in_one_message_with_the_reasons(runtime: Runtime, clock: ManualClock) -> None:
    manager = AITaskManager(runtime.db, clock)
    manager.create_task(OWNER, "Water", "daily", {"times": ["12:30", "13:30"]}, missed_policy="once")
    manager.create_task(OWNER, "Stretch", "daily", {"hour": 13}, missed_policy="skip")
    manager.create_task(OWNER, "Report", "daily", {"hour": 13}, task_type="automated_task")
    ending = manager.create_task(OWNER, "Pills", "daily", {"hour": 13, "start": "2026-06-02", "count": 1})
    manager.update_task(ending.id, max_lateness_seconds=60)
    clock.advance(7200)
    run_due(runtime)
    summary = next(it for it in alerts(runtime, clock) if it[0].startswith("⏭️"))
    assert summary == (
        "⏭️ While nothing was running: 1 came late, 3 skipped, 1 failed",
        f"""5 were due from Tue 02 Jun 12:30 to Tue 02 Jun 13:30 (UTC), and nothing was running then.

Came late (1):
• Water (Tue 02 Jun 13:30)

Skipped (3):
• Water (Tue 02 Jun 12:30): Nothing was running at its instant, and only the newest missed run is made up for.
• Stretch (Tue 02 Jun 13:00): Nothing was running at its instant (1 h ago), and missed runs are skipped.
• Pills (Tue 02 Jun 13:00): It was 1 h late; at most 1 min is allowed.

Failed (1):
• Report (Tue 02 Jun 13:00): {NO_AGENT}

To run a skipped one after all: `assistant jobs list --state missed`, then `assistant jobs retry JOB`.""",
    )
    assert manager.get_task(ending.id).status == "missed"


def test_instants_of_one_task_are_one_line_and_long_lists_are_cut(runtime: Runtime, clock: ManualClock) -> None:
    manager = AITaskManager(runtime.db, clock)
    manager.create_task(OWNER, "Stretch", "custom", {"interval_minutes": 10}, missed_policy="skip")
    for number in range(25):
        manager.create_task(OWNER, f"Task {number}", "daily", {"hour": 12, "minute": 15}, missed_policy="skip")
    clock.advance(3660)
    run_due(runtime)
    [(title, text)] = alerts(runtime, clock)
    assert title == "⏭️ While nothing was running: 30 skipped"
    assert text is not None
    assert "• Stretch (5 times, Tue 02 Jun 12:10 to Tue 02 Jun 12:50): Nothing was running" in text
    assert text.count("\n• Task") == 19
    assert "\n• and 6 more\n" in text


def test_of_the_longest_titles_fewer_are_listed_and_the_text_comes_to_its_end(
    runtime: Runtime, clock: ManualClock
) -> None:
    manager = AITaskManager(runtime.db, clock)
    for number in range(20):
        title = f"{number:02} ".ljust(200, "x")
        for more in ({"missed_policy": "skip"}, {"task_type": "automated_task"}, {}):
            manager.create_task(OWNER, title, "daily", {"hour": 13}, **more)  # type: ignore[arg-type]
    clock.advance(7200)
    run_due(runtime)
    text = next(body for title, body in alerts(runtime, clock) if title.startswith("⏭️"))
    assert text is not None
    assert len(text) < 10_000
    assert text.endswith("`assistant jobs retry JOB`.")
    late, skipped, failed = (text.index(f"{name} (20):") for name in ("Came late", "Skipped", "Failed"))
    sections = [text[late:skipped], text[skipped:failed], text[failed:]]
    assert ["• and " in section for section in sections] == [False, True, True]
    for section in sections:
        told = re.search(r"• and (\d+) more", section)
        assert section.count("• ") - bool(told) + int(told[1] if told else 0) == 20


@pytest.mark.parametrize("number", [AT_ONCE, AT_ONCE + 1])
def test_of_many_that_fail_only_the_summary_goes_out_and_the_list_has_each(
    runtime: Runtime, clock: ManualClock, number: int
) -> None:
    manager = AITaskManager(runtime.db, clock)
    with runtime.db.write() as conn:
        add_address(conn, vault_of(runtime.settings), OWNER, "webhook", "https://example.org/hook", now=clock.now())
    for it in range(number):
        manager.create_task(OWNER, f"Report {it}", "daily", {"hour": 13}, task_type="automated_task")
    clock.advance(7200)
    run_due(runtime)
    summary = f"⏭️ While nothing was running: {number} failed"
    each = sorted(f"❌ Did not run: Report {it}" for it in range(number))
    assert sorted(title for title, _ in alerts(runtime, clock)) == sorted([*each, summary])
    out = sa.select(deliveries.c.title).where(deliveries.c.channel == "webhook").order_by(deliveries.c.title)
    with runtime.db.read() as conn:
        assert list(conn.execute(out).scalars()) == ([summary] if number > AT_ONCE else sorted([*each, summary]))


def test_people_are_told_each_of_their_own(runtime: Runtime, clock: ManualClock) -> None:
    manager = AITaskManager(runtime.db, clock)
    other = another_person(runtime.db)
    for user_id, title in ((OWNER, "Stretch"), (other, "Swim")):
        manager.create_task(user_id, title, "once", {"run_at": "2026-06-02T18:00:00+00:00"}, max_lateness_seconds=60)
    clock.advance(86_400)
    run_due(runtime)
    assert [title for title, _ in alerts(runtime, clock)] == ["⏭️ Missed: Stretch"]
    with runtime.db.read() as conn:
        assert [it.title for it in list_notifications(conn, other)] == ["⏭️ Missed: Swim"]


def test_what_was_removed_or_cancelled_before_it_came_is_not_told_of(runtime: Runtime, clock: ManualClock) -> None:
    manager = AITaskManager(runtime.db, clock)
    config = {"run_at": "2026-06-02T13:00:00"}
    tasks = [manager.create_task(OWNER, title, "once", config) for title in ("Stretch", "Pills", "Water")]
    clock.advance(7200)
    dispatch(runtime.db, clock)
    manager.delete_task(tasks[0].id)
    manager.cancel_task(tasks[1].id)
    do(runtime, take(runtime.db, clock))
    assert alerts(runtime, clock) == []


def test_hundreds_of_missed_instants_all_have_their_row(runtime: Runtime, clock: ManualClock) -> None:
    schedule: tuple[str, dict[str, Any], float, int] = ("custom", {"interval_minutes": 5}, 1, 300)
    ran = miss(runtime, clock, schedule, missed_policy="once")
    assert ran == [False] * 299 + [True]
