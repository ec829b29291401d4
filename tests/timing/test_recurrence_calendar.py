"""Days, weeks, months and years."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personal_assistant.timing.recurrence import parse_schedule
from personal_assistant.timing.zones import to_wall

ZONES = ("UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def days(kind: str, config: dict[str, Any], count: int = 5, after: datetime = NOW) -> list[str]:
    return [f"{it:%Y-%m-%d}" for it in parse_schedule(kind, config, "UTC").upcoming(after, count)]


@pytest.mark.parametrize(
    ("kind", "config", "expected"),
    [
        ("daily", {"interval": 3, "start": "2026-01-01"}, "2026-01-16 2026-01-19 2026-01-22"),
        ("daily", {"except": [5, 6]}, "2026-01-16 2026-01-19 2026-01-20"),
        ("weekly", {"weekdays": [3, 0]}, "2026-01-19 2026-01-22 2026-01-26"),
        ("weekly", {"weekdays": [1], "interval": 2, "start": "2026-01-01"}, "2026-01-27 2026-02-10"),
        ("weekly", {"weekdays": [6, 0], "interval": 2, "start": "2026-01-04"}, "2026-01-18 2026-01-26 2026-02-01"),
        ("monthly", {"day": 31}, "2026-01-31 2026-02-28 2026-03-31 2026-04-30"),
        ("monthly", {"day": -1}, "2026-01-31 2026-02-28"),
        ("monthly", {"days": [1, 15, -1]}, "2026-01-31 2026-02-01 2026-02-15 2026-02-28"),
        ("monthly", {"days": [29, 30, 31]}, "2026-01-29 2026-01-30 2026-01-31 2026-02-28 2026-03-29"),
        ("monthly", {"nth": [[1, 0]]}, "2026-02-02 2026-03-02"),
        ("monthly", {"nth": [[5, 0]]}, "2026-03-30 2026-06-29"),
        ("monthly", {"nth": [[-1, 4]]}, "2026-01-30 2026-02-27"),
        ("monthly", {"nth": [[1, 4]], "day": 6}, "2026-02-06 2026-03-06 2026-04-03 2026-04-06"),
        ("monthly", {"day": 10, "interval": 3, "start": "2025-11-01"}, "2026-02-10 2026-05-10"),
        ("yearly", {"month": 2, "day": 29}, "2026-02-28 2027-02-28 2028-02-29"),
        ("yearly", {"months": [1, 7], "day": 1}, "2026-07-01 2027-01-01"),
        ("yearly", {"month": 11, "nth": [[4, 3]]}, "2026-11-26 2027-11-25"),
        ("yearly", {"month": 3, "day": 5, "interval": 4, "start": "2024-03-05"}, "2028-03-05 2032-03-05"),
    ],
)
def test_which_days(kind: str, config: dict[str, Any], expected: str) -> None:
    wanted = expected.split()
    assert days(kind, config, len(wanted)) == wanted


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("daily", {"interval": 7, "start": "2026-01-05", "except": [0]}),
        ("weekly", {"weekdays": [2], "except": [2]}),
        ("monthly", {"nth": [[5, 0]], "except": [0]}),
        ("yearly", {"month": 2, "nth": [[5, 0]], "except": [0]}),
        ("daily", {"start": "9999-12-31", "hour": 9, "except": [4]}),
    ],
)
def test_what_never_occurs_is_over(kind: str, config: dict[str, Any]) -> None:
    assert days(kind, config) == []


def test_the_calendar_ends_with_the_year_9999() -> None:
    near_the_end = datetime(9999, 12, 28, 12, tzinfo=UTC)
    assert days("daily", {}, 9, near_the_end) == ["9999-12-29", "9999-12-30", "9999-12-31"]
    assert days("weekly", {"weekdays": [0, 4, 6]}, 9, near_the_end) == ["9999-12-31"]
    assert days("monthly", {"day": 31}, 9, near_the_end) == ["9999-12-31"]
    assert days("yearly", {"month": 12, "day": 31}, 9, near_the_end) == ["9999-12-31"]
    everywhere = [parse_schedule("daily", {}, zone).next_after(datetime.max.replace(tzinfo=UTC)) for zone in ZONES]
    assert everywhere == [None] * len(ZONES)


def test_it_begins_with_the_year_1() -> None:
    for zone in ZONES:
        first = parse_schedule("daily", {}, zone).next_after(datetime.min.replace(tzinfo=UTC))
        assert first is not None
        assert first.year == 1


def counted(day: date, config: dict[str, Any], kind: str) -> bool:
    """Whether a day is one of the schedule's, said once more in another way."""
    start = date.fromisoformat(config["start"])
    interval = config["interval"]
    tomorrow = day + timedelta(days=1)
    is_day = day.day in config.get("days", [1]) or (day.day < max(config.get("days", [1])) and tomorrow.day == 1)
    turns: dict[str, Callable[[], bool]] = {
        "daily": lambda: (day - start).days % interval == 0,
        "weekly": lambda: (
            day.weekday() in config["weekdays"]
            and ((day - timedelta(day.weekday())) - (start - timedelta(start.weekday()))).days // 7 % interval == 0
        ),
        "monthly": lambda: is_day and ((day.year - start.year) * 12 + day.month - start.month) % interval == 0,
        "yearly": lambda: is_day and day.month in config["months"] and (day.year - start.year) % interval == 0,
    }
    return day >= start and day.weekday() not in config["except"] and turns[kind]()


