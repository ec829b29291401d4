"""Hourly statistics and the removal of history: each ending is counted once, and nothing uncounted is removed."""

from datetime import timedelta

import sqlalchemy as sa
from tests.support.ledger import FAILED, Ledger

from personal_assistant.jobs.outcomes import Outcome, Succeeded
from personal_assistant.jobs.retention import remove_finished
from personal_assistant.jobs.stats import TaskStats, count_by_state, count_finished, task_stats
from personal_assistant.store.tables import job_errors, job_stats, jobs


def finish(ledger: Ledger, outcome: Outcome, *, wait: float = 2, run: float = 3) -> str:
    job_id = ledger.add()
    ledger.clock.advance(wait)
    job = ledger.take_one(job_id)
    ledger.clock.advance(run)
    ledger.end(job, outcome)
    return job_id


def count(ledger: Ledger, limit: int = 100) -> int:
    with ledger.db.write() as conn:
        return count_finished(conn, limit)


def stats(ledger: Ledger) -> TaskStats:
    with ledger.db.read() as conn:
        [found] = task_stats(conn, ledger.now - timedelta(days=9))
    return found


def remove(ledger: Ledger, days: float, limit: int = 100) -> int:
    with ledger.db.write() as conn:
        return remove_finished(conn, ledger.now - timedelta(days=days), limit)


def test_figures_are_the_same_before_and_after_counting_and_after_removal(ledger: Ledger) -> None:
    finish(ledger, Succeeded(), wait=1, run=4)
    finish(ledger, FAILED, wait=3, run=2)
    ledger.cancel(ledger.add())
    before = stats(ledger)
    assert (before.succeeded, before.failed, before.other, before.errors) == (1, 1, 1, {"permanent": 1})
    figures = (
        before.mean_run_seconds,
        before.longest_run_seconds,
        before.mean_wait_seconds,
        before.longest_wait_seconds,
    )
    assert [round(figure, 3) for figure in figures] == [3, 4, 2, 3]
    assert (count(ledger), count(ledger)) == (3, 0)
    assert stats(ledger) == before
    ledger.clock.advance(86_400)
    assert remove(ledger, 0.5) == 3
    assert stats(ledger) == before


def test_jobs_are_counted_into_the_hour_in_which_they_end(ledger: Ledger) -> None:
    finish(ledger, Succeeded(), wait=0, run=3599.999)
    finish(ledger, Succeeded(), wait=0, run=0.001)
    count(ledger)
    with ledger.db.read() as conn:
        hours = conn.execute(sa.select(job_stats.c.hour, job_stats.c.count).order_by(job_stats.c.hour)).all()
    noon = ledger.now - timedelta(hours=1)
    assert [tuple(row) for row in hours] == [(noon, 1), (ledger.now, 1)]


def test_what_ends_late_in_an_hour_that_is_counted_is_added_to_it(ledger: Ledger) -> None:
    finish(ledger, Succeeded(), run=3)
    count(ledger)
    ledger.clock.advance(-3)
    finish(ledger, Succeeded(), run=5)
    assert (count(ledger), stats(ledger).succeeded) == (1, 2)
    assert round(stats(ledger).longest_run_seconds, 3) == 5


def test_a_clock_set_back_loses_no_count_and_makes_no_negative_time(ledger: Ledger) -> None:
    finish(ledger, Succeeded(), run=3)
    count(ledger)
    finish(ledger, Succeeded(), wait=-3600, run=-3600)
    count(ledger)
    ledger.clock.advance(3 * 86_400)
    assert remove(ledger, 1) == 2
    found = stats(ledger)
    assert (found.succeeded, round(found.mean_run_seconds, 3), round(found.mean_wait_seconds, 3)) == (2, 1.5, 1)


def test_a_replayed_job_is_counted_once_for_each_ending(ledger: Ledger) -> None:
    counted, uncounted = finish(ledger, FAILED), None
    count(ledger)
    uncounted = finish(ledger, FAILED)
    for job_id in (counted, uncounted):
        ledger.replay(job_id)
        ledger.run(job_id, Succeeded())
    count(ledger)
    assert (stats(ledger).failed, stats(ledger).succeeded) == (2, 2)


def test_a_missed_occurrence_counts(ledger: Ledger) -> None:
    ledger.add(missed="It was off.", ai_task_id=ledger.ai_task(), due_at=ledger.now)
    count(ledger)
    assert (stats(ledger).other, stats(ledger).errors) == (1, {"missed": 1})


def test_counting_and_removing_go_in_small_steps(ledger: Ledger) -> None:
    for _ in range(5):
        finish(ledger, Succeeded())
    assert [count(ledger, 2) for _ in range(4)] == [2, 2, 1, 0]
    ledger.clock.advance(86_400)
    assert [remove(ledger, 0.5, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert stats(ledger).succeeded == 5


def test_only_what_is_old_and_finished_and_counted_is_removed(ledger: Ledger) -> None:
    old = finish(ledger, FAILED)
    ledger.add()
    ledger.take_one(ledger.add())
    ledger.clock.advance(2 * 86_400)
    assert remove(ledger, 1) == 0
    count(ledger)
    finish(ledger, Succeeded())
    count(ledger)
    assert (remove(ledger, 3), remove(ledger, 1)) == (0, 1)
    with ledger.db.read() as conn:
        assert sorted(conn.execute(sa.select(jobs.c.state)).scalars()) == ["queued", "running", "succeeded"]
        assert count_by_state(conn) == {"queued": 1, "running": 1, "succeeded": 1, "failed": 1}
        assert conn.execute(sa.select(job_errors).where(job_errors.c.job_id == old)).all() == []
