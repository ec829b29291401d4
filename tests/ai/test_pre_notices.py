"""Notices ahead of occurrences: each once, none for what was moved, skipped or done meanwhile."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, history
from tests.ai.test_follow_ups import Household, remind

from personal_assistant.ai import acting
from personal_assistant.ai.model import AITaskError
from personal_assistant.store.tables import deliveries, reminders
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

NOTICE = "notice"
HOUR = 60


@pytest.fixture
def home(runtime: Runtime, clock: ManualClock) -> Household:
    return Household(runtime, clock)


def test_they_come_before_each_occurrence(home: Household) -> None:
    remind(home, "every day at 6pm", pre_notices="1 hour and 10 minutes before")
    home.pass_time(30 * HOUR)
    day = 24 * HOUR
    once = [(5 * HOUR, NOTICE), (6 * HOUR - 10, NOTICE), (6 * HOUR, None)]
    assert home.told() == [*once, *((minute + day, topic) for minute, topic in once)]


def test_of_those_whose_time_has_passed_already_none_comes(home: Household) -> None:
    remind(home, "in 30 minutes", pre_notices=["1 day", "1 hour", "10 minutes"])
    home.pass_time(40)
    assert home.told() == [(20, NOTICE), (30, None)]


def test_after_a_time_in_which_nothing_ran_only_the_last_one_comes(home: Household) -> None:
    remind(home, "in 5 hours", pre_notices=["4 hours", "3 hours", "2 hours", "10 minutes"])
    home.turn()
    home.clock.advance(3.5 * 3600)
    home.pass_time(2 * HOUR)
    assert home.told() == [(210, NOTICE), (290, NOTICE), (300, None)]


def test_none_comes_for_what_was_moved(home: Household) -> None:
    task_id = remind(home, "in 2 hours", pre_notices="1 hour")
    home.pass_time(30)
    home.manager.update_task(task_id, OWNER, **home.manager.schedule_from_words("in 5 hours", "UTC"))
    home.pass_time(6 * HOUR)
    assert home.told() == [(30 + 4 * HOUR, NOTICE), (30 + 5 * HOUR, None)]


def test_none_comes_while_it_is_paused_and_they_come_again_after_it(home: Household) -> None:
    task_id = remind(home, "every day at 6pm", pre_notices="1 hour")
    home.pass_time(HOUR)
    until = home.clock.now() + timedelta(days=2)
    home.manager.pause_task(task_id, OWNER, until=until)
    home.pass_time(3 * 24 * HOUR)
    day = 24 * HOUR
    assert home.told() == [(2 * day + 5 * HOUR, NOTICE), (2 * day + 6 * HOUR, None)]


def test_done_by_a_notice_the_occurrence_does_not_come(home: Household) -> None:
    task_id = remind(home, "every day at 6pm", pre_notices="1 hour")
    home.pass_time(5.5 * HOUR)
    with home.runtime.db.write() as conn:
        notice = conn.scalar(sa.select(deliveries.c.id).where(deliveries.c.topic == NOTICE))
        assert notice is not None
        acting.done(conn, OWNER, notice, home.clock.now(), "link")
        acting.done(conn, OWNER, notice, home.clock.now(), "link")
    home.pass_time(24 * HOUR)
    assert home.told() == [(5 * HOUR, NOTICE), (29 * HOUR, NOTICE)]
    [skipped] = history(home.runtime.db, task_id)
    assert (skipped.state, skipped.error) == ("missed", "It was done before its time.")


def test_done_by_a_notice_after_the_occurrence_ends_what_follows_it(home: Household) -> None:
    remind(home, "every day at 6pm", pre_notices="1 hour", repeat_minutes=10)
    home.pass_time(6 * HOUR + 5)
    with home.runtime.db.write() as conn:
        notice = conn.scalar(sa.select(deliveries.c.id).where(deliveries.c.topic == NOTICE))
        assert notice is not None
        acting.done(conn, OWNER, notice, home.clock.now(), "link")
    home.pass_time(2 * HOUR)
    assert home.told() == [(5 * HOUR, NOTICE), (6 * HOUR, None)]


def test_the_next_time_is_skipped_and_recorded(home: Household) -> None:
    task_id = remind(home, "every day at 6pm", pre_notices="1 hour")
    with home.runtime.db.write() as conn:
        acting.skip_next(conn, OWNER, task_id, home.clock.now())
    home.pass_time(30 * HOUR)
    assert home.told() == [(29 * HOUR, NOTICE), (30 * HOUR, None)]
    assert [(job.state, job.error) for job in history(home.runtime.db, task_id)] == [
        ("missed", "Its person skipped it."),
        ("succeeded", None),
    ]


def test_what_was_skipped_stays_so_over_a_pause_and_comes_when_it_is_planned_anew(home: Household) -> None:
    task_id = remind(home, "every day at 6pm")
    with home.runtime.db.write() as conn:
        acting.skip_next(conn, OWNER, task_id, home.clock.now())
    home.manager.pause_task(task_id, OWNER)
    tomorrow = home.clock.now() + timedelta(hours=30)
    assert home.manager.resume_task(task_id, OWNER).next_run_at == tomorrow
    home.manager.update_task(task_id, OWNER, **home.manager.schedule_from_words("every day at 6pm", "UTC"))
    home.pass_time(7 * HOUR)
    assert home.told() == [(6 * HOUR, None)]


def test_what_comes_once_can_be_done_before_its_time_and_not_skipped(home: Household) -> None:
    task_id = remind(home, "in 3 hours", pre_notices="1 hour")
    with pytest.raises(AITaskError, match="It is the last time"), home.runtime.db.write() as conn:
        acting.skip_next(conn, OWNER, task_id, home.clock.now())
    with home.runtime.db.write() as conn:
        assert acting.done_task(conn, OWNER, task_id, home.clock.now(), "cli").status == "completed"
    home.pass_time(5 * HOUR)
    assert home.told() == []
    with pytest.raises(AITaskError, match="leaves out the next time"), home.runtime.db.write() as conn:
        acting.done_task(conn, OWNER, task_id, home.clock.now(), "cli")


def test_it_cannot_be_paused_beyond_its_last_time(home: Household) -> None:
    task_id = remind(home, "in 3 hours")
    with pytest.raises(AITaskError, match="is over"):
        home.manager.pause_task(task_id, OWNER, until=home.clock.now() + timedelta(days=1))
    assert home.manager.get_task(task_id).status == "active"


def test_an_occurrence_at_the_end_of_the_pause_comes(home: Household) -> None:
    task_id = remind(home, "every day at 6pm")
    home.manager.pause_task(task_id, OWNER, until=home.clock.now() + timedelta(hours=30))
    home.pass_time(31 * HOUR)
    assert home.told() == [(30 * HOUR, None)]


def test_resuming_by_hand_ends_the_waiting(home: Household) -> None:
    task_id = remind(home, "every day at 6pm")
    home.manager.pause_task(task_id, OWNER, until=home.clock.now() + timedelta(hours=30))
    home.manager.resume_task(task_id, OWNER)
    with home.runtime.db.read() as conn:
        assert conn.scalars(sa.select(reminders.c.resume_at)).all() == [None]


def test_what_has_no_time_left_when_its_pause_ends_is_told(home: Household) -> None:
    task_id = remind(home, "every day at 6pm")
    home.manager.pause_task(task_id, OWNER, until=home.clock.now() + timedelta(hours=30))
    home.manager.update_task(task_id, OWNER, **home.manager.schedule_from_words("in 2 hours", "UTC"))
    home.pass_time(31 * HOUR)
    assert home.manager.get_task(task_id).status == "paused"
    with home.runtime.db.read() as conn:
        assert conn.scalars(sa.select(deliveries.c.title)).all() == ["⏸️ Stays paused: Pills"]
