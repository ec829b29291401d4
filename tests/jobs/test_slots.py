"""Jobs with a limit: never more at once than declared, none forgotten, whatever becomes of those that run."""

import math
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.support.ledger import FAILED, TASK, Ledger

from personal_assistant.jobs.limits import Limit, Rate
from personal_assistant.jobs.lines import STEP
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Outcome, Retry, Succeeded, Waiting
from personal_assistant.jobs.publish import mark_published
from personal_assistant.jobs.slots import hand_out, keys_in_line, next_look
from personal_assistant.jobs.stats import count_by_state
from personal_assistant.jobs.turns import Turns
from personal_assistant.store.tables import jobs, rates, users

LIMITS = {TASK: Limit(2)}
UNKNOWN = "of.a.newer.program"


def hand(ledger: Ledger, limits: dict[str, Limit] = LIMITS, turns: dict[str, Turns] | None = None) -> int:
    """Hand slots out until there is nothing to do; returns how often that took."""
    for turn in range(1000):
        with ledger.db.write() as conn:
            look = next_look(conn, limits.keys(), ledger.now)
            if look is None or look > ledger.now:
                return turn
            assert hand_out(conn, limits, ledger.now, {} if turns is None else turns)
    raise AssertionError("it never ends")


def look_at(ledger: Ledger, limits: dict[str, Limit]) -> float | None:
    """In how many seconds there is something to do."""
    with ledger.db.read() as conn:
        look = next_look(conn, limits.keys(), ledger.now)
    return None if look is None else (look - ledger.now).total_seconds()


def add(ledger: Ledger, count: int, key: str = "a", **fields: Any) -> list[str]:
    """Write jobs with a key, each a little later than the one before; their ids."""
    ids = []
    for _ in range(count):
        ids.append(ledger.add(concurrency_key=key, **fields))
        ledger.clock.advance(0.001)
    return ids


def test_no_more_of_a_key_are_ready_than_may_run(ledger: Ledger) -> None:
    ids = add(ledger, 5)
    assert ledger.take() == [], "not before there is a slot"
    hand(ledger)
    assert [job.id for job in ledger.take()] == ids[:2]
    hand(ledger)
    assert ledger.take(*ids) == [], "not even where a message names them"


def test_a_full_key_blocks_nothing_behind_it(ledger: Ledger) -> None:
    add(ledger, 5)
    [other], [free] = add(ledger, 1, key="b"), [ledger.add()]
    hand(ledger)
    assert {other, free} <= {job.id for job in ledger.take()}


@pytest.mark.parametrize("how", ["ended", "failed", "retried", "parked", "cancelled", "dead"])
def test_the_next_one_starts_when_one_has_ended_however_that_came(ledger: Ledger, how: str) -> None:
    first, second = add(ledger, 2)
    limits = {TASK: Limit(1)}
    hand(ledger, limits)
    if how == "cancelled":
        ledger.cancel(first)
    else:
        [job] = ledger.take()
        assert job.id == first
        if how == "dead":
            ledger.recover("worker-1")
        else:
            outcome: dict[str, Outcome] = {
                "ended": Succeeded(),
                "failed": FAILED,
                "retried": ledger.retry(3600),
                "parked": Waiting("a person"),
            }
            ledger.end(job, outcome[how])
    assert look_at(ledger, limits) == 0
    hand(ledger, limits)
    assert [job.id for job in ledger.take()] == [second]


def test_a_job_that_is_tried_again_takes_its_place_in_line(ledger: Ledger) -> None:
    limits = {TASK: Limit(1)}
    first, second = add(ledger, 2, max_attempts=9)
    hand(ledger, limits)
    [job] = ledger.take()
    ledger.end(job, Retry(ledger.now, "again", "transient"))
    assert ledger.take() == [], "it has no slot for a second try"
    hand(ledger, limits)
    [again] = ledger.take()
    ledger.end(again, ledger.retry(60))
    hand(ledger, limits)
    [other] = ledger.take()
    assert {again.id, other.id} == {first, second}, "while one waits for its next try, the other has the slot"
    ledger.clock.advance(61)
    ledger.queue_due()
    hand(ledger, limits)
    assert ledger.take() == []
    ledger.end(other, Succeeded())
    hand(ledger, limits)
    assert [job.id for job in ledger.take()] == [again.id]


