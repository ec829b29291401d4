"""When a schedule begins and ends: start, until, count, and dates taken away."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personal_assistant.timing.recurrence import Schedule, ScheduleError, parse_schedule

BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


def walls(kind: str, config: dict[str, Any], zone: str = "Europe/Paris", count: int = 20) -> list[str]:
    schedule = parse_schedule(kind, config, zone)
    return [f"{it.astimezone(schedule.tz):%m-%d %H:%M}" for it in schedule.upcoming(BEFORE, count)]


def test_nothing_occurs_before_the_start() -> None:
    assert walls("daily", {"start": "2026-03-05"}, count=1) == ["03-05 09:00"]
    assert walls("daily", {"start": "2026-03-05T09:00"}, count=1) == ["03-05 09:00"]
    assert walls("daily", {"start": "2026-03-05T09:00:01"}, count=1) == ["03-06 09:00"]
    assert walls("daily", {"start": date(2026, 3, 5)}, count=1) == ["03-05 09:00"]
    assert walls("custom", {"interval_minutes": 60, "start": "2026-03-05T10:10"}, count=1) == ["03-05 10:10"]


def test_the_end_counts_itself_and_a_date_counts_whole() -> None:
    assert walls("daily", {"until": "2026-01-03"}) == ["01-01 09:00", "01-02 09:00", "01-03 09:00"]
    assert walls("daily", {"until": "2026-01-03T09:00"})[-1] == "01-03 09:00"
    assert walls("daily", {"until": "2026-01-03T08:59:59"})[-1] == "01-02 09:00"
    assert walls("daily", {"until": "20260103"})[-1] == "01-03 09:00"
    assert walls("daily", {"times": ["23:59:59"], "until": "2026-01-02"})[-1] == "01-02 23:59"
    assert walls("daily", {"until": "2025-12-31"}) == []
    assert len(walls("daily", {"until": "9999-12-31"})) == 20


def test_a_count_is_from_the_start_wherever_one_looks() -> None:
    schedule = parse_schedule("daily", {"start": "2026-03-05", "count": 3}, "UTC")
    assert len(schedule.upcoming(BEFORE)) == 3
    assert schedule.upcoming(datetime(2026, 3, 6, 12, tzinfo=UTC)) == [datetime(2026, 3, 7, 9, tzinfo=UTC)]
    assert schedule.next_after(datetime(2026, 3, 7, 9, tzinfo=UTC)) is None


def test_of_a_count_and_an_end_the_earlier_one_holds() -> None:
    config = {"start": "2026-03-05", "count": 3}
    assert walls("daily", config | {"until": "2026-03-06"})[-1] == "03-06 09:00"
    assert walls("daily", config | {"until": "2026-04-01"})[-1] == "03-07 09:00"
    rule = {"rule": "FREQ=DAILY;COUNT=3", "start": "2026-03-05T09:00"}
    assert walls("rrule", rule | {"until": "2026-03-06"})[-1] == "03-06 09:00"


def test_a_large_count_reaches_to_the_very_last() -> None:
    schedule = parse_schedule("custom", {"interval_minutes": 1, "start": "2026-01-01", "count": "10000"}, "UTC")
    last = BEFORE + timedelta(minutes=9999)
    assert schedule.last_possible == last
    assert schedule.next_after(last - timedelta(seconds=1)) == last
    assert schedule.next_after(last) is None


def test_slots_that_meet_after_a_gap_are_counted_once() -> None:
    config = {"times": ["02:00", "02:30", "03:00"], "start": "2026-03-29", "count": 2}
    assert walls("daily", config) == ["03-29 03:00", "03-30 02:00"]


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("daily", {"hour": 9}),
        ("cron", {"expression": "0 9 * * *"}),
        ("rrule", {"rule": "FREQ=DAILY", "start": "2026-01-01T09:00"}),
        ("custom", {"interval_minutes": 1440, "start": "2026-01-01T09:00"}),
    ],
)
def test_dates_can_be_taken_away_from_everything_that_repeats(kind: str, config: dict[str, Any]) -> None:
    spared = config | {"except_dates": ["2026-01-03", "2026-01-01", date(2026, 1, 2)]}
    assert walls(kind, spared, count=2) == ["01-04 09:00", "01-05 09:00"]


def test_a_date_taken_away_is_one_of_the_count() -> None:
    config = {"start": "2026-01-01", "count": 3, "except_dates": ["2026-01-02"]}
    assert walls("daily", config) == ["01-01 09:00", "01-03 09:00"]


def test_a_date_taken_away_is_meant_in_the_zone() -> None:
    schedule = parse_schedule("daily", {"hour": 1, "except_dates": ["2026-01-02"]}, "Asia/Tokyo")
    assert schedule.upcoming(BEFORE, 2) == [datetime(2026, 1, day, 16, tzinfo=UTC) for day in (2, 3)]


def test_when_all_dates_are_taken_away_it_is_over() -> None:
    config = {"start": "2026-01-01", "until": "2026-01-02", "except_dates": ["2026-01-01", "2026-01-02"]}
    assert walls("daily", config) == []


@pytest.mark.parametrize(
    ("kind", "config", "reason"),
    [
        ("daily", {"count": 3}, "need a start to count from"),
        ("daily", {"interval": 2}, "need a start to count from"),
        ("custom", {"except_dates": ["2026-01-01"]}, "need a start to count from"),
        ("daily", {"start": "2026-01-01", "count": 0}, "count is a whole number from 1"),
        ("daily", {"start": "2026-01-01", "count": 10**9}, "count is a whole number from 1"),
        ("daily", {"start": "2026-02-30"}, "start is a date or a time"),
        ("daily", {"until": "soon"}, "until is a date or a time"),
        ("daily", {"until": 5}, "until is a date or a time"),
        ("daily", {"start": "0001-01-01"}, "before the calendar"),
        ("daily", {"start": "0001-01-01T00:00:00+05:00"}, "beyond the calendar"),
        ("daily", {"until": "9999-12-31T23:59:59-05:00"}, "beyond the calendar"),
        ("daily", {"except_dates": "2026-01-01"}, "is a list of at most 100 dates"),
        ("daily", {"except_dates": ["2026-01-01"] * 101}, "is a list of at most 100 dates"),
        ("daily", {"except_dates": ["2026-01-01T09:00"]}, "dates without a time"),
        ("daily", {"except_dates": [5]}, "dates without a time"),
        ("daily", {"except_dates": ["x"]}, "except_dates is a date or a time"),
        ("daily", {"except": [0, 1, 2, 3, 4, 5, 6]}, "all seven days"),
        ("once", {"run_at": "2026-01-01T09:00", "until": "2027-01-01"}, "has no until"),
        ("once", {"run_at": "2026-01-01"}, "needs a time of day"),
        ("once", {}, "needs run_at"),
    ],
)
def test_ends_that_cannot_be_are_refused(kind: str, config: dict[str, Any], reason: str) -> None:
    with pytest.raises(ScheduleError, match=reason):
        parse_schedule(kind, config, "UTC")


def bounded(start: date, length: int, count: int) -> Schedule:
    until = (start + timedelta(days=length)).isoformat()
    return parse_schedule(
        "weekly", {"weekdays": [0, 2], "start": start.isoformat(), "until": until, "count": count}, "UTC"
    )


@given(
    start=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    length=st.integers(0, 200),
    count=st.integers(1, 40),
    into=st.integers(-100, 300),
)
def test_ends_agree_with_listing_everything(start: date, length: int, count: int, into: int) -> None:
    schedule = bounded(start, length, count)
    days = [start + timedelta(days=number) for number in range(400)]
    every = [datetime(it.year, it.month, it.day, 9, tzinfo=UTC) for it in days if it.weekday() in (0, 2)][:count]
    every = [it for it in every if it.date() <= start + timedelta(days=length)]
    after = datetime(start.year, start.month, start.day, 9, tzinfo=UTC) + timedelta(days=into)
    assert schedule.upcoming(after, 99) == [it for it in every if it > after]
