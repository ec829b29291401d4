"""Several schedulers and runners on one database, while the clock moves as it likes: one row, one run an occurrence."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.databases import START
from tests.workers.bench import PATIENCE, Declare

from personal_assistant.ai import AITaskManager
from personal_assistant.jobs.context import current_job
from personal_assistant.store.tables import ai_tasks, deliveries, job_errors, jobs, schedules
from personal_assistant.timing.clock import ManualClock
from personal_assistant.timing.recurrence import parse_schedule
from personal_assistant.workers.options import Timetable
from personal_assistant.workers.runner import Runner
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers.ai_scheduler import AIScheduler
from personal_assistant.workers.schedulers.job_scheduler import JobScheduler
from personal_assistant.workers.schedulers.limit_scheduler import LimitScheduler
from personal_assistant.workers.schedulers.loop import SchedulerLoop
from personal_assistant.workers.schedulers.system_scheduler import SystemScheduler
from personal_assistant.workers.schedulers.timetable import sync_timetable
from personal_assistant.workers.tasks import load_tasks

SCHEDULERS, RUNNERS = 3, 2
TASK = "tests.every_45_minutes"

_moves = st.one_of(
    st.tuples(st.just("clock"), st.sampled_from((-7200, -3600, -1, 1, 60, 1799, 1800, 2700, 3600, 7200, 20_000))),
    st.tuples(st.just("schedule"), st.integers(0, SCHEDULERS - 1)),
    st.tuples(st.just("race"), st.just(0)),
    st.tuples(st.just("run"), st.integers(0, RUNNERS - 1)),
)


@dataclass
class House:
    """The processes of one example."""

    runtime: Runtime
    clock: ManualClock
    schedulers: list[SchedulerLoop]
    starting: SchedulerLoop
    runners: list[Runner]
    latest: datetime = START
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(SCHEDULERS))

    def move(self, kind: str, value: int) -> None:
        if kind == "clock":
            self.clock.advance(value)
        elif kind == "run":
            self.runners[value].turn()
        else:
            self.latest = max(self.latest, self.clock.now())
            chosen = self.schedulers if kind == "race" else [self.schedulers[value]]
            list(self.threads.map(SchedulerLoop.turn, chosen))

    def finish(self) -> None:
        """Go on until nothing is due any more, everything has run, and all have stopped."""
        self.move("race", 0)
        while self.schedulers[0].turn() < 0.1:
            self.move("race", 0)
        self.runners[0].turn()
        running = [threading.Thread(target=runner.run) for runner in self.runners]
        for thread in running:
            thread.start()
        self._until_done()
        for runner in self.runners:
            runner.stop()
        for thread in running:
            thread.join(PATIENCE)
        self.threads.shutdown()

    def _until_done(self) -> None:
        """Let time pass, in which late ones start at their rate, and in which a clock that was set back catches up."""
        open_ones = sa.select(sa.func.count()).where(jobs.c.state.in_(("queued", "running", "scheduled")))
        for _ in range(int(PATIENCE / 0.02)):
            with self.runtime.db.read() as conn:
                if conn.execute(open_ones).scalar_one() == 0:
                    return
            self.clock.advance(60)
            self.starting.turn()
            for runner in self.runners:
                runner.wake()
            self.runners[0]._stop.wait(0.02)
        raise AssertionError("some jobs did not run")


@pytest.fixture
def ran(declare: Declare) -> Iterator[list[str]]:
    """The ids of the jobs that a system task ran as."""
    ids: list[str] = []

    def work() -> None:
        ids.append(current_job().job_id)

    declare(work, name=TASK, timetable=Timetable("custom", {"interval_minutes": 45}, missed_policy="all"))
    yield ids


def _house(runtime: Runtime) -> House:
    clock = ManualClock(START)
    changes = {"worker_threads": 2, "catch_up_at_once": 1000}
    mine = Runtime(runtime.settings.model_copy(update=changes), runtime.db, clock)
    with mine.db.write() as conn:
        for table in (deliveries, job_errors, jobs, ai_tasks, schedules):
            conn.execute(sa.delete(table))
    manager = AITaskManager(mine.db, clock)
    for policy in ("skip", "once", "all"):
        manager.create_task(1, policy, "custom", {"interval_minutes": 30}, missed_policy=policy)
    manager.create_task(1, "at one", "daily", {"hour": 13, "minute": 0}, missed_policy="all")
    sync_timetable(mine, "UTC")
    kinds = (AIScheduler, JobScheduler, SystemScheduler)
    schedulers = [SchedulerLoop(mine.db, clock, [kind(mine) for kind in kinds]) for _ in range(SCHEDULERS)]
    starting = SchedulerLoop(mine.db, clock, [LimitScheduler(mine), JobScheduler(mine)])
    runners = [Runner(mine, load_tasks(), f"runner-{number}") for number in range(RUNNERS)]
    return House(mine, clock, schedulers, starting, runners)


def _rules(house: House) -> dict[tuple[str, int], list[datetime]]:
    """Every owner of occurrences with the instants that have come until now; asked before anything moves."""
    with house.runtime.db.read() as conn:
        owners = [("ai", row) for row in conn.execute(sa.select(ai_tasks, sa.literal("UTC").label("in_zone")))]
        owners += [("system", row) for row in conn.execute(sa.select(schedules).where(schedules.c.name == TASK))]
    planned: dict[tuple[str, int], list[datetime]] = {}
    for kind, row in owners:
        rule = parse_schedule(row.schedule_type, row.schedule_config, "UTC")
        instant, instants = row.next_run_at, []
        while instant is not None and instant <= START + timedelta(days=2):
            instants.append(instant)
            instant = rule.next_after(instant)
        planned[kind, row.id] = instants
    return planned


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(_moves, min_size=6, max_size=20))
def test_every_occurrence_has_one_row_and_runs_once(
    in_use: Runtime, ran: list[str], moves: list[tuple[str, int]]
) -> None:
    ran.clear()
    house = _house(in_use)
    planned = _rules(house)
    for kind, value in moves:
        house.move(kind, value)
    house.finish()

    rows: dict[tuple[str, int], list[datetime]] = {owner: [] for owner in planned}
    with house.runtime.db.read() as conn:
        found = conn.execute(sa.select(jobs)).all()
        of_ai = sa.select(jobs.c.id).where(jobs.c.ai_task_id.is_not(None))  # summaries of what was late come as well
        told = Counter(conn.scalars(sa.select(deliveries.c.job_id).where(deliveries.c.job_id.in_(of_ai))))
    for row in found:
        owner = ("ai", row.ai_task_id) if row.ai_task_id is not None else ("system", row.schedule_id)
        if owner in rows:
            rows[owner].append(row.due_at)
    for owner, instants in planned.items():
        assert sorted(rows[owner]) == [instant for instant in instants if instant <= house.latest], owner
    assert {(row.state, row.attempt) for row in found if row.due_at is not None} <= {("succeeded", 1), ("missed", 0)}
    done = [row for row in found if row.state == "succeeded"]
    assert told == Counter(row.id for row in done if row.ai_task_id is not None)
    assert Counter(ran) == Counter(row.id for row in done if row.task == TASK)
