"""Cron expressions: agreement with going through every minute, names, steps, nicknames, and what is refused."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personal_assistant.timing.recurrence import ScheduleError, parse_schedule


def walls(expression: str, after: str, count: int, zone: str = "UTC") -> list[str]:
    schedule = parse_schedule("cron", {"expression": expression}, zone)
    found = schedule.upcoming(datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone)), count)
    return [f"{it.astimezone(schedule.tz):%Y-%m-%d %H:%M}" for it in found]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*/20 9-10 * * *", ["2026-03-02 09:00", "2026-03-02 09:20", "2026-03-02 09:40", "2026-03-02 10:00"]),
        ("5/25 0 * * *", ["2026-03-02 00:05", "2026-03-02 00:30", "2026-03-02 00:55"]),
        ("0 9 * * MON-FRI", ["2026-03-02 09:00", "2026-03-03 09:00"]),
        ("0 9 * * 7", ["2026-03-08 09:00", "2026-03-15 09:00"]),
        ("0 9 * * sun,tue", ["2026-03-03 09:00", "2026-03-08 09:00"]),
        ("0 0 1 jan,JUL *", ["2026-07-01 00:00", "2027-01-01 00:00"]),
        ("0 0 L * *", ["2026-03-31 00:00", "2026-04-30 00:00"]),
        ("0 0 LW * *", ["2026-03-31 00:00", "2026-04-30 00:00", "2026-05-29 00:00"]),
        ("0 0 * * 5L", ["2026-03-27 00:00", "2026-04-24 00:00"]),
        ("0 0 * * 2#2", ["2026-03-10 00:00", "2026-04-14 00:00"]),
        ("0 0 13 * 5", ["2026-03-06 00:00", "2026-03-13 00:00", "2026-03-20 00:00"]),  # either one, as in crontab(5)
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("@weekly", ["2026-03-08 00:00"]),
        ("@Hourly", ["2026-03-02 00:00", "2026-03-02 01:00"]),
        ("  0   9 * * *  ", ["2026-03-02 09:00"]),
    ],
)
def test_what_an_expression_means(expression: str, expected: list[str]) -> None:
    assert walls(expression, "2026-03-01T23:59:30", len(expected)) == expected


def values(lowest: int, highest: int) -> st.SearchStrategy[tuple[str, set[int]]]:
    """A field and the numbers that it stands for."""
    one = st.integers(lowest, highest)
    everything = st.just(("*", set(range(lowest, highest + 1))))
    several = st.sets(one, min_size=1, max_size=4).map(lambda them: (",".join(map(str, them)), them))
    ends = st.tuples(one, one).map(sorted)
    ranges = ends.map(lambda them: (f"{them[0]}-{them[1]}", set(range(them[0], them[1] + 1))))
    steps = st.integers(1, 30).map(lambda step: (f"*/{step}", set(range(lowest, highest + 1, step))))
    return everything | several | ranges | steps


def by_the_minute(minutes: set[int], hours: set[int], weekdays: set[int], after: datetime) -> Iterator[datetime]:
    """Every wall-clock minute of the window in turn, at the first instant that shows it or lies behind it."""
    zone = after.tzinfo
    assert zone is not None
    instant = after.astimezone(UTC).replace(second=0) + timedelta(minutes=1)
    shown = after.replace(tzinfo=None, fold=0)
    while True:
        wall = instant.astimezone(zone).replace(tzinfo=None, fold=0)
        passed = [
            shown + timedelta(minutes=count) for count in range(1, int((wall - shown) / timedelta(minutes=1)) + 1)
        ]
        if any(it.minute in minutes and it.hour in hours and it.isoweekday() % 7 in weekdays for it in passed):
            yield instant
        shown = max(shown, wall)
        instant += timedelta(minutes=1)


@given(
    minute=values(0, 59),
    hour=values(0, 23),
    weekday=values(0, 6),
    zone=st.sampled_from(
        ["Europe/Paris", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia"]
    ),
    day=st.sampled_from(
        ["2026-03-28", "2026-10-24", "2026-04-04", "2026-10-03", "2018-11-03", "2018-02-17", "2011-12-29"]
    ),
)
def test_an_expression_agrees_with_going_through_the_minutes(
    minute: tuple[str, set[int]], hour: tuple[str, set[int]], weekday: tuple[str, set[int]], zone: str, day: str
) -> None:
    after = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone))
    end = after.astimezone(UTC) + timedelta(hours=40)
    expected: list[datetime] = []
    for instant in by_the_minute(minute[1], hour[1], weekday[1], after):
        if instant > end or len(expected) == 50:
            break
        expected.append(instant)
    schedule = parse_schedule("cron", {"expression": f"{minute[0]} {hour[0]} * * {weekday[0]}"}, zone)
    assert [it for it in schedule.upcoming(after, 50) if it <= end] == expected


@pytest.mark.parametrize(
    "expression",
    [
        "", " ", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *",
        "* * * * 8", "5-1 * * * *", "*/0 * * * *", "a b c d e", "0 0 30 2 *", "0 0 31 4 *", "* * * * 1#6", "* * * * L",
        "-1 * * * *", "1,,2 * * * *", "@reboot", "1/2/3 * * * *", "²5 * * * *", "\0 * * * *", ",".join("1" * 300),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused_in_a_short_sentence(expression: str) -> None:
    with pytest.raises(ScheduleError) as refusal:
        parse_schedule("cron", {"expression": expression}, "UTC")
    assert len(str(refusal.value)) < 250


@pytest.mark.parametrize("expression", [None, 5, ["* * * * *"], "* * * * " + "1," * 400 + "1"])
def test_what_is_no_text_or_too_long_is_refused(expression: object) -> None:
    with pytest.raises(ScheduleError, match="expression"):
        parse_schedule("cron", {"expression": expression}, "UTC")


def test_an_expression_that_never_fires_is_over() -> None:
    assert walls("0 0 */31 * 1#5", "2026-03-01T00:00", 1) == []


def test_it_begins_counts_and_ends() -> None:
    config = {"expression": "0 9 * * *", "start": "2026-03-05", "count": 3}
    schedule = parse_schedule("cron", config, "Europe/Paris")
    found = schedule.upcoming(datetime(2026, 1, 1, tzinfo=UTC), 9)
    assert [f"{it:%m-%d %H}" for it in found] == ["03-05 08", "03-06 08", "03-07 08"]
