"""One instant, and steps of elapsed time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personal_assistant.timing.recurrence import Schedule, ScheduleError, parse_schedule

NOW = datetime(2026, 3, 6, 10, 7, 3, tzinfo=UTC)  # a Friday


def custom(zone: str = "UTC", *, excepted: Sequence[int] = (), **config: Any) -> Schedule:
    return parse_schedule("custom", config | ({"except": list(excepted)} if excepted else {}), zone)


def test_once_is_an_instant_and_then_over() -> None:
    schedule = parse_schedule("once", {"run_at": "2026-03-06T12:00"}, "Europe/Paris")
    at = datetime(2026, 3, 6, 11, tzinfo=UTC)
    assert schedule.upcoming(NOW) == [at]
    assert schedule.next_after(at) is None
    assert schedule.next_after(at - timedelta.resolution) == at


@pytest.mark.parametrize(
    ("run_at", "expected"),
    [
        ("2026-03-06T12:00:00Z", "2026-03-06T12:00:00+00:00"),
        ("2026-03-06T12:00:00+05:45", "2026-03-06T06:15:00+00:00"),
        ("2026-03-06 12:00:00", "2026-03-06T11:00:00+00:00"),
        ("20260306T120000", "2026-03-06T11:00:00+00:00"),
        (" 2026-03-06T12:00 ", "2026-03-06T11:00:00+00:00"),
        (datetime(2026, 3, 6, 12), "2026-03-06T11:00:00+00:00"),  # noqa: DTZ001
        (NOW, NOW.isoformat()),
    ],
)
def test_an_instant_without_an_offset_is_meant_in_the_zone(run_at: object, expected: str) -> None:
    schedule = parse_schedule("once", {"run_at": run_at}, "Europe/Paris")
    assert [it.isoformat() for it in schedule.upcoming(NOW - timedelta(days=1))] == [expected]


def test_steps_go_on_from_whatever_was_last() -> None:
    assert custom(interval_minutes=90).upcoming(NOW, 2) == [NOW + timedelta(minutes=90), NOW + timedelta(minutes=180)]
    assert custom().next_after(NOW) == NOW + timedelta(hours=1)
    assert custom(interval_minutes="1.5").next_after(NOW) == NOW + timedelta(seconds=90)


def test_steps_with_a_start_keep_its_grid() -> None:
    schedule = custom(interval_minutes=45, start="2006-01-01T00:10")
    start = datetime(2006, 1, 1, 0, 10, tzinfo=UTC)
    assert schedule.next_after(start - timedelta(days=9)) == start
    following = schedule.next_after(NOW)
    assert following is not None
    assert timedelta() < following - NOW <= timedelta(minutes=45)
    assert (following - start) % timedelta(minutes=45) == timedelta()


def test_excepted_weekdays_are_left_out_on_the_clock_of_the_zone() -> None:
    schedule = custom("Asia/Kolkata", interval_minutes=360, start="2026-03-06T00:00", excepted=[5, 6])
    walls = [f"{it.astimezone(schedule.tz):%a %H}" for it in schedule.upcoming(NOW, 3)]
    assert walls == ["Fri 18", "Mon 00", "Mon 06"]


def test_without_a_start_the_steps_go_on_when_the_excepted_days_are_over() -> None:
    schedule = custom(interval_minutes=600, excepted=[5, 6])
    walls = [f"{it:%a %H:%M:%S}" for it in schedule.upcoming(NOW, 3)]
    assert walls == ["Fri 20:07:03", "Mon 00:00:00", "Mon 10:00:00"]


def test_steps_that_always_fall_on_excepted_days_are_over() -> None:
    assert custom(interval_minutes=7 * 1440, start="2026-03-02T09:00", excepted=[0]).next_after(NOW) is None
    # A minute more a week leaves Monday after some years.
    leaving = custom(interval_minutes=7 * 1440 + 1, start="2026-03-02T09:00", excepted=[0]).next_after(NOW)
    assert leaving is not None
    assert f"{leaving:%a %H:%M}" == "Tue 00:00"


def test_steps_end_with_the_calendar() -> None:
    last = datetime(9999, 12, 31, 23, 30, tzinfo=UTC)
    assert custom().next_after(last) is None
    assert custom("Asia/Tokyo", excepted=[0]).next_after(last) is None


@pytest.mark.parametrize("minutes", [0, -5, 0.5, "nan", "inf", float("nan"), 10**30, 10**400, "ten", True, [60]])
def test_steps_that_cannot_be_are_refused(minutes: object) -> None:
    with pytest.raises(ScheduleError, match="interval_minutes is"):
        custom(interval_minutes=minutes)


@given(
    minutes=st.integers(1, 20_000),
    excepted=st.sets(st.integers(0, 6), max_size=4).map(sorted),
    zone=st.sampled_from(["UTC", "Europe/Paris", "Australia/Lord_Howe"]),
    after=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_steps_agree_with_counting_them(minutes: int, excepted: list[int], zone: str, after: datetime) -> None:
    start = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
    schedule = custom(zone, interval_minutes=minutes, start=start, excepted=excepted)
    end = after + timedelta(days=20)
    grid = [
        start + timedelta(minutes=minutes) * count for count in range((end - start) // timedelta(minutes=minutes) + 1)
    ]
    expected = [it for it in grid if it > after and it.astimezone(schedule.tz).weekday() not in excepted]
    found = schedule.upcoming(after, 5)
    assert [it for it in found if it <= end] == expected[:5]
