"""What the health checks find, and what they say to do."""

import contextlib
import shutil
from collections.abc import Iterator
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from tests.workers.bench import Declare
from tests.workers.processes import dead_process, heartbeat, living_process, rename

from personal_assistant.ai import AITaskManager
from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.model import NewJob
from personal_assistant.jobs.stats import count_by_state
from personal_assistant.store.database import Database
from personal_assistant.store.errors import StoreError
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.control import cancel_task_jobs
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.utils import health_check
from personal_assistant.workers.utils.findings import Finding
from personal_assistant.workers.utils.health_check import check_health, check_setup
from personal_assistant.workers.utils.processes import check_worker


@pytest.fixture
def alive(runtime: Runtime) -> Iterator[None]:
    with living_process(runtime):
        yield


def _work() -> None: ...


def _of(findings: list[Finding], check: str) -> Finding:
    (found,) = [finding for finding in findings if finding.check == check]
    return found


def test_a_running_assistant_is_well(runtime: Runtime, alive: None) -> None:
    findings = check_health(runtime)
    assert {finding.check for finding in findings} == {"database", "scheduler", "runner", "lag", "disk", "clock"}
    assert {finding.level for finding in findings} == {"ok"}
    assert check_setup(runtime) == []


def test_without_a_process_nothing_fires_and_nothing_runs(runtime: Runtime) -> None:
    findings = check_health(runtime)
    assert [finding.check for finding in findings[:2]] == ["scheduler", "runner"]  # the worst first
    assert findings[0].message == "No scheduler is alive: nothing fires."
    assert findings[1].message == "No runner is alive: no job runs."
    assert all("assistant up" in str(finding.fix) for finding in findings[:2])


def test_a_process_that_only_runs_jobs_schedules_nothing(runtime: Runtime) -> None:
    with living_process(runtime, schedules=False):
        findings = check_health(runtime)
    assert (_of(findings, "scheduler").level, _of(findings, "runner").level) == ("error", "ok")


def test_workers_are_named_each_with_the_number_of_its_processes(runtime: Runtime) -> None:
    names = {"a": "threads-7@vm", "b": "prefork-9@vm", "c": "prefork-9@vm"}
    with contextlib.ExitStack() as stack:
        for worker_id, name in names.items():
            stack.enter_context(living_process(runtime, worker_id, schedules=False))
            rename(runtime, worker_id, name)
        # Those that started in one millisecond have no order.
        said = ("Alive: threads-7@vm, prefork-9@vm (2 processes).", "Alive: prefork-9@vm (2 processes), threads-7@vm.")
        assert _of(check_health(runtime), "runner").message in said


def test_each_process_on_a_machine_is_looked_at(runtime: Runtime, clock: ManualClock) -> None:
    dead_process(runtime, "c")
    rename(runtime, "c", "threads-9@vm")
    clock.advance(120)
    with living_process(runtime, "a"), living_process(runtime, "b"):
        rename(runtime, "a", "threads-7@vm")
        rename(runtime, "b", "scheduler-8@vm")
        assert {finding.message: finding.level for finding in check_worker(runtime, "here")} == {
            "threads-9@vm is not alive: it was last heard of 2 min ago.": "error",
            "threads-7@vm is alive and at work.": "ok",
            "scheduler-8@vm is alive and at work.": "ok",
        }


@pytest.mark.parametrize("ever_turned", [True, False])
def test_a_scheduler_that_stands_still_is_noticed(
    runtime: Runtime, clock: ManualClock, alive: None, ever_turned: bool
) -> None:
    started = clock.now()
    clock.advance(120)
    heartbeat(runtime, "alive", scheduled_at=started if ever_turned else None)
    worst = check_health(runtime)[0]
    assert (worst.check, worst.level) == ("scheduler", "error")
    assert "has not gone round for 2 min" in worst.message


class Late(NamedTuple):
    what: str
    state: str


@pytest.mark.parametrize("late", [Late("a job is queued", "queued"), Late("a job is due", "scheduled")])
def test_what_is_due_and_not_taken_is_lag(
    runtime: Runtime, clock: ManualClock, declare: Declare, alive: None, late: Late
) -> None:
    declare(_work, name="t")
    with runtime.db.write() as conn:
        run_at = clock.now() if late.state == "queued" else clock.now().replace(second=1)
        enqueue(conn, NewJob("t", "q", run_at=run_at), now=clock.now())
        assert count_by_state(conn) == {late.state: 1}
    clock.advance(3723)
    heartbeat(runtime, "alive", scheduled_at=clock.now())
    finding = _of(check_health(runtime), "lag")
    assert finding.level == "warning"
    assert finding.message.startswith("Since 1 h 2 min")
    assert late.what in finding.message


