"""Quiet hours: the first minute after them is the one that a look at every minute's wall clock finds."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from personal_assistant.timing.quiet import QuietHours

MINUTE = timedelta(minutes=1)
# With days on which the wall clock is moved: by half an hour, by two hours, in the south, for Ramadan, over a day.
ODD_DAYS = {
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],
    "Asia/Kathmandu": [date(2026, 6, 2), date(1986, 1, 1)],
    "Pacific/Apia": [date(2011, 12, 29), date(2011, 12, 31), date(2011, 9, 24), date(2026, 6, 2)],
    "Africa/Casablanca": [date(2026, 2, 15), date(2026, 3, 22)],
    "Antarctica/Troll": [date(2026, 3, 29), date(2026, 10, 25)],
    "Europe/Paris": [date(2026, 3, 29), date(2026, 10, 25)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "America/Sao_Paulo": [date(2018, 11, 4), date(2018, 2, 18)],
    "Pacific/Kwajalein": [date(1993, 8, 20)],
    "UTC": [date(2026, 6, 2)],
}


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone, and an instant on or near a day on which its wall clock is moved, or on any day."""
    zone = draw(st.sampled_from(sorted(ODD_DAYS)))
    day = draw(st.sampled_from(ODD_DAYS[zone]) | st.dates(date(1990, 1, 1), date(2037, 12, 31)))
    noon = datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(UTC)
    return zone, noon + timedelta(seconds=draw(st.integers(-100_000, 100_000)))


def windows() -> st.SearchStrategy[tuple[time, time]]:
    """Two different times of day, to the minute."""
    minutes = st.integers(0, 1439)
    pairs = st.tuples(minutes, minutes).filter(lambda it: it[0] != it[1])
    return pairs.map(lambda it: (time(*divmod(it[0], 60)), time(*divmod(it[1], 60))))


def looks_quiet(start: time, end: time, zone: str, instant: datetime) -> bool:
    """What a person would say who counts the minutes of the window and looks at the clock on the wall."""
    length = (end.hour * 60 + end.minute - start.hour * 60 - start.minute) % 1440
    shown = instant.astimezone(ZoneInfo(zone))
    return (shown.hour * 60 + shown.minute - start.hour * 60 - start.minute) % 1440 < length


def first_allowed(start: time, end: time, zone: str, instant: datetime) -> datetime:
    """Minute by minute until it is not quiet."""
    if not looks_quiet(start, end, zone, instant):
        return instant
    at = instant.replace(second=0, microsecond=0)
    while looks_quiet(start, end, zone, at):
        at += MINUTE
    return at


def paris(day: int, hour: int, month: int = 3) -> tuple[str, datetime]:
    return "Europe/Paris", datetime(2026, month, day, hour, tzinfo=UTC)


@given(moments(), windows())
@example(paris(29, 0), (time(22), time(2, 30)))
@example(paris(29, 0), (time(1, 30), time(2, 30)))
@example(paris(24, 23, 10), (time(22), time(2, 30)))
@example(paris(25, 0, 10), (time(2, 45), time(2, 15)))
@example(("Pacific/Apia", datetime(2011, 12, 30, 9, 30, tzinfo=UTC)), (time(22), time(7)))
@example(("Australia/Lord_Howe", datetime(2026, 10, 3, 15, tzinfo=UTC)), (time(1), time(2, 15)))
@example(("Antarctica/Troll", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)), (time(0, 15), time(2)))
@example(paris(1, 12), (time(12, 1), time(12)))
def test_the_first_allowed_minute_is_that_of_the_wall_clock(
    moment: tuple[str, datetime], window: tuple[time, time]
) -> None:
    zone, instant = moment
    quiet = QuietHours(*window, zone)
    assert quiet.inside(instant) == looks_quiet(*window, zone, instant)
    assert quiet.end_after(instant) == first_allowed(*window, zone, instant)


def test_they_end_at_the_full_minute_whatever_the_second() -> None:
    quiet = QuietHours(time(22), time(7), "Asia/Kathmandu")
    late = datetime(2026, 6, 2, 17, 30, 12, 345678, tzinfo=UTC)
    assert quiet.end_after(late) == datetime(2026, 6, 3, 1, 15, tzinfo=UTC)
    assert quiet.end_after(datetime(2026, 6, 3, 1, 14, 59, 999999, tzinfo=UTC)) == datetime(
        2026, 6, 3, 1, 15, tzinfo=UTC
    )


def test_a_day_that_never_was_is_not_slept_through() -> None:
    quiet = QuietHours(time(22), time(7), "Pacific/Apia")
    before_midnight = datetime(2011, 12, 29, 23, 30, tzinfo=ZoneInfo("Pacific/Apia"))
    end = quiet.end_after(before_midnight)
    assert end.astimezone(ZoneInfo("Pacific/Apia")).isoformat() == "2011-12-31T07:00:00+14:00"
    assert end - before_midnight.astimezone(UTC) == timedelta(hours=7, minutes=30)


def test_equal_times_are_refused() -> None:
    with pytest.raises(ValueError, match="another time"):
        QuietHours(time(7), time(7), "UTC")
