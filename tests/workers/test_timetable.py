"""The timetable of system tasks: what tasks declare, what the owner changes, and tasks that come and go."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from tests.workers.bench import Declare

from personal_assistant.errors import AssistantError
from personal_assistant.jobs.queries import list_jobs
from personal_assistant.store.tables import schedules
from personal_assistant.timing.clock import ManualClock
from personal_assistant.timing.recurrence import parse_schedule
from personal_assistant.workers import tasks as tasks_module
from personal_assistant.workers.celery_app import LedgerTask, app
from personal_assistant.workers.options import Timetable
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers import timetable
from personal_assistant.workers.schedulers.system_scheduler import SystemScheduler
from personal_assistant.workers.schedulers.timetable import TimetableEntry, find_schedule, sync_timetable
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.utils.health_check import check_setup

NAME = "tests.report"
AT_EIGHT = Timetable("daily", {"hour": 8, "minute": 0})
AT_NINE = Timetable("daily", {"hour": 9, "minute": 0})


def _report() -> None: ...


@pytest.fixture
def tabled(declare: Declare, in_use: Runtime) -> Iterator[Any]:
    """Declares the task anew with a timetable (or none) and brings the table in line."""

    def tabled(wanted: Timetable | None = AT_EIGHT, **options: Any) -> LedgerTask:
        _forget()
        task = declare(_report, name=NAME, timetable=wanted, **options)
        sync_timetable(in_use, "UTC")
        return task

    yield tabled


def _forget() -> None:
    app.tasks.pop(NAME, None)
    tasks_module._declared.pop(NAME, None)
    load_tasks.cache_clear()


def _vanish(runtime: Runtime) -> None:
    _forget()
    sync_timetable(runtime, "UTC")


def _entry(runtime: Runtime) -> TimetableEntry:
    with runtime.db.read() as conn:
        return find_schedule(conn, NAME)


def _instant(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


def test_a_declared_timetable_gets_its_line(in_use: Runtime, tabled: Any) -> None:
    tabled()
    entry = _entry(in_use)
    assert (entry.status, entry.changed_by_owner, entry.zone) == ("active", False, "UTC")
    assert entry.next_run_at == _instant(3, 8)


def test_a_new_declaration_replaces_the_old_one(in_use: Runtime, tabled: Any) -> None:
    tabled(AT_EIGHT)
    tabled(AT_NINE)
    assert _entry(in_use).next_run_at == _instant(3, 9)


def test_an_unchanged_declaration_leaves_a_missed_instant_to_its_policy(
    in_use: Runtime, tabled: Any, clock: ManualClock
) -> None:
    several = Timetable("daily", {"times": ("08:00", "20:00")})
    tabled(several)
    before = _entry(in_use).next_run_at
    clock.set(_instant(3, 7))
    tabled(several)
    assert _entry(in_use).next_run_at == before == _instant(2, 20)


def test_a_new_declaration_does_not_lose_the_instant_that_passed(
    in_use: Runtime, tabled: Any, clock: ManualClock
) -> None:
    tabled(AT_EIGHT)
    clock.set(_instant(3, 8, 30))
    tabled(AT_NINE)
    SystemScheduler(in_use).dispatch(clock.now())
    with in_use.db.read() as conn:
        assert [job.due_at for job in list_jobs(conn, task=NAME)] == [_instant(3, 8)]
    assert _entry(in_use).next_run_at == _instant(3, 9)


def test_what_the_owner_changed_stays(in_use: Runtime, tabled: Any, clock: ManualClock) -> None:
    tabled(AT_EIGHT)
    rule = parse_schedule("daily", {"hour": 6, "minute": 30}, "UTC")
    with in_use.db.write() as conn:
        timetable.change(conn, NAME, rule, clock.now())
    tabled(AT_NINE)
    assert (_entry(in_use).next_run_at, _entry(in_use).changed_by_owner) == (_instant(3, 6, 30), True)
    with in_use.db.write() as conn:
        timetable.reset(conn, NAME, "UTC", clock.now())
    assert (_entry(in_use).next_run_at, _entry(in_use).changed_by_owner) == (_instant(3, 9), False)


def test_a_task_that_vanishes_is_switched_off_and_comes_back(in_use: Runtime, tabled: Any) -> None:
    tabled()
    _vanish(in_use)
    assert (_entry(in_use).status, _entry(in_use).next_run_at) == ("off", None)
    tabled()
    assert (_entry(in_use).status, _entry(in_use).next_run_at) == ("active", _instant(3, 8))


def test_what_the_owner_paused_is_still_paused_when_its_task_comes_back(
    in_use: Runtime, tabled: Any, clock: ManualClock
) -> None:
    tabled()
    with in_use.db.write() as conn:
        timetable.pause(conn, NAME, clock.now())
    _vanish(in_use)
    tabled(AT_NINE)
    assert (_entry(in_use).status, _entry(in_use).next_run_at) == ("paused", None)
    with in_use.db.write() as conn:
        resumed = timetable.resume(conn, NAME, clock.now())
    assert (resumed.status, resumed.changed_by_owner) == ("active", False)


def test_only_what_runs_is_paused_and_only_what_is_paused_is_resumed(
    in_use: Runtime, tabled: Any, clock: ManualClock
) -> None:
    tabled()
    with in_use.db.write() as conn, pytest.raises(AssistantError, match=f"{NAME} is active already"):
        timetable.resume(conn, NAME, clock.now())
    with in_use.db.write() as conn:
        timetable.pause(conn, NAME, clock.now())
    with in_use.db.write() as conn, pytest.raises(AssistantError, match=f"{NAME} is paused, so there is nothing to"):
        timetable.pause(conn, NAME, clock.now())
    assert check_setup(in_use) == []
    tabled(None)
    with in_use.db.write() as conn:
        timetable.resume(conn, NAME, clock.now())
    tabled(None)
    with in_use.db.write() as conn, pytest.raises(AssistantError, match=f"{NAME} is off: no installed task declares"):
        timetable.resume(conn, NAME, clock.now())


def test_what_the_owner_changed_comes_back_as_the_owner_had_it(
    in_use: Runtime, tabled: Any, clock: ManualClock
) -> None:
    tabled()
    with in_use.db.write() as conn:
        timetable.change(conn, NAME, parse_schedule("daily", {"hour": 6, "minute": 30}, "UTC"), clock.now())
    _vanish(in_use)
    tabled()
    assert _entry(in_use).next_run_at == _instant(3, 6, 30)


def test_a_timetable_that_is_withdrawn_is_switched_off(in_use: Runtime, tabled: Any) -> None:
    tabled()
    tabled(None)
    assert _entry(in_use).status == "off"


def test_a_task_that_vanished_while_the_scheduler_ran_is_switched_off(
    in_use: Runtime, tabled: Any, clock: ManualClock
) -> None:
    tabled()
    _forget()
    clock.set(_instant(3, 8))
    SystemScheduler(in_use).dispatch(clock.now())
    assert _entry(in_use).status == "off"
    tabled()
    assert _entry(in_use).status == "active"


def test_a_line_that_cannot_be_read_is_paused_and_reported(in_use: Runtime, tabled: Any, clock: ManualClock) -> None:
    tabled()
    with in_use.db.write() as conn:
        conn.exec_driver_sql(f"UPDATE schedules SET zone = 'Mars/Olympus' WHERE name = '{NAME}'")
    clock.set(_instant(3, 8))
    SystemScheduler(in_use).dispatch(clock.now())
    assert _entry(in_use).status == "paused"
    assert any(f"assistant schedules resume {NAME}" in str(it.fix) for it in check_setup(in_use))
    with in_use.db.write() as conn:
        mended = timetable.change(conn, NAME, parse_schedule("daily", {"hour": 9}, "UTC"), clock.now())
    assert (mended.status, mended.next_run_at) == ("active", _instant(3, 9))
    assert check_setup(in_use) == []


def test_a_line_that_could_not_be_read_goes_on_as_declared_at_the_next_start(
    in_use: Runtime, tabled: Any, clock: ManualClock
) -> None:
    tabled()
    with in_use.db.write() as conn:
        conn.exec_driver_sql(f"UPDATE schedules SET zone = 'Mars/Olympus' WHERE name = '{NAME}'")
    clock.set(_instant(3, 8))
    SystemScheduler(in_use).dispatch(clock.now())
    tabled()
    assert (_entry(in_use).status, _entry(in_use).next_run_at) == ("active", _instant(4, 8))


def test_running_it_now_is_beside_the_timetable(in_use: Runtime, tabled: Any, clock: ManualClock) -> None:
    tabled(attempts=2)
    with in_use.db.write() as conn:
        job_id = timetable.run_now(conn, "report", clock.now())
    with in_use.db.read() as conn:
        (job,) = list_jobs(conn, task=NAME)
    assert (job.id, job.state, job.max_attempts, job.due_at) == (job_id, "queued", 2, clock.now())
    assert _entry(in_use).next_run_at == _instant(3, 8)


def test_a_single_time_and_an_unknown_schedule_are_refused(in_use: Runtime, tabled: Any, clock: ManualClock) -> None:
    tabled()
    single = parse_schedule("once", {"run_at": "2030-01-01T09:00:00+00:00"}, "UTC")
    past = parse_schedule("cron", {"expression": "0 9 * * *", "until": "2020-01-01"}, "UTC")
    with in_use.db.write() as conn, pytest.raises(AssistantError, match="once, now, use `assistant schedules run"):
        timetable.change(conn, NAME, single, clock.now())
    with in_use.db.write() as conn, pytest.raises(AssistantError, match="past"):
        timetable.change(conn, NAME, past, clock.now())
    with in_use.db.read() as conn, pytest.raises(AssistantError, match="assistant schedules list"):
        find_schedule(conn, "nonsense")


@pytest.mark.parametrize(
    ("policy", "lateness", "states"),
    [
        ("skip", None, ["missed", "missed", "missed"]),
        ("once", None, ["missed", "missed", "queued"]),
        ("all", None, ["queued", "queued", "queued"]),
        ("all", 30 * 3600, ["missed", "queued", "queued"]),
    ],
)
def test_every_missed_instant_has_a_row_as_its_policy_says(
    in_use: Runtime, tabled: Any, clock: ManualClock, policy: str, lateness: int | None, states: list[str]
) -> None:
    tabled(Timetable("daily", {"hour": 8, "minute": 0}, policy, lateness))
    clock.set(_instant(5, 9))
    assert SystemScheduler(in_use).dispatch(clock.now()) >= 1
    with in_use.db.read() as conn:
        jobs = sorted(list_jobs(conn, task=NAME), key=lambda job: job.run_at)
    assert [job.due_at for job in jobs] == [_instant(3, 8), _instant(4, 8), _instant(5, 8)]
    assert [job.state for job in jobs] == states
    assert all(bool(job.error) == (job.state == "missed") for job in jobs)
    assert _entry(in_use).next_run_at == _instant(6, 8)


def test_two_first_starts_at_once_write_one_timetable(runtime: Runtime) -> None:
    for _ in range(5):
        with runtime.db.write() as conn:
            conn.execute(sa.delete(schedules))
        with ThreadPoolExecutor(4) as starts:
            done = [starts.submit(sync_timetable, runtime, "UTC") for _ in range(4)]
        assert [it.result() for it in done] == [None] * 4
        with runtime.db.read() as conn:
            names = list(conn.execute(sa.select(schedules.c.name)).scalars())
        assert names and len(names) == len(set(names))
