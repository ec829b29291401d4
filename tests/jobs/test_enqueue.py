"""Accepting jobs: one open job a unique key, one row an occurrence."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from tests.support.ledger import FAILED, Ledger

from personal_assistant.jobs.enqueue import enqueue, enqueue_many
from personal_assistant.jobs.ids import new_job_id
from personal_assistant.jobs.model import NewJob
from personal_assistant.jobs.outcomes import Succeeded, Waiting
from personal_assistant.jobs.queries import list_jobs
from personal_assistant.store.tables import jobs


def count(ledger: Ledger) -> int:
    with ledger.db.read() as conn:
        return conn.execute(sa.select(sa.func.count()).select_from(jobs)).scalar_one()


def test_an_open_job_keeps_its_unique_key_to_itself(ledger: Ledger) -> None:
    first = ledger.add(unique_key="k")
    assert ledger.add(unique_key="k") == first
    job = ledger.take_one(first)
    assert ledger.add(unique_key="k") == first
    ledger.end(job, Waiting("Approve it."))
    assert ledger.add(unique_key="k") == first
    assert ledger.add(unique_key="another") != first


def test_a_finished_job_gives_its_unique_key_free(ledger: Ledger) -> None:
    first = ledger.add(unique_key="k")
    ledger.run(first, FAILED)
    assert ledger.add(unique_key="k") != first


def test_an_occurrence_has_one_row_for_ever(ledger: Ledger) -> None:
    task = ledger.ai_task()
    first = ledger.add(ai_task_id=task, due_at=ledger.now)
    ledger.run(first, Succeeded())
    assert ledger.add(ai_task_id=task, due_at=ledger.now) == first
    assert ledger.add(ai_task_id=task, due_at=ledger.later(1)) != first


def test_many_at_once_pass_over_what_is_there(ledger: Ledger) -> None:
    task = ledger.ai_task()
    ledger.add(unique_key="k")
    ledger.add(ai_task_id=task, due_at=ledger.now)
    batch = [
        NewJob("t", "q", unique_key="k"),
        NewJob("t", "q", ai_task_id=task, due_at=ledger.now),
        NewJob("t", "q", unique_key="new"),
        NewJob("t", "q", unique_key="new"),
    ]
    with ledger.db.write() as conn:
        enqueue_many(conn, batch, now=ledger.now)
    assert count(ledger) == 3


def test_one_and_many_write_the_same_row(ledger: Ledger) -> None:
    task = ledger.ai_task()
    fields: dict[str, Any] = {
        "args": (1, None),
        "kwargs": {"a": "é"},
        "priority": 3,
        "max_attempts": 7,
        "at_most_once": True,
    }
    with ledger.db.write() as conn:
        for number, run_at in enumerate([None, ledger.later(-5), ledger.later(5)]):
            given = {**fields, "run_at": run_at, "user_id": 1, "ai_task_id": task}
            due = [ledger.later(10 * number + 100), ledger.later(10 * number + 101)]
            enqueue(
                conn, NewJob("t", "q", id=f"a{number}", due_at=due[0], unique_key=f"a{number}", **given), now=ledger.now
            )
            many = NewJob("t", "q", id=f"b{number}", due_at=due[1], unique_key=f"b{number}", **given)
            enqueue_many(conn, [many], now=ledger.now)
        rows = {row.id: row for row in conn.execute(sa.select(jobs))}
    for number in range(3):
        one, many_row = rows[f"a{number}"]._asdict(), rows[f"b{number}"]._asdict()
        assert {k: v for k, v in one.items() if k not in ("id", "due_at", "unique_key")} == {
            k: v for k, v in many_row.items() if k not in ("id", "due_at", "unique_key")
        }


def test_a_missed_occurrence_has_a_row_that_says_why(ledger: Ledger) -> None:
    job = ledger.show(ledger.add(ai_task_id=ledger.ai_task(), due_at=ledger.now, missed="It was off."))
    assert (job.state, job.error_kind, job.error, job.finished_at) == ("missed", "missed", "It was off.", ledger.now)
    assert ledger.take(job.id) == []


def test_threads_that_want_one_key_get_one_job(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: ledger.add(unique_key="k"), range(40)))
    assert (len(set(ids)), count(ledger)) == (1, 1)


def test_a_key_whose_holder_ends_meanwhile_is_always_given(ledger: Ledger) -> None:
    def add_and_end(_: int) -> bool:
        job_id = ledger.add(unique_key="k")
        jobs_taken = ledger.take(job_id)
        return all(ledger.end(job, Succeeded()) for job in jobs_taken)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(add_and_end, range(60)))


@pytest.mark.parametrize("constraint", ["max_attempts", "due_at"])
def test_the_database_refuses_what_makes_no_sense(ledger: Ledger, constraint: str) -> None:
    nonsense: dict[str, Any] = {"max_attempts": {"max_attempts": 0}, "due_at": {"ai_task_id": ledger.ai_task()}}
    with pytest.raises(sa.exc.IntegrityError, match="ck_jobs_"):
        ledger.add(**nonsense[constraint])


def test_ids_are_version_7_and_grow_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    nanoseconds = [1_800_000_000_000_000_000 + n * 1_000_000 for n in range(1000)]
    given = iter(nanoseconds)
    monkeypatch.setattr("time.time_ns", lambda: next(given))
    ids = [new_job_id() for _ in nanoseconds]
    assert ids == sorted(ids)
    parsed = [uuid.UUID(text) for text in ids]
    assert {(one.version, one.variant) for one in parsed} == {(7, uuid.RFC_4122)}
    assert [one.int >> 80 for one in parsed] == [instant // 1_000_000 for instant in nanoseconds]
    assert [str(one) for one in parsed] == ids


def test_ids_of_one_moment_differ() -> None:
    assert len({new_job_id() for _ in range(10_000)}) == 10_000


def test_the_newest_jobs_are_listed_first(ledger: Ledger) -> None:
    ids = sorted(ledger.add() for _ in range(5))
    with ledger.db.read() as conn:
        assert [job.id for job in list_jobs(conn, limit=3)] == ids[:-4:-1]