def test_within_a_key_priority_goes_first(ledger: Ledger) -> None:
    add(ledger, 1)
    [urgent] = add(ledger, 1, priority=5)
    hand(ledger, {TASK: Limit(1)})
    assert [job.id for job in ledger.take()] == [urgent]


def people(ledger: Ledger, count: int) -> list[int]:
    """Ids of new people."""
    rows = [{"email": f"{number}@example.org", "hashed_password": ""} for number in range(count)]
    with ledger.db.write() as conn:
        return [conn.execute(sa.insert(users).values(row).returning(users.c.id)).scalar_one() for row in rows]


@pytest.mark.parametrize("room", [1, 2])
@pytest.mark.parametrize("many", [3, 40])
def test_people_take_turns_in_a_line_however_many_jobs_somebody_has(ledger: Ledger, room: int, many: int) -> None:
    first, *others = people(ledger, many)
    add(ledger, 60, user_id=first)
    for person in others:
        add(ledger, 1, user_id=person)
    turns: dict[str, Turns] = {}
    order: list[int | None] = []
    for _ in range(math.ceil(many / room)):
        hand(ledger, {TASK: Limit(room)}, turns)
        add(ledger, 1, user_id=first)
        hand(ledger, {TASK: Limit(room)}, turns)  # a look at a full key is nobody's turn
        taken = ledger.take()
        assert len(taken) == room
        for job in taken:
            order.append(job.user_id)
            ledger.end(job, Succeeded())
    assert set(order) == {first, *others}


def test_of_a_rate_each_person_gets_a_share(ledger: Ledger) -> None:
    first, second = people(ledger, 2)
    add(ledger, 40, user_id=first)
    add(ledger, 40, user_id=second)
    hand(ledger, {TASK: Limit(None, Rate.parse("10/m"))})
    assert Counter(job.user_id for job in ledger.take()) == {first: 5, second: 5}


def test_of_a_line_that_is_empty_nothing_is_remembered(ledger: Ledger) -> None:
    turns: dict[str, Turns] = {}
    add(ledger, 2)
    hand(ledger, {TASK: Limit(1)}, turns)
    assert list(turns) == ["a"]
    ledger.end(ledger.take()[0], Succeeded())
    hand(ledger, {TASK: Limit(1)}, turns)
    assert turns == {}


def test_a_task_whose_rate_is_spent_holds_up_no_other_task_of_its_key(ledger: Ledger) -> None:
    limits = {UNKNOWN: Limit(None, Rate.parse("2/h")), TASK: Limit(None, Rate.parse("3/h"))}
    for _ in range(100):
        ledger.add(UNKNOWN, concurrency_key="a", priority=1)
    ids = add(ledger, 5)
    hand(ledger, limits)
    assert {job.id for job in ledger.take()} == set(ids[:3])


def test_a_rate_holds_for_all_and_says_when_the_next_may_start(ledger: Ledger) -> None:
    limits = {TASK: Limit(None, Rate.parse("3/m"))}
    add(ledger, 8)
    hand(ledger, limits)
    assert len(ledger.take()) == 3
    assert look_at(ledger, limits) == 20, "it looks once whether they have started"
    ledger.clock.advance(20)
    hand(ledger, limits)
    wait = look_at(ledger, limits)
    assert wait is not None and 40 <= wait <= 40.6, "it sleeps until then"
    ledger.clock.advance(39)
    hand(ledger, limits)
    assert ledger.take() == []
    ledger.clock.advance(wait - 39)
    hand(ledger, limits)
    assert len(ledger.take()) == 3


