"""Daylight-saving tables: every type of schedule across the changes of the clock, against offsets written by hand."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from personal_assistant.timing.recurrence import parse_schedule


@dataclass(frozen=True)
class Change:
    """A day of change, and a time of day that it leaves out or repeats.

    before, after: the offsets from UTC, as hours and minutes; at: the instant that the time means on the day itself;
    year_later: the offset on the same date of the next year.
    """

    zone: str
    day: date
    time: str
    before: str
    after: str
    at: str
    year_later: str

    def on(self, day: date) -> datetime:
        """The instant that the time means on a day some weeks around."""
        if day == self.day:
            return datetime.fromisoformat(self.at).replace(tzinfo=UTC)
        return self.wall(day, self.before if day < self.day else self.after)

    def wall(self, day: date, offset: str) -> datetime:
        return datetime.fromisoformat(f"{day}T{self.time}{offset}").astimezone(UTC)

    def near(self, *distances: int) -> list[datetime]:
        """The instants on the days at these distances from the day of change."""
        return [self.on(self.day + timedelta(days=distance)) for distance in distances]

    @property
    def hour(self) -> int:
        return int(self.time[:2])

    @property
    def minute(self) -> int:
        return int(self.time[3:])


# zone, day, time, offset before, offset after, the instant on the day (UTC), offset a year later
TABLE = """
Europe/Paris        2026-03-29 02:30 +01:00 +02:00 2026-03-29T01:00 +02:00
Europe/Paris        2026-10-25 02:30 +02:00 +01:00 2026-10-25T00:30 +02:00
America/New_York    2026-03-08 02:30 -05:00 -04:00 2026-03-08T07:00 -05:00
America/New_York    2026-11-01 01:30 -04:00 -05:00 2026-11-01T05:30 -04:00
Australia/Lord_Howe 2026-10-04 02:15 +10:30 +11:00 2026-10-03T15:30 +11:00
Australia/Lord_Howe 2026-04-05 01:45 +11:00 +10:30 2026-04-04T14:45 +10:30
Asia/Kolkata        2026-03-29 02:30 +05:30 +05:30 2026-03-28T21:00 +05:30
Asia/Kolkata        2026-10-25 02:30 +05:30 +05:30 2026-10-24T21:00 +05:30
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
CHANGES = [Change(zone, date.fromisoformat(day), *rest) for zone, day, *rest in ROWS]

changes = pytest.mark.parametrize("change", CHANGES, ids=[f"{it.zone} {it.day}" for it in CHANGES])


def found(change: Change, kind: str, config: dict[str, Any], *, since: int, count: int) -> list[datetime]:
    """Its first occurrences from the beginning of the day at a distance from the change."""
    schedule = parse_schedule(kind, config, change.zone)
    midnight = datetime.combine(change.day + timedelta(days=since), time(), ZoneInfo(change.zone)).astimezone(UTC)
    occurrences = schedule.upcoming(midnight - timedelta(seconds=1), count)
    one_by_one, after = [], midnight - timedelta(seconds=1)
    for _ in range(count):
        following = schedule.next_after(after)
        if following is None:
            break
        one_by_one.append(following)
        after = following
    assert one_by_one == occurrences
    return occurrences


def at(change: Change, **more: Any) -> dict[str, Any]:
    return {"hour": change.hour, "minute": change.minute, **more}


def start(change: Change, distance: int = 0) -> str:
    return (change.day + timedelta(days=distance)).isoformat()


@changes
def test_the_table_is_what_the_zone_data_says(change: Change) -> None:
    zone = ZoneInfo(change.zone)
    for distance in (-14, -1, 1, 14):
        day = change.day + timedelta(days=distance)
        assert datetime.fromisoformat(f"{day}T{change.time}").replace(tzinfo=zone).astimezone(UTC) == change.on(day)
    shown = change.on(change.day).astimezone(zone)
    assert shown.date() == change.day
    assert shown.fold == 0
    assert f"{shown:%H:%M}" >= change.time
    a_moment_before = (change.on(change.day) - timedelta(seconds=1)).astimezone(zone)
    assert f"{a_moment_before:%H:%M}" < change.time


@changes
def test_once(change: Change) -> None:
    for day in (change.day - timedelta(days=1), change.day, change.day + timedelta(days=1)):
        assert found(change, "once", {"run_at": f"{day}T{change.time}"}, since=-2, count=2) == [change.on(day)]


@changes
def test_daily(change: Change) -> None:
    assert found(change, "daily", at(change), since=-2, count=5) == change.near(-2, -1, 0, 1, 2)


@changes
def test_daily_with_an_interval(change: Change) -> None:
    every_other = at(change, interval=2, start=start(change, -2))
    assert found(change, "daily", every_other, since=-9, count=3) == change.near(-2, 0, 2)
    assert found(change, "daily", every_other, since=-1, count=2) == change.near(0, 2)


