"""After hours in which nothing ran: late AI tasks start a few in a second, and one message says what became of them."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.workers.bench import PATIENCE, Bench

from personal_assistant.ai import AITaskManager
from personal_assistant.jobs.model import JobView
from personal_assistant.jobs.queries import list_jobs
from personal_assistant.notifications.inbox import Notification, list_notifications
from personal_assistant.store.tables import jobs
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers.ai_scheduler import AIScheduler
from personal_assistant.workers.schedulers.held_scheduler import HeldScheduler
from personal_assistant.workers.schedulers.job_scheduler import JobScheduler
from personal_assistant.workers.schedulers.limit_scheduler import LimitScheduler
from personal_assistant.workers.schedulers.loop import SchedulerLoop
from personal_assistant.workers.tasks.ai_tasks import execute_ai_task, summarize_missed

OWNER = 1
AT_ONCE = 10
NIGHT_HOURS = 8
STEP_SECONDS = 0.25
EVENING = datetime.fromisoformat("2026-06-02T23:00:00+00:00")
MORNING = EVENING + timedelta(hours=NIGHT_HOURS)
# Policy, greatest lateness in seconds; 40 tasks of each.
POLICIES: list[tuple[str, int | None]] = [("skip", None), ("once", None), ("all", None), ("all", 7200)]

pytestmark = pytest.mark.over("sqlite", "postgresql")


class Night:
    """An assistant that was off for a night, and what happens from the morning on, in steps of the test's clock."""

    def __init__(self, runtime: Runtime, clock: ManualClock, bench: Bench) -> None:
        self.runtime, self.clock, self.bench = runtime, clock, bench
        self.start_schedulers()

    def start_schedulers(self) -> None:
        """As a process that starts does."""
        kinds = (AIScheduler, JobScheduler, LimitScheduler, HeldScheduler)
        self.loop = SchedulerLoop(self.runtime.db, self.clock, [kind(self.runtime) for kind in kinds])

    def step(self) -> None:
        """What happens at one instant: the schedulers come to rest, and what may start is done."""
        while self.loop.turn() == 0.0:
            pass
        self.bench.wake()
        end = time.monotonic() + PATIENCE
        while self._under_way():
            assert time.monotonic() < end, "the runner does not get on"
            self.bench._turned.acquire()
            self.bench._turned.wait(0.05)
            self.bench._turned.release()

    def go_on(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_SECONDS)):
            self.step()
            self.clock.advance(STEP_SECONDS)

    def _under_way(self) -> int:
        may_start = sa.or_(jobs.c.slot.is_(None), jobs.c.slot == "holds")
        at_work = sa.or_(jobs.c.state == "running", sa.and_(jobs.c.state == "queued", may_start))
        with self.runtime.db.read() as conn:
            return int(conn.execute(sa.select(sa.func.count()).where(at_work)).scalar_one())

    def occurrences(self) -> list[JobView]:
        with self.runtime.db.read() as conn:
            return list_jobs(conn, task=execute_ai_task.name, limit=10_000)

    def told(self) -> list[Notification]:
        with self.runtime.db.read() as conn:
            return [it for it in list_notifications(conn, OWNER, limit=1000) if it.kind == "alert"]


@pytest.fixture
def runtime(runtime: Runtime) -> Runtime:
    """With the set number of starts in a second."""
    settings = runtime.settings.model_copy(update={"catch_up_at_once": AT_ONCE})
    return Runtime(settings, runtime.db, runtime.clock)


@pytest.fixture
def night(runtime: Runtime, clock: ManualClock, run: Callable[..., Bench]) -> Iterator[Night]:
    """40 daily AI tasks of each policy, of which a quarter are due twice in the night that has passed."""
    clock.set(EVENING)
    manager = AITaskManager(runtime.db, clock)
    for policy, lateness in POLICIES:
        for number in range(40):
            times = [f"{5 + number % 2}:{number + 10}", *(["23:40"] if number % 4 == 0 else [])]
            title = f"{policy} {lateness} {number}"
            more = {"missed_policy": policy, "max_lateness_seconds": lateness}
            manager.create_task(OWNER, title, "daily", {"times": times}, **more)  # type: ignore[arg-type]
    clock.set(MORNING)
    yield Night(runtime, clock, run(execute_ai_task, summarize_missed))