def test_keys_have_rates_of_their_own(ledger: Ledger) -> None:
    limits = {TASK: Limit(None, Rate.parse("1/h"))}
    for key in ("a", "b"):
        add(ledger, 2, key=key)
    hand(ledger, limits)
    assert len(ledger.take()) == 2


def test_what_no_worker_takes_does_not_pile_up(ledger: Ledger) -> None:
    limits = {TASK: Limit(None, Rate.parse("2/s"))}
    add(ledger, 20)
    for _ in range(10):
        hand(ledger, limits)
        ledger.clock.advance(5)
    assert len(ledger.take()) == 2


@pytest.mark.parametrize("first_taken", [0, 1, 4])
def test_what_started_late_counts_from_then_on(ledger: Ledger, first_taken: int) -> None:
    limits = {TASK: Limit(None, Rate.parse("4/m"))}
    add(ledger, 30)
    begin = ledger.now
    started: list[float] = []
    for second in range(0, 420, 5):
        hand(ledger, limits)
        if second >= 170:
            started += [second] * len(ledger.take(limit=first_taken if second == 170 else 100))
        ledger.clock.set(begin + timedelta(seconds=second + 5))
    pause = 15  # after so long at most it is noticed that one has not started
    assert all(sum(first <= it < first + 60 - pause for it in started) <= 4 for first in started)
    assert len(started) >= 12, "and all the rate allows do start"


def test_a_high_rate_that_no_worker_takes_is_not_looked_at_all_the_time(ledger: Ledger) -> None:
    limits = {TASK: Limit(None, Rate.parse("200/s"))}
    add(ledger, 201)
    hand(ledger, limits)
    for _ in range(3):
        wait = look_at(ledger, limits)
        assert wait is not None and wait >= 0.1
        ledger.clock.advance(wait)
        hand(ledger, limits)


def test_a_rate_that_is_not_used_is_forgotten(ledger: Ledger) -> None:
    limits = {TASK: Limit(None, Rate.parse("3/m"))}
    add(ledger, 1)
    hand(ledger, limits)
    ledger.end(ledger.take()[0], Succeeded())
    hand(ledger, limits)
    ledger.clock.advance(61)
    hand(ledger, limits)
    with ledger.db.read() as conn:
        assert conn.execute(sa.select(rates)).all() == []
    assert look_at(ledger, limits) is None


def test_jobs_and_rates_of_unknown_tasks_are_left_to_those_who_know_them(ledger: Ledger) -> None:
    known = {**LIMITS, UNKNOWN: Limit(None, Rate.parse("1/h"))}
    for _ in range(2):
        ledger.add(UNKNOWN, concurrency_key="a")
    hand(ledger, known)
    ledger.clock.advance(4000)
    assert hand(ledger) == 0, "and they are no reason to look again and again"
    add(ledger, 1)
    hand(ledger)
    assert len(ledger.take()) == 1
    with ledger.db.write() as conn:
        assert keys_in_line(conn, "") == ["a"]
        hand_out(conn, known, ledger.now, {}, ["a"])
        granted = sa.select(sa.func.count()).where(jobs.c.task == UNKNOWN, jobs.c.slot == "holds")
        assert conn.execute(granted).scalar_one() == 1, "one has not started yet, so there is no second one"


def test_a_higher_limit_reaches_those_that_wait_already(ledger: Ledger) -> None:
    add(ledger, 6)
    hand(ledger, {TASK: Limit(1)})
    with ledger.db.write() as conn:
        hand_out(conn, {TASK: Limit(4)}, ledger.now, {}, keys_in_line(conn, ""))
    assert len(ledger.take()) == 4


def test_a_long_line_is_dealt_with_in_steps(ledger: Ledger) -> None:
    add(ledger, STEP + 150)
    limits = {TASK: Limit(10_000)}
    assert hand(ledger, limits) > 1
    assert len(ledger.take(limit=2 * STEP)) == STEP + 150