@changes
def test_daily_except_on_a_weekday_and_on_a_date(change: Change) -> None:
    spared = at(change, **{"except": [change.day.weekday()]})
    assert found(change, "daily", spared, since=-1, count=2) == change.near(-1, 1)
    assert found(change, "daily", at(change, except_dates=[start(change)]), since=-1, count=2) == change.near(-1, 1)


@changes
def test_several_times_a_day(change: Change) -> None:
    twice = {"times": ["12:00", change.time]}
    noon = [datetime.fromisoformat(f"{change.day}T12:00{change.after}").astimezone(UTC)]
    before = [datetime.fromisoformat(f"{change.day - timedelta(days=1)}T12:00{change.before}").astimezone(UTC)]
    expected = [*change.near(-1), *before, *change.near(0), *noon, *change.near(1)]
    assert found(change, "daily", twice, since=-1, count=5) == expected


@changes
def test_weekly(change: Change) -> None:
    weekday = change.day.weekday()
    weekly = at(change, weekdays=[weekday])
    assert found(change, "weekly", weekly, since=-7, count=3) == change.near(-7, 0, 7)
    two_days = at(change, weekdays=[(weekday + 1) % 7, weekday])
    assert found(change, "weekly", two_days, since=-1, count=4) == change.near(0, 1, 7, 8)


@changes
def test_weekly_with_an_interval(change: Change) -> None:
    every_other = at(change, weekdays=[change.day.weekday()], interval=2, start=start(change, -14))
    assert found(change, "weekly", every_other, since=-20, count=3) == change.near(-14, 0, 14)


@changes
def test_monthly(change: Change) -> None:
    a_month_later = change.on(change.day.replace(month=change.day.month + 1))
    expected = [*change.near(0), a_month_later]
    assert found(change, "monthly", at(change, day=change.day.day), since=-5, count=2) == expected
    last = at(change, nth=[[-1, change.day.weekday()]])
    last_of_month = change.day
    while (last_of_month + timedelta(days=7)).month == change.day.month:
        last_of_month += timedelta(days=7)
    assert found(change, "monthly", last, since=0, count=1) == [change.on(last_of_month)]


@changes
def test_monthly_with_an_interval(change: Change) -> None:
    later = change.on(change.day.replace(month=12 if change.day.month > 10 else change.day.month + 2))
    step = 1 if change.day.month > 10 else 2
    config = at(change, day=change.day.day, interval=step, start=start(change))
    assert found(change, "monthly", config, since=-5, count=2) == [*change.near(0), later]


@changes
@pytest.mark.parametrize("interval", [1, 2])
def test_yearly(change: Change, interval: int) -> None:
    config = at(change, month=change.day.month, day=change.day.day, interval=interval, start=start(change))
    first, second = found(change, "yearly", config, since=-5, count=2)
    assert first == change.on(change.day)
    if interval == 1:
        assert second == change.wall(change.day.replace(year=2027), change.year_later)
    else:
        assert f"{second.astimezone(ZoneInfo(change.zone)):%Y-%m-%d %H:%M}" == f"2028-{start(change)[5:]} {change.time}"


@changes
@pytest.mark.parametrize("minutes", [15, 90, 1440, 2880])
def test_custom_steps_are_elapsed_time(change: Change, minutes: int) -> None:
    first = change.on(change.day - timedelta(days=1))
    config = {"interval_minutes": minutes, "start": first.isoformat()}
    expected = [first + timedelta(minutes=minutes) * count for count in range(120)]
    assert found(change, "custom", config, since=-1, count=120) == expected
    unanchored = parse_schedule("custom", {"interval_minutes": minutes}, change.zone)
    assert unanchored.upcoming(first, 119) == expected[1:]


@changes
def test_cron(change: Change) -> None:
    daily = {"expression": f"{change.minute} {change.hour} * * *"}
    assert found(change, "cron", daily, since=-2, count=5) == change.near(-2, -1, 0, 1, 2)
    weekday = (change.day.weekday() + 1) % 7
    weekly = {"expression": f"{change.minute} {change.hour} * * {weekday}"}
    assert found(change, "cron", weekly, since=-7, count=3) == change.near(-7, 0, 7)
    of_one_month = {"expression": f"{change.minute} {change.hour} {change.day.day} {change.day.month} *"}
    first, second = found(change, "cron", of_one_month, since=-40, count=2)
    assert first == change.on(change.day)
    assert second == change.wall(change.day.replace(year=2027), change.year_later)


@changes
@pytest.mark.parametrize(
    ("rule", "distances"),
    [
        ("FREQ=DAILY", (-14, -13, -12)),
        ("FREQ=DAILY;INTERVAL=7", (-14, -7, 0, 7)),
        ("FREQ=WEEKLY;INTERVAL=2", (-14, 0, 14)),
        ("FREQ=WEEKLY;COUNT=3", (-14, -7, 0)),
        ("FREQ=HOURLY;INTERVAL=336", (-14, 0, 14)),
        ("FREQ=MINUTELY;INTERVAL=20160", (-14, 0, 14)),
    ],
)
def test_rrule(change: Change, rule: str, distances: tuple[int, ...]) -> None:
    config = {"rule": rule, "start": f"{start(change, -14)}T{change.time}"}
    assert found(change, "rrule", config, since=-20, count=len(distances)) == change.near(*distances)