def test_what_no_installed_module_can_run_is_no_lag(runtime: Runtime, clock: ManualClock, alive: None) -> None:
    with runtime.db.write() as conn:
        enqueue(conn, NewJob("gone.task", "q"), now=clock.now())
    clock.advance(3723)
    heartbeat(runtime, "alive", scheduled_at=clock.now())
    assert _of(check_health(runtime), "lag").level == "ok"
    assert "gone.task" in _of(check_setup(runtime), "tasks").message


def test_an_ai_task_that_is_due_and_not_fired_is_lag(runtime: Runtime, clock: ManualClock, alive: None) -> None:
    AITaskManager(runtime.db, clock).create_task(1, "Stretch", "custom", {"interval_minutes": 1})
    clock.advance(600)
    heartbeat(runtime, "alive", scheduled_at=clock.now())
    assert "an AI task is due" in _of(check_health(runtime), "lag").message


def test_a_full_disk_is_an_error(runtime: Runtime, alive: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5_000_000))
    finding = check_health(runtime)[0]
    assert (finding.check, finding.level) == ("disk", "error")
    assert finding.message.startswith("5 MB are free")


def test_a_clock_that_was_set_back_is_noticed(runtime: Runtime, clock: ManualClock, alive: None) -> None:
    clock.advance(-3600)
    finding = _of(check_health(runtime), "clock")
    assert finding.level == "error"
    assert "1 h behind the last recorded activity" in finding.message


def test_a_database_that_cannot_be_used_is_the_only_finding(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(db: Database) -> None:
        raise StoreError("The database is away.")

    monkeypatch.setattr(Database, "write", away)
    (finding,) = check_health(runtime)
    assert (finding.check, finding.level, finding.message) == ("database", "error", "The database is away.")


def test_a_check_that_fails_is_a_finding_and_stops_no_other(
    runtime: Runtime, alive: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: object) -> None:
        raise OSError("no such device")

    monkeypatch.setattr(shutil, "disk_usage", broken)
    findings = check_health(runtime)
    assert findings[0].message == "This check could not be made: OSError: no such device."
    assert _of(findings, "clock").level == "ok"


def test_jobs_of_a_task_that_is_gone_are_reported_and_kept(runtime: Runtime, declare: Declare) -> None:
    def known() -> None: ...

    declare(known, name="tests.known")
    with runtime.db.write() as conn:
        for name in ("tests.known", "tests.renamed", "tests.renamed"):
            enqueue(conn, NewJob(name, "q"), now=runtime.clock.now())
    finding = _of(check_setup(runtime), "tasks")
    assert finding.level == "error"
    assert finding.message.startswith("2 open job(s) belong to the task tests.renamed")
    assert finding.fix is not None
    assert "They are kept." in finding.fix
    assert "assistant jobs cancel --task tests.renamed" in finding.fix
    with runtime.db.read() as conn:
        assert count_by_state(conn) == {"queued": 3}
    assert len(cancel_task_jobs(runtime, "tests.renamed")) == 2
    assert [it.check for it in check_setup(runtime)] == []


def test_settings_that_do_not_exist_are_named(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_WORKER_THREDS", "3")
    finding = _of(check_setup(runtime), "settings")
    assert (finding.level, "ASSISTANT_WORKER_THREDS" in finding.message) == ("warning", True)


def test_many_broken_ai_tasks_do_not_flood_the_report(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    monkeypatch.setattr(health_check, "_MOST_NAMED", 2)
    manager = AITaskManager(runtime.db, clock)
    for number in range(5):
        manager.create_task(1, f"Task {number}", "daily", {"hour": 9, "minute": 0})
    with runtime.db.write() as conn:
        conn.exec_driver_sql("UPDATE ai_tasks SET next_run_at = NULL, problem = 'Its schedule cannot be read.'")
    messages = [finding.message for finding in check_setup(runtime)]
    assert len(messages) == 3
    assert "3 more AI tasks cannot fire." in messages