def test_a_job_that_is_given_back_unstarted_spends_nothing_more_of_its_rate(ledger: Ledger) -> None:
    limits = {TASK: Limit(1, Rate.parse("2/h"))}
    first, second = add(ledger, 2)
    for _ in range(10):
        hand(ledger, limits)
        [job] = ledger.take()
        assert job.id == first
        ledger.end(job, Retry(ledger.now, "All threads were busy.", "interrupted", counted=False))
    [job] = ledger.take()
    hand(ledger, limits)
    assert (job.id, ledger.take()) == (first, []), "it kept its slot all the while"
    ledger.end(job, Succeeded())
    hand(ledger, limits)
    assert [job.id for job in ledger.take()] == [second]


@pytest.mark.parametrize("before", ["scheduled", "waiting", "running"])
def test_what_a_process_that_knows_no_limits_queues_is_ready(ledger: Ledger, before: str) -> None:
    job_id = ledger.add(concurrency_key="a", run_at=ledger.later(60) if before == "scheduled" else None, max_attempts=3)
    if before != "scheduled":
        hand(ledger)
        [job] = ledger.take()
    if before == "waiting":
        ledger.end(job, Waiting("a person"))
        hand(ledger)
    with ledger.db.write() as conn:
        conn.execute(sa.update(jobs).where(jobs.c.id == job_id).values(state="queued", waiting_for=None))
    [job] = ledger.take()
    ledger.end(job, Retry(ledger.now, "again", "transient"))
    assert ledger.take() == []
    hand(ledger)
    assert [job.id for job in ledger.take()] == [job_id], "its next attempt is limited again"


def test_a_message_that_was_sent_before_there_was_a_slot_is_sent_again(ledger: Ledger) -> None:
    [job_id] = add(ledger, 1)
    with ledger.db.write() as conn:  # as a publisher of an older version does
        conn.execute(sa.update(jobs).where(jobs.c.id == job_id).values(published_at=ledger.now))
    hand(ledger)
    with ledger.db.write() as conn:
        assert mark_published(conn, [job_id], ledger.now) == {job_id}


@pytest.mark.parametrize("wrong", [{"slot": "has"}, {"concurrency_key": None}])
def test_the_database_refuses_a_slot_that_nobody_could_hand_out(ledger: Ledger, wrong: dict[str, str | None]) -> None:
    [job_id] = add(ledger, 1)
    with pytest.raises(sa.exc.IntegrityError), ledger.db.write() as conn:
        conn.execute(sa.update(jobs).where(jobs.c.id == job_id).values(wrong))


@dataclass
class Watch:
    """How many run at this moment, as those who run them see it, and the most there were."""

    now: Counter[str] = field(default_factory=Counter)
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, job: ClaimedJob) -> None:
        with self.lock:
            self.now[str(job.concurrency_key)] += 1
            self.most = max(self.most, *self.now.values())

    def end(self, job: ClaimedJob) -> None:
        with self.lock:
            self.now[str(job.concurrency_key)] -= 1


def work(ledger: Ledger, watch: Watch, worker: str, count: int) -> None:
    """Schedule and run, as one of several processes that do, until everything is done."""
    while True:
        with ledger.db.write() as conn:
            hand_out(conn, LIMITS, ledger.now, {})
        taken = ledger.take(worker=worker, limit=3)
        for job in taken:
            watch.begin(job)
        for job in taken:
            watch.end(job)  # before its end is written: from then on the slot may be another's
            assert ledger.end(job, Succeeded(), worker=worker)
        with ledger.db.read() as conn:
            if count_by_state(conn).get("succeeded") == count:
                return


def test_many_at_once_never_exceed_the_limit(ledger: Ledger) -> None:
    for number in range(40):
        ledger.add(concurrency_key="ab"[number % 2])
    watch = Watch()
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(work, ledger, watch, f"worker-{number}", 40) for number in range(4)]:
            done.result(timeout=60)
    assert watch.most == 2