@changes
@pytest.mark.parametrize("rule", ["FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={day}"])
def test_rrule_by_the_month_and_the_year(change: Change, rule: str) -> None:
    text = rule.format(month=change.day.month, day=change.day.day)
    times = f";BYHOUR={change.hour};BYMINUTE={change.minute}"
    config = {"rule": text + times, "start": f"{change.day}T00:00:00"}
    first, second = found(change, "rrule", config, since=-5, count=2)
    assert first == change.on(change.day)
    if "MONTHLY" in rule:
        assert second == change.on(change.day.replace(month=change.day.month + 1))
    else:
        assert second == change.wall(change.day.replace(year=2027), change.year_later)


@pytest.mark.parametrize(
    ("zone", "since", "expected"),
    [
        # The hour that is left out has no slots of its own: they meet at its end.
        ("Europe/Paris", "2026-03-29T00:15Z", "00:30 01:00 01:30 02:00"),
        # The repeated hour has its slots once, at the first.
        ("Europe/Paris", "2026-10-24T23:45Z", "00:00 00:30 02:00 02:30"),
        ("America/New_York", "2026-03-08T06:15Z", "06:30 07:00 07:30 08:00"),
        ("America/New_York", "2026-11-01T04:45Z", "05:00 05:30 07:00 07:30"),
        ("Australia/Lord_Howe", "2026-10-03T14:45Z", "15:00 15:30 16:00 16:30"),
        ("Australia/Lord_Howe", "2026-04-04T14:15Z", "14:30 15:30 16:00 16:30"),
        ("Asia/Kolkata", "2026-03-29T00:15Z", "00:30 01:00 01:30 02:00"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("cron", {"expression": "*/30 * * * *"}),
        ("rrule", {"rule": "FREQ=MINUTELY;INTERVAL=30", "start": "2020-01-01T00:00"}),
        ("rrule", {"rule": "FREQ=HOURLY;BYMINUTE=0,30", "start": "2020-01-01T00:00"}),
        ("daily", {"times": [f"{hour:02}:{minute}" for hour in range(24) for minute in ("00", "30")]}),
    ],
    ids=["cron", "minutely", "hourly", "daily"],
)
def test_slots_by_the_wall_clock(kind: str, config: dict[str, Any], zone: str, since: str, expected: str) -> None:
    schedule = parse_schedule(kind, config, zone)
    occurrences = schedule.upcoming(datetime.fromisoformat(since), 4)
    assert " ".join(f"{it:%H:%M}" for it in occurrences) == expected


def test_within_the_second_pass_of_a_repeated_hour_nothing_fires_again() -> None:
    schedule = parse_schedule("daily", {"hour": 2, "minute": 30}, "Europe/Paris")
    second_pass = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10, for the second time
    assert schedule.next_after(second_pass) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "config", "since", "expected"),
    [
        # 30 December 2011 was left out at the date line; its 09:00 is the first instant after it.
        (
            "Pacific/Apia",
            {"hour": 9},
            "2011-12-29T00:00Z",
            ["2011-12-29T09:00-10:00", "2011-12-31T00:00+14:00", "2011-12-31T09:00+14:00"],
        ),
        # Midnight itself was left out.
        (
            "America/Sao_Paulo",
            {"hour": 0},
            "2018-11-03T12:00Z",
            ["2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"],
        ),
        ("Asia/Beirut", {"hour": 0}, "2024-03-30T12:00Z", ["2024-03-31T01:00+03:00", "2024-04-01T00:00+03:00"]),
        # Irish summer time is the standard there, winter time the exception.
        (
            "Europe/Dublin",
            {"hour": 1, "minute": 30},
            "2026-03-28T12:00Z",
            ["2026-03-29T02:00+01:00", "2026-03-30T01:30+01:00"],
        ),
        ("Asia/Kathmandu", {"hour": 9}, "2026-03-28T12:00Z", ["2026-03-29T09:00+05:45", "2026-03-30T09:00+05:45"]),
        # Clocks go back for Ramadan.
        (
            "Africa/Casablanca",
            {"hour": 9},
            "2026-02-14T00:00Z",
            ["2026-02-14T09:00+01:00", "2026-02-15T09:00+00:00"],
        ),
    ],
)
def test_unusual_zones(zone: str, config: dict[str, Any], since: str, expected: list[str]) -> None:
    schedule = parse_schedule("daily", config, zone)
    wanted = [datetime.fromisoformat(text).astimezone(UTC) for text in expected]
    assert schedule.upcoming(datetime.fromisoformat(since), len(wanted)) == wanted
