"""The calendar: what came on each day of the person, and what is to come."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.ai.support import OWNER, another_person, odd_row, run_due

from personal_assistant.ai import AITaskError, AITaskManager, acting
from personal_assistant.ai.lists import calendar_ahead, calendar_rows
from personal_assistant.ai.lists.calendar import Calendar, Line, calendar, day_page
from personal_assistant.ai.lists.calendar_ahead import MOST_TIMES, ahead
from personal_assistant.ai.lists.months import Month, read_day, spans
from personal_assistant.store.database import Database
from personal_assistant.store.tables import users
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOUR = timedelta(hours=1)
TODAY = date(2026, 6, 2)


@pytest.fixture
def manager(db: Database, clock: ManualClock) -> AITaskManager:
    return AITaskManager(db, clock)


def show(db: Database, clock: ManualClock, first: date = TODAY, last: date = TODAY, **options: int) -> Calendar:
    with db.read() as conn:
        return calendar(conn, OWNER, first, last, clock.now(), **options)


def whole_day(db: Database, clock: ManualClock, day: date = TODAY, limit: int = 50, user_id: int = OWNER) -> list[Line]:
    """All pages of it."""
    lines: list[Line] = []
    after = None
    with db.read() as conn:
        while True:
            page = day_page(conn, user_id, day, clock.now(), after, limit)
            assert len(page.lines) <= limit
            lines += page.lines
            after = page.after
            if after is None:
                return lines


def test_a_day_says_what_came_of_each_occurrence(runtime: Runtime, clock: ManualClock, manager: AITaskManager) -> None:
    told = manager.create_task(OWNER, "told", "daily", {"hour": 13})
    manager.create_task(OWNER, "fails", "daily", {"hour": 13, "minute": 30}, task_type="periodic_task")
    skipped = manager.create_task(OWNER, "skipped", "daily", {"hour": 14})
    done = manager.create_task(OWNER, "done", "once", {"run_at": "2026-06-02T15:00:00Z"})
    missed = manager.create_task(OWNER, "missed", "daily", {"hour": 16}, missed_policy="skip")
    manager.create_task(another_person(runtime.db), "hers", "daily", {"hour": 13}, zone="UTC")
    with runtime.db.write() as conn:
        acting.skip_next(conn, OWNER, skipped.id, clock.now())
        acting.done_task(conn, OWNER, done.id, clock.now(), "cli")
    clock.advance(2 * 3600)
    run_due(runtime)
    clock.advance(4 * 3600)
    run_due(runtime)
    late = odd_row(runtime.db, title="late", next_run_at=clock.now() - HOUR)
    lines = whole_day(runtime.db, clock)
    assert [(it.title, it.state, it.at.hour) for it in lines] == [
        ("told", "told", 13), ("fails", "failed", 13), ("skipped", "skipped", 14), ("done", "done", 15),
        ("missed", "missed", 16), ("late", "late", 17),
    ]  # fmt: skip
    assert [bool(it.error) for it in lines] == [False, True, False, False, True, False]
    assert [it.job_id is None for it in lines] == [False] * 5 + [True]
    assert {lines[0].ai_task_id, lines[4].ai_task_id, lines[5].ai_task_id} == {told.id, missed.id, late}
    (day,) = show(runtime.db, clock).days
    assert [it.title for it in day.lines] == ["fails", "missed", "late"]
    assert list(day.counts.items()) == [
        ("failed", 1), ("missed", 1), ("late", 1), ("skipped", 1), ("done", 1), ("told", 1),
    ]  # fmt: skip
    assert (day.more, day.at_least) == (3, False)
    (tomorrow,) = show(runtime.db, clock, TODAY + timedelta(days=1), TODAY + timedelta(days=1), lines=9).days
    assert [it.state for it in tomorrow.lines] == ["planned"] * 5
    assert [it.title for it in whole_day(runtime.db, clock, limit=1)] == [it.title for it in lines]


@SQLITE
def test_what_is_under_way_or_called_off_is_told_so(db: Database, clock: ManualClock, manager: AITaskManager) -> None:
    running = manager.create_task(OWNER, "running", "daily", {"hour": 13})
    paused = manager.create_task(OWNER, "called off", "daily", {"hour": 13})
    for task in (running, paused):
        manager.run_now(task.id, OWNER)
    manager.pause_task(paused.id, OWNER)
    assert [(it.title, it.state) for it in whole_day(db, clock)] == [
        ("running", "running"), ("called off", "cancelled"), ("running", "planned"),
    ]  # fmt: skip


@SQLITE
def test_one_that_comes_often_is_one_line_of_each_day(db: Database, clock: ManualClock, manager: AITaskManager) -> None:
    manager.create_task(OWNER, "minutely", "cron", {"expression": "* * * * *"})
    manager.create_task(OWNER, "hourly", "cron", {"expression": "0 8-11 * * *"})
    found = show(db, clock, TODAY, date(2026, 6, 30))
    assert found.complete and len(found.days) == 29
    today, *others = found.days
    assert [(it.title, it.times, it.at_least) for it in today.lines] == [("minutely", MOST_TIMES, True)]
    for day in others:
        assert [(it.title, it.times, it.at_least, it.at.hour) for it in day.lines] == [
            ("minutely", MOST_TIMES, True, 0), ("hourly", 4, False, 8),
        ]  # fmt: skip
        assert day.counts == {"planned": MOST_TIMES + 4} and day.at_least
    # A month far away takes no more steps.
    (far,) = show(db, clock, date(2150, 1, 1), date(2150, 1, 1)).days
    assert [it.title for it in far.lines] == ["minutely", "hourly"]


@SQLITE
def test_that_not_all_are_shown_is_said(
    db: Database, clock: ManualClock, manager: AITaskManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        manager.create_task(OWNER, f"task {number}", "daily", {"hour": 13, "minute": number})
    last = TODAY + timedelta(days=1)
    assert show(db, clock, TODAY, last).complete
    monkeypatch.setattr(calendar_ahead, "_BUDGET", 5)
    few = show(db, clock, TODAY, last)
    assert not few.complete
    # The next time of each is there all the same.
    assert [day.counts for day in few.days] == [{"planned": 4}, {"planned": 2}]
    monkeypatch.setattr(calendar_ahead, "_BUDGET", 3000)
    monkeypatch.setattr(calendar_rows, "_LOOKED_AT", 3)
    assert not show(db, clock, TODAY, last).complete
    monkeypatch.setattr(calendar_rows, "MOST_COUNTED", 2)
    today = show(db, clock).days[0]
    assert today.at_least and today.counts["planned"] >= 2


def test_many_of_a_day_are_counted_as_at_least_so_many_and_none_that_failed_is_overlooked(
    runtime: Runtime, clock: ManualClock, manager: AITaskManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar_rows, "MOST_COUNTED", 5)
    for number in range(7):
        manager.create_task(OWNER, f"task {number}", "daily", {"hour": 13})
    manager.create_task(OWNER, "fails last", "daily", {"hour": 14}, task_type="periodic_task")
    clock.advance(3 * 3600)
    run_due(runtime)
    (day,) = show(runtime.db, clock).days
    assert day.at_least and day.counts == {"failed": 1, "told": 5}
    assert [it.title for it in day.lines] == ["task 0", "task 1", "fails last"]
    assert len(whole_day(runtime.db, clock, limit=3)) == 8


def test_days_that_cannot_be_are_refused() -> None:
    utc = ZoneInfo("UTC")
    for first, last in (
        (date(2026, 6, 2), date(2026, 6, 1)),
        (date(2026, 6, 1), date(2026, 7, 13)),
        (date(1, 1, 1), date(1, 1, 2)),
        (date(9999, 12, 31), date(9999, 12, 31)),
    ):
        with pytest.raises(AITaskError):
            spans(first, last, utc)
    assert len(spans(date(2026, 6, 1), date(2026, 7, 12), utc)) == 42
    for text in ("2026-13", "2026-00", "2026", "x", "2026-6", "0000-01", "9999-12", "2026-06-01", "٢٠٢٦-٠٦"):
        with pytest.raises(AITaskError, match="There is no month"):
            Month.read(text, TODAY)
    for text in ("", "2026-02-30", "20260601", "2026-W01-1", "9999-12-31"):
        with pytest.raises(AITaskError, match="There is no day"):
            read_day(text, TODAY)
    assert str(Month.read("", TODAY)) == "2026-06"
    assert read_day("2026-02-28", TODAY) == date(2026, 2, 28)


@given(st.dates(date(1970, 1, 1), date(2199, 12, 31)))
def test_a_month_is_whole_weeks_that_hold_it(day: date) -> None:
    month = Month.read(f"{day:%Y-%m}", TODAY)
    first, last = month.weeks
    assert first <= month.first <= day <= month.last <= last
    assert (last - first).days + 1 <= 42
    before, after = month.other(-1), month.other(1)
    assert before is None or before.other(1) == month
    assert after is None or (after.other(-1) == month and after.first == month.last + timedelta(days=1))


# One skipped a day, some change at midnight or by half an hour.
ZONES = ("Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Beirut", "America/Nuuk")


@given(zone=st.sampled_from(ZONES), first=st.dates(date(1990, 1, 1), date(2040, 1, 1)), count=st.integers(1, 42))
@example(zone="Pacific/Apia", first=date(2011, 12, 1), count=42)
@example(zone="America/Santiago", first=date(2026, 9, 1), count=30)
def test_a_day_is_from_midnight_to_midnight_on_the_wall(zone: str, first: date, count: int) -> None:
    local = ZoneInfo(zone)
    days = spans(first, first + timedelta(days=count - 1), local)
    for span, following in pairwise(days):
        assert span.stop == following.start
    for span in days:
        for at in (span.start, span.stop - timedelta.resolution) if span.start < span.stop else ():
            assert at.astimezone(local).date() == span.day
    # Only a day that the zone left out has no instant.
    assert [span.day for span in days if span.start == span.stop] in ([], [date(2011, 12, 30)])


RULES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("daily", {"hour": 0, "minute": 0}),
    ("daily", {"hour": 2, "minute": 30}),
    ("daily", {"hour": 23, "minute": 59, "interval": 3, "start": "2025-12-30"}),
    ("weekly", {"weekdays": [0, 6], "hour": 0, "interval": 2, "start": "2025-12-30"}),
    ("monthly", {"day": 31, "hour": 9}),
    ("custom", {"interval_minutes": 95}),
    ("custom", {"interval_minutes": 400, "except": [5, 6]}),
    ("cron", {"expression": "*/20 * * * *"}),
    ("rrule", {"rule": "FREQ=DAILY;BYHOUR=0,12", "start": "2025-12-30T00:00:00"}),
    ("daily", {"hour": 5, "start": "2025-12-30", "count": 380}),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(ZONES),
    hours=st.integers(0, 366 * 24),
    later=st.integers(0, 50),
    count=st.integers(1, 42),
    chosen=st.lists(st.sampled_from(RULES), min_size=1, max_size=2),
)
@example(zone="Australia/Lord_Howe", hours=2256, later=0, count=10, chosen=[RULES[0], RULES[5], RULES[7]])
def test_what_is_to_come_lies_on_the_day_of_the_person(
    sqlite_db: Database, zone: str, hours: int, later: int, count: int, chosen: list[tuple[str, dict[str, Any]]]
) -> None:
    clock = ManualClock(datetime(2026, 1, 1, 0, 30, tzinfo=UTC) + hours * HOUR)
    with sqlite_db.write() as conn:
        conn.execute(sa.text("DELETE FROM ai_tasks"))
        conn.execute(sa.update(users).values(zone=zone))
    manager = AITaskManager(sqlite_db, clock)
    tasks = [manager.create_task(OWNER, str(n), kind, config, zone=zone) for n, (kind, config) in enumerate(chosen)]
    local = ZoneInfo(zone)
    first = clock.now().astimezone(local).date() + timedelta(days=later)
    last = first + timedelta(days=count - 1)
    found = show(sqlite_db, clock, first, last, lines=50)
    # The other way: all instants of each, one by one.
    expected: Counter[tuple[date, int]] = Counter()
    for task in tasks:
        for at in task.upcoming(6000):
            day = at.astimezone(local).date()
            if day > last:
                break
            expected[day, task.id] += day >= first
    shown = {(day.date, line.ai_task_id): line for day in found.days for line in day.lines}
    assert found.complete
    assert {key: min(times, MOST_TIMES) for key, times in expected.items() if times} == {
        key: line.times for key, line in shown.items()
    }
    assert all(line.at_least == (expected[key] > MOST_TIMES) for key, line in shown.items())
    assert all(line.at.astimezone(local).date() == key[0] for key, line in shown.items())
    on_the_day = whole_day(sqlite_db, clock, first, limit=2)
    assert [(it.at, it.ai_task_id, it.times) for it in on_the_day] == [
        (it.at, it.ai_task_id, it.times) for it in found.days[0].lines
    ]


@SQLITE
def test_odd_rows_come_at_their_planned_instant(db: Database, clock: ManualClock) -> None:
    at = clock.now() + HOUR
    odd_row(db, title="odd", schedule_type="cron", schedule_config={"expression": "no"}, next_run_at=at)
    (day,) = show(db, clock).days
    assert [(it.title, it.at, it.times) for it in day.lines] == [("odd", at, 1)]
    assert ahead([], spans(TODAY, TODAY, ZoneInfo("UTC")), clock.now()) == ([], True)