def becomes(policy: str, lateness: int | None, dues: list[datetime]) -> list[str]:
    """What the policy says about the instants of one task, from its description alone."""
    if policy == "skip":
        return ["missed"] * len(dues)
    if policy == "once":
        return ["missed"] * (len(dues) - 1) + ["succeeded"]
    bound = timedelta.max if lateness is None else timedelta(seconds=lateness)
    return ["succeeded" if MORNING - due <= bound else "missed" for due in dues]


def expected() -> Counter[str]:
    """How many instants of the night come to each state."""
    states: Counter[str] = Counter()
    for policy, lateness in POLICIES:
        for number in range(40):
            dues = [EVENING + timedelta(minutes=40)] if number % 4 == 0 else []
            dues.append(MORNING.replace(hour=5 + number % 2, minute=number + 10))
            states.update(becomes(policy, lateness, dues))
    return states


def most_starts(found: list[JobView]) -> int:
    """The most starts in any second, whichever instant it begins at."""
    starts = sorted(job.started_at for job in found if job.started_at is not None)
    second = timedelta(seconds=1)
    return max(sum(first <= it < first + second for it in starts) for first in starts)


def check_all(night: Night) -> None:
    found = night.occurrences()
    assert Counter(job.state for job in found) == expected()
    for job in found:
        assert (job.error is not None) == (job.state == "missed")
    assert most_starts(found) == AT_ONCE
    # Many at once: they are in the list, and the summary is what goes out.
    assert all(job.kwargs.get("in_summary", False) == (job.state == "succeeded") for job in found)
    [summary] = night.told()
    states = expected()
    assert summary.title == (
        f"⏭️ While nothing was running: {states['succeeded']} came late, {states['missed']} skipped"
    )
    assert summary.body is not None
    assert f"{states.total()} were due from Tue 02 Jun 23:40 to Wed 03 Jun 06:49 (UTC)" in summary.body


def test_after_a_night_the_rows_are_right_ten_start_in_a_second_and_one_message_tells(night: Night) -> None:
    ran = expected()["succeeded"]
    night.go_on(ran / AT_ONCE + 8)
    check_all(night)
    with night.runtime.db.read() as conn:
        reminders = [it for it in list_notifications(conn, OWNER, limit=1000) if it.kind == "reminder"]
    assert len(reminders) == ran


def test_nothing_runs_again_and_nothing_more_is_told_later(night: Night) -> None:
    night.go_on(2)
    night.clock.set(MORNING + timedelta(minutes=5))
    night.go_on(30)
    before = len(night.occurrences())
    night.clock.set(MORNING + timedelta(minutes=50))
    night.step()
    assert (len(night.occurrences()), len(night.told())) == (before, 1)


def test_a_second_time_off_in_the_middle_of_it_does_not_let_the_rest_start_at_once(night: Night) -> None:
    night.go_on(2)
    started = sum(job.started_at is not None for job in night.occurrences())
    assert 0 < started < expected()["succeeded"]
    night.clock.advance(1800)
    night.start_schedulers()
    night.go_on(expected()["succeeded"] / AT_ONCE + 12)
    check_all(night)


def test_two_schedulers_at_once_let_no_more_start_and_tell_once(night: Night) -> None:
    loops = [night.loop]
    night.start_schedulers()
    loops.append(night.loop)
    together = threading.Barrier(2)

    def turn(loop: SchedulerLoop) -> None:
        together.wait(PATIENCE)
        for _ in range(20):
            loop.turn()

    threads = [threading.Thread(target=turn, args=(loop,)) for loop in loops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    night.go_on(expected()["succeeded"] / AT_ONCE + 8)
    check_all(night)
