"""Nobody's jobs wait for the many of another person."""

from collections import Counter

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.ledger import TASK, Ledger

from personal_assistant.jobs.claim import claim, ready
from personal_assistant.jobs.enqueue import enqueue_many
from personal_assistant.jobs.model import NewJob
from personal_assistant.jobs.publish import unpublished
from personal_assistant.jobs.turns import Turns
from personal_assistant.store.tables import jobs, users

PEOPLE = 45  # more than get more than one job in one look


@pytest.fixture(autouse=True)
def people(ledger: Ledger) -> None:
    rows = [{"id": number, "email": f"{number}@example.org", "hashed_password": "-"} for number in range(2, PEOPLE)]
    with ledger.db.write() as conn:
        conn.execute(sa.insert(users), rows)


def fill(ledger: Ledger, user: int | None, count: int, priority: int = 0, task: str = TASK) -> None:
    batch = [
        NewJob(task, "tests", user_id=user, priority=priority, run_at=ledger.later(number / 1000 - 100))
        for number in range(count)
    ]
    with ledger.db.write() as conn:
        enqueue_many(conn, batch, now=ledger.now)


def take(ledger: Ledger, limit: int, turns: Turns) -> list[tuple[int, int | None]]:
    """Claim so many; returns priority and person of each, in the order in which they were proposed."""
    with ledger.db.write() as conn:
        ids = [job_id for job_id, _, _ in ready(conn, [TASK], limit, turns)]
        claim(conn, "worker", ids, ledger.now)
        rows = {row.id: (row.priority, row.user_id) for row in conn.execute(sa.select(jobs).where(jobs.c.id.in_(ids)))}
    return [rows[job_id] for job_id in ids]


def test_a_few_jobs_do_not_wait_for_the_many_of_another(ledger: Ledger) -> None:
    fill(ledger, 1, 500)
    fill(ledger, 2, 5)
    fill(ledger, None, 5)
    turns = Turns()
    first = Counter(person for _, person in take(ledger, 30, turns))
    assert first == {1: 20, 2: 5, None: 5}
    assert Counter(take(ledger, 30, turns)) == {(0, 1): 30}, "and what they leave is the other's"


def test_where_one_is_taken_at_a_time_everybody_has_a_turn(ledger: Ledger) -> None:
    for person in (None, 1, 2):
        fill(ledger, person, 10)
    turns = Turns()
    taken = [take(ledger, 1, turns)[0][1] for _ in range(9)]
    assert Counter(taken) == {None: 3, 1: 3, 2: 3}
    assert len(set(taken[:3])) == 3


def test_priority_goes_before_turns(ledger: Ledger) -> None:
    fill(ledger, 1, 5, priority=0)
    fill(ledger, 2, 3, priority=9)
    fill(ledger, None, 2, priority=-4)
    assert take(ledger, 100, Turns()) == [(9, 2)] * 3 + [(0, 1)] * 5 + [(-4, None)] * 2


def test_one_persons_jobs_are_taken_in_the_order_of_their_instants(ledger: Ledger) -> None:
    ids = [ledger.add(user_id=1, run_at=ledger.later(-seconds)) for seconds in (5, 60, 30, 1)]
    with ledger.db.write() as conn:
        found = [job_id for job_id, _, _ in ready(conn, [TASK], 10, Turns())]
    assert found == [ids[1], ids[2], ids[0], ids[3]]


def test_jobs_of_other_tasks_stand_in_nobodys_way(ledger: Ledger) -> None:
    fill(ledger, 1, 20, task="of.another.worker")
    fill(ledger, 2, 2)
    assert Counter(take(ledger, 10, Turns())) == {(0, 2): 2}


@pytest.mark.parametrize("limit", [3, 20, 100])
def test_of_very_many_people_nobody_starves(ledger: Ledger, limit: int) -> None:
    for person in range(1, PEOPLE):
        fill(ledger, person, 3)
    turns = Turns()
    seen: set[int | None] = set()
    for _ in range(PEOPLE):
        seen |= {person for _, person in take(ledger, limit, turns)}
    assert seen == set(range(1, PEOPLE))


def test_the_broker_is_told_in_turn_too(ledger: Ledger) -> None:
    fill(ledger, 1, 50)
    fill(ledger, 2, 3)
    with ledger.db.read() as conn:
        found = [job_id for job_id, _, _ in unpublished(conn, "tests", [TASK], 6, Turns())]
        told = conn.execute(sa.select(jobs.c.user_id).where(jobs.c.id.in_(found))).scalars().all()
    assert Counter(told) == {1: 3, 2: 3}


@example([(0, 0, 1), (0, 1, 7), (0, 2, 15), (1, 1, 5), (2, 1, 1)], 14)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2), st.integers(1, 12)), max_size=12),
    st.integers(1, 25),
)
def test_everything_is_taken_once_and_in_the_right_order(
    ledger: Ledger, backlog: list[tuple[int, int, int]], limit: int
) -> None:
    with ledger.db.write() as conn:
        conn.execute(sa.delete(jobs))
    for person, priority, count in backlog:
        fill(ledger, person or None, count, priority)
    left = Counter({(person or None, priority): 0 for person, priority, _ in backlog})
    for number, priority, count in backlog:
        left[number or None, priority] += count
    turns = Turns()
    while any(left.values()):
        taken = take(ledger, limit, turns)
        assert 0 < len(taken) <= limit
        for level, whose in taken:
            higher = [key for key, count in left.items() if count and key[1] > level]
            assert not higher, "nothing is taken while something more urgent waits"
            left[whose, level] -= 1
        assert min(left.values()) >= 0
    assert take(ledger, limit, turns) == []
