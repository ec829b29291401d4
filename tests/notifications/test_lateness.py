"""What should have run and has not: late after its grace and not before, told once, and once when it ran."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.support.watching import House

from personal_assistant.notifications import lateness
from personal_assistant.store.tables import users
from personal_assistant.workers.runtime import Runtime


@pytest.fixture(params=["ai_task", "schedule"])
def house(request: pytest.FixtureRequest, runtime: Runtime) -> House:
    return House(runtime, request.param)


def test_it_is_late_after_its_grace_told_once_and_once_when_it_ran(house: House) -> None:
    house.watch(grace_seconds=60)
    due = house.now
    house.change(next_run_at=due)
    house.clock.advance(60)
    assert house.check() == 0  # the whole grace is its own
    house.clock.advance(0.001)
    assert house.check() == 1
    assert (house.row().late_for, house.row().late_since) == (due, due + timedelta(seconds=60))
    [(title, body)] = house.told()
    assert title.startswith("⏰ Late: ")
    assert body.startswith("It was due at Tue 02 Jun 12:00:00, and 1 min later it was not done. It was not started")
    house.clock.advance(3600)
    assert house.check() == 0

    house.change(next_run_at=due + timedelta(days=1))
    job = house.occurrence(3660.001, "running")
    assert house.check() == 0
    house.become(job, "succeeded")
    assert house.check() == 1
    assert house.told()[1][0].startswith("✅ Runs again: ")
    assert (house.row().late_for, house.row().late_since, house.row().alerted_at) == (None, None, None)
    assert house.check() == 0


def test_the_grace_is_the_settings_unless_it_has_its_own(house: House) -> None:
    house.watch()
    house.change(next_run_at=house.now)
    house.clock.advance(house.runtime.settings.watch_grace_seconds)
    assert house.check() == 0
    house.clock.advance(1)
    assert house.check() == 1


@pytest.mark.parametrize(
    ("state", "values", "reason"),
    [
        ("queued", {}, "Its job waits for a worker."),
        ("scheduled", {"error": "It did not answer."}, "Its job is to be tried again: It did not answer."),
        ("running", {}, "Its job runs since Tue 02 Jun 12:00:00."),
        ("waiting", {}, "Its job waits: an approval"),
        ("failed", {"error": "The disk is full."}, "Its job failed: The disk is full."),
    ],
)
def test_the_alert_says_why(house: House, state: str, values: dict[str, str], reason: str) -> None:
    house.watch(grace_seconds=0)
    house.change(next_run_at=house.now + timedelta(days=1))
    house.occurrence(10, state, **values)
    assert house.check() == 1
    assert house.told()[0][1].endswith(reason)


@pytest.mark.parametrize("state", ["succeeded", "missed", "cancelled"])
def test_what_ran_was_passed_over_or_was_cancelled_is_not_late(house: House, state: str) -> None:
    house.watch(grace_seconds=0)
    house.occurrence(10, state)
    assert house.check() == 0


def test_a_later_success_makes_good_for_a_failure_and_a_missed_one_does_not(house: House) -> None:
    house.watch(grace_seconds=0)
    house.occurrence(100, "failed", error="x")
    house.occurrence(50, "missed")
    assert house.check() == 1
    house.occurrence(10, "succeeded")
    assert house.check() == 1
    assert [title[0] for title, _ in house.told()] == ["⏰", "✅"]


def test_a_run_that_its_policy_passed_over_is_said_to_be_so(house: House) -> None:
    house.watch(grace_seconds=0)
    house.change(next_run_at=house.now - timedelta(seconds=100))
    assert house.check() == 1
    house.change(next_run_at=house.now + timedelta(days=1))
    house.occurrence(100, "missed", error="Missed runs are skipped.")
    assert house.check() == 1
    title, body = house.told()[1]
    assert title.startswith("⏭️ Passed over: ") and body.endswith("Missed runs are skipped.")


def test_what_is_paused_or_changed_while_late_is_late_no_longer_without_a_word(house: House) -> None:
    house.watch(grace_seconds=0)
    house.change(next_run_at=house.now - timedelta(seconds=100))
    assert house.check() == 1
    house.change(status="paused", next_run_at=None)
    assert house.check() == 0
    assert house.row().late_for is None and len(house.told()) == 1
    house.occurrence(10, "queued")
    assert house.check() == 0  # nothing is expected of it


def test_what_was_taken_out_of_the_plan_for_a_problem_is_late(house: House) -> None:
    house.watch(grace_seconds=60)
    status = "active" if house.kind == "ai_task" else "paused"
    house.change(status=status, next_run_at=None, problem="Its rule cannot be read.", updated_at=house.now)
    assert house.check() == 0
    house.clock.advance(61)
    assert house.check() == 1
    assert house.told()[0][1].endswith("Its rule cannot be read.")


def test_what_nobody_watches_is_nobodys_alert(house: House) -> None:
    house.change(next_run_at=house.now - timedelta(days=1))
    assert house.check() == 0


def test_of_two_that_look_at_once_one_tells(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.watch(grace_seconds=0)
    house.change(next_run_at=house.now - timedelta(seconds=100))
    with house.runtime.db.read() as conn:
        seen = lateness.find_overdue(conn)
    assert house.check() == 1
    monkeypatch.setattr(lateness, "find_overdue", lambda conn: seen)  # what the other one saw a moment before
    assert house.check() == 0
    assert len(house.told()) == 1


def test_a_grace_is_absolute_while_the_clocks_are_put_back(house: House) -> None:
    with house.write() as conn:
        conn.execute(sa.update(users).values(zone="Europe/Berlin"))
    house.clock.set(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))  # 02:30, for the first time
    house.watch(grace_seconds=3600)
    house.change(next_run_at=house.now)
    house.clock.advance(3600)  # 02:30, for the second time
    assert house.check() == 0
    house.clock.advance(1)
    assert house.check() == 1
    assert house.told()[0][1].startswith("It was due at Sun 25 Oct 02:30:00, and 1 h later it was not done.")
