"""The loop of the schedulers: how long it sleeps, what wakes it, and what does not stop it."""

import threading
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.workers.bench import PATIENCE, wait

from personal_assistant.store.errors import StoreError
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers import outage
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers import loop
from personal_assistant.workers.schedulers.loop import LOOK_EVERY_SECONDS, SchedulerLoop

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Planned:
    """A scheduler with a list of instants, each of which is dealt with once."""

    def __init__(self, *instants: datetime) -> None:
        self.name = "planned"
        self.instants = sorted(instants)
        self.fired: list[datetime] = []
        self.happened = threading.Event()

    def dispatch(self, now: datetime) -> int:
        self.fired.append(self.instants.pop(0))
        self.happened.set()
        return 1

    def next_due(self, conn: sa.Connection) -> datetime | None:
        return self.instants[0] if self.instants else None


class Failing:
    """A scheduler with a mistake in it."""

    name = "failing"

    def __init__(self, where: str, now: datetime) -> None:
        self.where, self.now = where, now

    def dispatch(self, now: datetime) -> int:
        raise ZeroDivisionError

    def next_due(self, conn: sa.Connection) -> datetime | None:
        if self.where == "next_due":
            raise ZeroDivisionError
        return self.now


@pytest.mark.parametrize(("ahead", "sleep"), [(0.25, 0.25), (3600, LOOK_EVERY_SECONDS), (None, LOOK_EVERY_SECONDS)])
def test_it_sleeps_until_the_next_instant_and_looks_at_the_clock_in_between(
    runtime: Runtime, clock: ManualClock, ahead: float | None, sleep: float
) -> None:
    planned = Planned(*([] if ahead is None else [clock.now() + timedelta(seconds=ahead)]))
    assert SchedulerLoop(runtime.db, clock, [planned]).turn() == sleep
    assert planned.fired == []


def test_a_backlog_is_worked_off_without_sleeping_one_step_a_turn(runtime: Runtime, clock: ManualClock) -> None:
    now = clock.now()
    first, second = Planned(now, now, now), Planned(now)
    turning = SchedulerLoop(runtime.db, clock, [first, second])
    assert turning.turn() == 0.0
    assert (len(first.fired), len(second.fired)) == (1, 1)


@pytest.mark.parametrize("where", ["next_due", "dispatch"])
def test_one_that_fails_does_not_delay_the_others(runtime: Runtime, clock: ManualClock, where: str) -> None:
    planned = Planned(clock.now(), clock.now() + timedelta(seconds=0.25))
    turning = SchedulerLoop(runtime.db, clock, [Failing(where, clock.now()), planned])
    turning.turn()
    assert len(planned.fired) == 1
    assert turning.turn() == 0.25


@pytest.mark.parametrize("where", ["next_due", "dispatch"])
def test_a_turn_in_which_one_fails_does_not_count(runtime: Runtime, clock: ManualClock, where: str) -> None:
    failing = Failing(where, clock.now())
    turning = SchedulerLoop(runtime.db, clock, [failing, Planned()])
    turning.turn()
    assert turning.last_turn is None
    failing.now, failing.where = clock.now() + timedelta(hours=1), "dispatch"
    turning.turn()
    assert turning.last_turn == clock.now()


def test_due_work_that_another_process_has_in_hand_is_not_spun_on(runtime: Runtime, clock: ManualClock) -> None:
    class Taken(Planned):
        def dispatch(self, now: datetime) -> int:
            return 0

    assert 0 < SchedulerLoop(runtime.db, clock, [Taken(clock.now())]).turn() < 0.1


def test_a_clock_set_back_delays_and_one_set_forward_fires_at_once(runtime: Runtime, clock: ManualClock) -> None:
    planned = Planned(clock.now() + timedelta(seconds=1))
    turning = SchedulerLoop(runtime.db, clock, [planned])
    clock.advance(-3600)
    assert turning.turn() == LOOK_EVERY_SECONDS
    clock.advance(2 * 3600)
    turning.turn()
    assert len(planned.fired) == 1


def test_a_database_that_is_away_is_waited_for(
    runtime: Runtime, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "SHORTEST_SECONDS", 0.01)
    failures = iter(range(3))

    class Away(Planned):
        def dispatch(self, now: datetime) -> int:
            if next(failures, None) is not None:
                raise StoreError("away")
            return super().dispatch(now)

    planned = Away(clock.now())
    _run_until(SchedulerLoop(runtime.db, clock, [planned]), planned.happened)


def test_an_earlier_instant_wakes_it(runtime: Runtime, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOOK_EVERY_SECONDS", 600.0)
    asked = threading.Event()

    class Asked(Planned):
        def next_due(self, conn: sa.Connection) -> datetime | None:
            asked.set()
            return super().next_due(conn)

    planned = Asked()
    turning = SchedulerLoop(runtime.db, clock, [planned])
    thread = threading.Thread(target=turning.run)
    thread.start()
    wait(asked)
    planned.instants.append(clock.now())
    turning.wake()
    wait(planned.happened)
    turning.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def _run_until(turning: SchedulerLoop, event: threading.Event) -> None:
    thread = threading.Thread(target=turning.run)
    thread.start()
    try:
        wait(event)
    finally:
        turning.stop()
        thread.join(PATIENCE)