class SlotMachine(RuleBasedStateMachine):
    """Whatever is done with limited jobs in whatever order: the limits hold, and nothing is left behind."""

    limits = {TASK: Limit(2, Rate(4, 60))}  # noqa: RUF012 - Hypothesis makes the instances

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.ledger = ledger
        with ledger.db.write() as conn:
            conn.execute(sa.delete(jobs))
            conn.execute(sa.delete(rates))
        self.running: list[ClaimedJob] = []

    @rule(key=st.sampled_from([None, "a", "b"]), later=st.sampled_from([0, 0, 30]))
    def add(self, key: str | None, later: int) -> None:
        self.ledger.add(concurrency_key=key, run_at=self.ledger.later(later), max_attempts=5)

    @rule()
    def look(self) -> None:
        hand(self.ledger, self.limits)

    @rule()
    def take(self) -> None:
        self.running += self.ledger.take(limit=3)

    @rule(seconds=st.sampled_from([1, 31, 61]))
    def time_passes(self, seconds: int) -> None:
        self.ledger.clock.advance(seconds)
        self.ledger.queue_due()

    @rule(kind=st.sampled_from(["succeeded", "failed", "again", "given back", "later", "parked"]), data=st.data())
    def end(self, kind: str, data: st.DataObject) -> None:
        if self.running:
            job = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
            outcomes: dict[str, Outcome] = {
                "succeeded": Succeeded(),
                "failed": FAILED,
                "again": Retry(self.ledger.now, "again", "transient"),
                "given back": Retry(self.ledger.now, "not begun", "interrupted", counted=False),
                "later": self.ledger.retry(30),
                "parked": Waiting("a person"),
            }
            self.ledger.end(job, outcomes[kind])

    @rule()
    def worker_dies(self) -> None:
        self.ledger.recover("worker-1")
        self.running = []

    @rule(data=st.data(), replay=st.booleans())
    def cancel(self, data: st.DataObject, replay: bool) -> None:
        with self.ledger.db.read() as conn:
            states = ("waiting", "failed", "cancelled") if replay else ("queued", "scheduled", "waiting")
            ids = conn.execute(sa.select(jobs.c.id).where(jobs.c.state.in_(states)).order_by(jobs.c.id)).scalars().all()
        if ids:
            job_id = data.draw(st.sampled_from(ids))
            self.ledger.replay(job_id) if replay else self.ledger.cancel(job_id)

    @invariant()
    def no_key_is_overfull(self) -> None:
        keys = Counter(job.concurrency_key for job in self.running if job.concurrency_key)
        assert all(number <= 2 for number in keys.values())
        with self.ledger.db.read() as conn:
            holding = sa.select(sa.func.count()).where(jobs.c.slot == "holds", jobs.c.state.in_(("queued", "running")))
            assert all(n <= 2 for n in conn.execute(holding.group_by(jobs.c.concurrency_key)).scalars())

    def teardown(self) -> None:
        """However it came to this: with time and workers everything ends."""
        for _ in range(100):
            for job in self.running:
                self.ledger.end(job, Succeeded())
            hand(self.ledger, self.limits)
            self.running = self.ledger.take()
            self.ledger.clock.advance(16)
            self.ledger.queue_due()
            with self.ledger.db.read() as conn:
                states = count_by_state(conn)
            if not {"queued", "running", "scheduled"} & set(states):
                return
        raise AssertionError(f"jobs are left behind: {states}")


def test_limits_hold_and_nothing_starves_whatever_happens(ledger: Ledger) -> None:
    class Bound(SlotMachine):
        def __init__(self) -> None:
            super().__init__(ledger)

    checks = list(HealthCheck)
    run_state_machine_as_test(
        Bound, settings=settings(max_examples=15, stateful_step_count=30, suppress_health_check=checks)
    )
