"""A person's lists over both databases, and their day in zones that are not like others."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.ai.support import OWNER, another_person, odd_row, run_due

from personal_assistant.ai import AITaskManager, acting
from personal_assistant.ai.follow_ups import follow_up
from personal_assistant.ai.lists import views
from personal_assistant.ai.lists.entries import Entry
from personal_assistant.ai.lists.search import search
from personal_assistant.ai.model import AITaskError
from personal_assistant.ai.pre_notices import send_notices
from personal_assistant.notifications.inbox import mark_read
from personal_assistant.store.database import Database
from personal_assistant.store.tables import deliveries, users
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def show(db: Database, clock: ManualClock, name: str, **options: int) -> list[Entry]:
    with db.read() as conn:
        return list(getattr(views, name)(conn, OWNER, clock.now(), **options).entries)


def states(entries: list[Entry]) -> list[tuple[str, str]]:
    return [(entry.title, entry.state) for entry in entries]


def remind(manager: AITaskManager, title: str, at: datetime, **options: Any) -> int:
    return manager.create_task(OWNER, title, "once", {"run_at": at.isoformat()}, **options).id


@pytest.fixture
def manager(runtime: Runtime) -> AITaskManager:
    return AITaskManager(runtime.db, runtime.clock)


def test_today_shows_what_came_what_became_of_it_and_what_is_to_come(
    runtime: Runtime, clock: ManualClock, manager: AITaskManager
) -> None:
    db, now = runtime.db, clock.now()
    ids = {name: remind(manager, name, now + MINUTE) for name in ("open", "done", "put off", "tomorrow")}
    manager.create_task(OWNER, "agent", "once", {"run_at": (now + MINUTE).isoformat()}, task_type="automated_task")
    daily = manager.create_task(OWNER, "skipped", "daily", {"hour": 20, "minute": 0}).id
    remind(manager, "later", now + 3 * HOUR)
    remind(manager, "another day", now + 24 * HOUR)
    clock.advance(120)
    run_due(runtime)
    with db.write() as conn:
        acting.done_task(conn, OWNER, ids["done"], clock.now(), "cli")
        acting.snooze_task(conn, OWNER, ids["put off"], now + 2 * HOUR, clock.now())
        acting.snooze_task(conn, OWNER, ids["tomorrow"], now + 24 * HOUR, clock.now())
        acting.skip_next(conn, OWNER, daily, clock.now())
    shown = show(db, clock, "today")
    assert sorted(states(shown)[:4]) == [
        ("agent", "failed"),
        ("done", "done"),
        ("open", "open"),
        ("tomorrow", "snoozed"),
    ]
    assert states(shown)[4:] == [("put off", "snoozed"), ("later", "planned"), ("skipped", "skipped")]
    assert [it.at for it in shown] == sorted(it.at for it in shown)
    assert states(show(db, clock, "done")) == [("done", "done")]
    assert show(db, clock, "done")[0].note == "cli"


def test_overdue_is_what_nobody_saw_or_did_the_newest_time_of_each(
    runtime: Runtime, clock: ManualClock, manager: AITaskManager
) -> None:
    db, now = runtime.db, clock.now()
    ids = {name: remind(manager, name, now + MINUTE) for name in ("unseen", "read", "done", "asleep")}
    asking = remind(manager, "asking", now + MINUTE, extras={"repeat_minutes": 600})
    water = manager.create_task(OWNER, "water", "custom", {"interval_minutes": 5}).id
    for _ in range(3):
        clock.advance(300)
        run_due(runtime)
    with db.write() as conn:
        seen = deliveries.c.ai_task_id.in_((ids["read"], asking))
        conn.execute(sa.update(deliveries).where(seen).values(read_at=clock.now()))
        acting.done_task(conn, OWNER, ids["done"], clock.now(), "cli")
        acting.snooze_task(conn, OWNER, ids["asleep"], clock.now() + 10 * HOUR, clock.now())
    odd_row(db, title="nothing ran", next_run_at=now - HOUR)
    shown = show(db, clock, "overdue")
    assert states(shown)[0] == ("nothing ran", "late")
    assert sorted(states(shown)[1:]) == [("asking", "open"), ("unseen", "open"), ("water", "open")]
    assert {it.ai_task_id: it.at for it in shown}[water] == now + 15 * MINUTE
    assert shown[0].late_seconds == 4500
    assert [it.at for it in shown] == sorted(it.at for it in shown)
    clock.advance(11 * 3600)
    assert ("asleep", "open") in states(show(db, clock, "overdue"))
    assert len(show(db, clock, "overdue", limit=2)) == 2


def test_what_came_again_and_was_not_read_is_overdue(
    runtime: Runtime, clock: ManualClock, manager: AITaskManager
) -> None:
    task_id = remind(manager, "again", clock.now() + MINUTE)
    clock.advance(60)
    run_due(runtime)
    with runtime.db.write() as conn:
        acting.snooze_task(conn, OWNER, task_id, clock.now() + HOUR, clock.now())
    clock.advance(3600)
    with runtime.db.write() as conn:
        assert follow_up(conn, clock.now()) == 1
    assert states(show(runtime.db, clock, "overdue")) == [("again", "open")]
    with runtime.db.write() as conn:
        mark_read(conn, OWNER, None, clock.now())
    assert show(runtime.db, clock, "overdue") == []


def test_what_was_done_before_its_time_is_done(runtime: Runtime, clock: ManualClock, manager: AITaskManager) -> None:
    plain = remind(manager, "plain", clock.now() + HOUR)
    remind(manager, "told ahead", clock.now() + HOUR, extras={"pre_notices": [1800]})
    with runtime.db.write() as conn:
        acting.done_task(conn, OWNER, plain, clock.now(), "cli")
        send_notices(conn, clock.now())
    clock.advance(1800)
    with runtime.db.write() as conn:
        assert send_notices(conn, clock.now()) == 1
        notice = conn.scalar(sa.select(sa.func.max(deliveries.c.id)))
        acting.done(conn, OWNER, notice, clock.now(), "link")
    shown = show(runtime.db, clock, "done")
    assert [(it.ai_task_id, it.note) for it in shown] == [(plain + 1, "link"), (plain, None)]
    assert sorted(states(show(runtime.db, clock, "today"))) == [("plain", "done"), ("told ahead", "done")]


def test_the_overdue_of_others_are_theirs(runtime: Runtime, clock: ManualClock) -> None:
    other = another_person(runtime.db)
    odd_row(runtime.db, user_id=other, title="theirs", next_run_at=clock.now() - HOUR)
    for name in ("overdue", "today", "upcoming", "done"):
        assert show(runtime.db, clock, name) == []
    with runtime.db.read() as conn:
        assert search(conn, OWNER, "theirs").hits == []


def test_one_that_comes_each_minute_leaves_room_for_others(
    runtime: Runtime, clock: ManualClock, manager: AITaskManager
) -> None:
    minutely = manager.create_task(OWNER, "minutely", "cron", {"expression": "* * * * *"}).id
    remind(manager, "in six days", clock.now() + timedelta(days=6))
    remind(manager, "in eight days", clock.now() + timedelta(days=8))
    shown = show(runtime.db, clock, "upcoming")
    assert [it.title for it in shown] == ["minutely"] * 3 + ["in six days"]
    assert [it.note for it in shown] == [None, None, "Every minute (cron * * * * *)", None]
    assert show(runtime.db, clock, "upcoming", days=9)[-1].title == "in eight days"
    day = show(runtime.db, clock, "today")
    assert len(day) == 24
    assert day[-1].note == f"Every minute (cron * * * * *), {12 * 60 - 1 - 24} more times"
    # Nothing has run for an hour: what is to come is listed all the same.
    clock.advance(3600)
    assert show(runtime.db, clock, "upcoming")[0].at == clock.now() + MINUTE
    manager.pause_task(minutely, OWNER)
    assert [it.title for it in show(runtime.db, clock, "upcoming")] == ["in six days"]
    manager.pause_task(minutely, OWNER, until=clock.now() + 2 * HOUR)
    assert show(runtime.db, clock, "upcoming")[0].at == clock.now() + 2 * HOUR + MINUTE


def test_every_word_must_occur_somewhere(runtime: Runtime, manager: AITaskManager, clock: ManualClock) -> None:
    at = clock.now() + HOUR
    remind(manager, "Äpfel kaufen", at, description="on the Market", extras={"notes": "100% red", "tags": ["Home"]})
    remind(manager, "Call_mom", at + HOUR, extras={"tags": ["home office", "naïve"]})
    gone = remind(manager, "Old thing", at)
    manager.cancel_task(gone, OWNER)

    def titles(words: str, **options: Any) -> list[str]:
        with runtime.db.read() as conn:
            return [hit.ai_task.title for hit in search(conn, OWNER, words, **options).hits]

    assert titles("äpfel MARKET 100% home") == ["Äpfel kaufen"]
    assert titles("äpfel mom") == []
    assert titles("l_m") == ["Call_mom"]
    assert titles("%") == ["Äpfel kaufen"]
    assert titles("home") == ["Äpfel kaufen", "Call_mom"]
    assert titles("", tag="#home") == ["Äpfel kaufen"]
    assert titles("", tag="NAÏVE") == ["Call_mom"]
    assert titles("old") == ["Old thing"]
    assert titles("'; DROP TABLE ai_tasks; --") == []
    for words in ("", "a " * 11, "x" * 201, "a\0b"):
        with pytest.raises(AITaskError):
            titles(words)


ZONES = ("Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Nuuk")
RULES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("daily", {"hour": 0, "minute": 0}),
    ("daily", {"hour": 2, "minute": 15}),
    ("custom", {"interval_minutes": 7}),
    ("cron", {"expression": "*/30 * * * *"}),
    ("daily", {"hour": 23, "minute": 59}),
)


def minute_of_2026(month: int, day: int, hour: int) -> int:
    return (datetime(2026, month, day, hour, tzinfo=UTC) - datetime(2026, 1, 1, tzinfo=UTC)) // MINUTE


# A day of 24 h 30 min, and one of 23 h 30 min.
@example(zone="Australia/Lord_Howe", minutes=minute_of_2026(4, 4, 14), chosen=[RULES[-1]], limit=60)
@example(zone="Australia/Lord_Howe", minutes=minute_of_2026(10, 3, 14), chosen=[RULES[0], RULES[-1]], limit=60)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(ZONES),
    minutes=st.integers(0, 366 * 24 * 60),
    chosen=st.lists(st.sampled_from(RULES), min_size=1, max_size=4),
    limit=st.integers(1, 60),
)
def test_today_is_the_day_of_the_person(
    sqlite_db: Database, zone: str, minutes: int, chosen: list[tuple[str, dict[str, Any]]], limit: int
) -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
    with sqlite_db.write() as conn:
        conn.execute(sa.text("DELETE FROM ai_tasks"))
        conn.execute(sa.update(users).values(zone=zone))
    manager = AITaskManager(sqlite_db, clock)
    tasks = [manager.create_task(OWNER, str(n), kind, config, zone=zone) for n, (kind, config) in enumerate(chosen)]
    local = ZoneInfo(zone)
    day = clock.now().astimezone(local).date()
    shown = show(sqlite_db, clock, "today", limit=limit)
    assert all(it.at.astimezone(local).date() == day and it.at > clock.now() for it in shown)
    # The other way: all instants of each, those of the day taken from them.
    expected = sorted(
        at for task in tasks for at in [at for at in task.upcoming(300) if at.astimezone(local).date() == day][:24]
    )
    assert [it.at for it in shown] == expected[:limit]