@st.composite
def schedules(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    kind = draw(st.sampled_from(["daily", "weekly", "monthly", "yearly"]))
    clock = st.times().map(lambda it: f"{it:%H:%M}")
    config: dict[str, Any] = {
        "start": draw(st.dates(date(2005, 1, 1), date(2027, 1, 1))).isoformat(),
        "interval": draw(st.integers(1, 4)),
        "except": draw(st.lists(st.integers(0, 6), max_size=2)),
        "times": draw(st.lists(clock, min_size=1, max_size=3)),
    }
    if kind == "weekly":
        config["weekdays"] = draw(st.lists(st.integers(0, 6), min_size=1))
    if kind in ("monthly", "yearly"):
        config["days"] = draw(st.lists(st.integers(1, 31), min_size=1, max_size=3))
    if kind == "yearly":
        config["months"] = draw(st.lists(st.integers(1, 12), min_size=1, max_size=3))
    return kind, config


AFTER = st.datetimes(datetime(2010, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(described=schedules(), zone=st.sampled_from(ZONES), after=AFTER)
def test_occurrences_are_the_days_that_count_each_at_its_wall_clock_time(
    described: tuple[str, dict[str, Any]], zone: str, after: datetime
) -> None:
    kind, config = described
    schedule = parse_schedule(kind, config, zone)
    end = after + timedelta(days=1500)
    found = [it for it in schedule.upcoming(after, 8) if it <= end]
    local = to_wall(after, ZoneInfo(zone)).date()
    due = [
        f"{local + timedelta(days=count)}T{clock}"
        for count in range(1501)
        if counted(local + timedelta(days=count), config, kind)
        for clock in sorted(set(config["times"]))
    ]
    instants = [datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for text in due]
    kept = [to_wall(it, ZoneInfo(zone)).isoformat()[:16] == text for it, text in zip(instants, due, strict=True)]
    usual = [it for it, stays in zip(instants, kept, strict=True) if stays and after < it <= end]
    # What the change of the clock moves is judged by the tables of daylight saving.
    assert [it for it in found if it in set(usual)] == usual[: len([it for it in found if it in set(usual)])]
    assert len(found) == 8 or len(found) >= len(usual)
    assert all(it in set(usual) or not all(kept) for it in found)


@given(described=schedules(), zone=st.sampled_from(ZONES), after=AFTER)
def test_occurrences_increase_and_go_on_the_same_from_any_later_point(
    described: tuple[str, dict[str, Any]], zone: str, after: datetime
) -> None:
    schedule = parse_schedule(*described, zone)
    found = schedule.upcoming(after, 9)
    assert all(earlier < following for earlier, following in zip([after, *found], found, strict=False))
    for index, instant in enumerate(found):
        assert schedule.next_after(instant - timedelta.resolution) == instant
        assert schedule.upcoming(instant, 8 - index) == found[index + 1 :]
