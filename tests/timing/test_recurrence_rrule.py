"""RFC 5545 rules: the standard's own examples, agreement with python-dateutil, and what is refused."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from unittest import mock

import pytest
from dateutil.rrule import rrule, rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from personal_assistant.timing.recurrence import ScheduleError, parse_schedule
from personal_assistant.timing.recurrence.rrule import expansion

NEW_YORK = "America/New_York"
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def walls(rule: str, count: int, start: str = "1997-09-02T09:00:00", **config: Any) -> list[str]:
    """Its first occurrences on New York's clock."""
    schedule = parse_schedule("rrule", {"rule": rule, "start": start, **config}, NEW_YORK)
    local = [it.astimezone(schedule.tz) for it in schedule.upcoming(datetime(1997, 1, 1, tzinfo=UTC), count)]
    return [f"{it:%Y-%m-%d}" if (it.hour, it.minute) == (9, 0) else f"{it:%Y-%m-%dT%H:%M}" for it in local]


# Of section 3.8.5.3; each DTSTART is in New York.
@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", "1997-09-02", "1997-09-02 1997-09-03 1997-09-04"),
        ("FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02", "1997-09-02 1997-09-12 1997-09-22 1997-10-02 1997-10-12"),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "1997-09-02", "1997-09-02 1997-09-16 1997-09-30 1997-10-14"),
        ("FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH", "1997-09-25", "1997-09-25 1997-09-30 1997-10-02"),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=1FR", "1997-09-05", "1997-09-05 1997-10-03 1997-11-07"),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU,-1SU", "1997-09-07", "1997-09-07 1997-09-28 1997-11-02 1997-11-30"),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=-2MO", "1997-09-22", "1997-09-22 1997-10-20 1997-11-17"),
        ("FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28", "1997-09-28 1997-10-29 1997-11-28"),
        ("FREQ=MONTHLY;COUNT=4;BYMONTHDAY=1,-1", "1997-09-30", "1997-09-30 1997-10-01 1997-10-31 1997-11-01"),
        ("FREQ=YEARLY;COUNT=4;BYMONTH=6,7", "1997-06-10", "1997-06-10 1997-07-10 1998-06-10 1998-07-10"),
        ("FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200", "1997-01-01", "1997-01-01 1997-04-10 1997-07-19 2000-01-01"),
        ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19", "1997-05-19 1998-05-18 1999-05-17"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12", "1997-05-12 1998-05-11 1999-05-17"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-13", "1997-03-13 1997-03-20 1997-03-27 1998-03-05"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02", "1998-02-13 1998-03-13 1998-11-13 1999-08-13"),
        ("FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "1997-09-13", "1997-09-13 1997-10-11 1997-11-08"),
        (
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            "1996-11-05",
            "2000-11-07 2004-11-02 2008-11-04",
        ),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04", "1997-09-04 1997-10-07 1997-11-06"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29", "1997-09-29 1997-10-30 1997-11-27"),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05", "1997-08-05 1997-08-10 1997-08-19"),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-08-05", "1997-08-05 1997-08-17 1997-08-19"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15", "2007-01-15 2007-01-30 2007-02-15 2007-03-15"),
    ],
)  # fmt: skip
def test_the_examples_of_the_standard(rule: str, start: str, expected: str) -> None:
    wanted = expected.split()
    assert walls(rule, len(wanted), f"{start}T09:00:00") == wanted


def test_the_examples_of_the_standard_within_days() -> None:
    assert walls("FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z", 9) == [
        "1997-09-02",
        "1997-09-02T12:00",
        "1997-09-02T15:00",
    ]
    assert walls("FREQ=MINUTELY;INTERVAL=90;COUNT=3", 9) == ["1997-09-02", "1997-09-02T10:30", "1997-09-02T12:00"]
    by_hours = walls("FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40", 50)
    assert by_hours == walls("FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16", 50)
    assert by_hours[:3] == ["1997-09-02", "1997-09-02T09:20", "1997-09-02T09:40"]


def test_days_with_and_without_a_number_are_a_union() -> None:
    assert walls("FREQ=MONTHLY;BYDAY=1TU,4FR,FR", 4) == ["1997-09-02", "1997-09-05", "1997-09-12", "1997-09-19"]


def test_the_end_is_an_instant_a_local_time_or_a_whole_day() -> None:
    assert walls("FREQ=DAILY;UNTIL=19970904T130000Z", 9)[-1] == "1997-09-04"  # 09:00 in New York
    assert walls("FREQ=DAILY;UNTIL=19970904T125959Z", 9)[-1] == "1997-09-03"
    assert walls("FREQ=DAILY;UNTIL=19970904T090000", 9)[-1] == "1997-09-04"
    assert walls("FREQ=DAILY;UNTIL=19970904", 9)[-1] == "1997-09-04"
    assert walls("FREQ=DAILY", 9, until="1997-09-04")[-1] == "1997-09-04"


def numbers(lowest: int, highest: int, *, backwards: bool = False) -> st.SearchStrategy[list[int]]:
    one = st.integers(lowest, highest)
    return st.lists(one | one.map(lambda number: -number) if backwards else one, min_size=1, max_size=4, unique=True)


def listed(name: str) -> Callable[[list[Any]], str]:
    return lambda values: f";{name}={','.join(map(str, values))}"


def part(name: str, values: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[str]:
    """Nothing, three times of four: a rule with all parts seldom occurs."""
    return st.just("") | st.just("") | st.just("") | values.map(listed(name))


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Rules whose meaning python-dateutil and the standard agree about."""
    frequency = draw(st.sampled_from(("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")))
    text = f"FREQ={frequency};INTERVAL={draw(st.integers(1, 5) | st.integers(1, 50))}"
    text += draw(st.just("") | st.sampled_from(DAYS).map(";WKST={}".format))
    text += draw(part("BYMONTH", numbers(1, 12))) + draw(part("BYMONTHDAY", numbers(1, 31, backwards=True)))
    weeks = draw(part("BYWEEKNO", numbers(1, 50, backwards=True))) if frequency == "YEARLY" else ""
    text += weeks + draw(part("BYYEARDAY", numbers(1, 366, backwards=True)))
    days = st.lists(st.sampled_from(DAYS), min_size=1, max_size=4, unique=True)
    if frequency in ("YEARLY", "MONTHLY") and not weeks and draw(st.booleans()):
        highest = 5 if "BYMONTH=" in text or frequency == "MONTHLY" else 53
        nth = st.sampled_from((1, -1)).flatmap(lambda sign: st.integers(1, highest).map(lambda n: sign * n))
        days = st.lists(st.tuples(nth, st.sampled_from(DAYS)).map("{0[0]}{0[1]}".format), min_size=1, max_size=3)
    text += draw(part("BYDAY", days)) + draw(part("BYHOUR", numbers(0, 23))) + draw(part("BYMINUTE", numbers(0, 59)))
    placeable = frequency not in ("WEEKLY", "HOURLY", "MINUTELY")
    return text + (draw(part("BYSETPOS", numbers(1, 6, backwards=True))) if placeable else "")


# How far the comparison looks, in days: dateutil goes through every period from the start.
REACH = {"YEARLY": 9000, "MONTHLY": 2000, "WEEKLY": 1000, "DAILY": 400, "HOURLY": 60, "MINUTELY": 3}


@given(
    text=rules(),
    start=st.datetimes(datetime(1995, 1, 1), datetime(2030, 1, 1)).map(lambda it: it.replace(microsecond=0)),  # noqa: DTZ001
    part_of_reach=st.floats(0, 1),
)
@settings(max_examples=200)
def test_rules_agree_with_dateutil(text: str, start: datetime, part_of_reach: float) -> None:
    reach = timedelta(days=REACH[text[5:].partition(";")[0]])
    later, until = start + part_of_reach * reach, start + 2 * reach
    expected: list[datetime] = []
    # Where dateutil finds nothing it goes on to the end of its calendar, which is brought near; or it raises.
    with mock.patch("datetime.MAXYEAR", until.year), suppress(ValueError):
        known = rrulestr(text, dtstart=start)
        assert isinstance(known, rrule)
        expected = list(islice(known.replace(until=until).xafter(later, inc=True), 6))
    found = [it for it in islice(expansion(text, start).walls(later), 6) if it <= until]
    assert found == expected


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("", "needs its rule"),
        ("FREQ=SECONDLY", "more often than once a minute"),
        ("FREQ=MINUTELY;BYSECOND=0,30", "more often than once a minute"),
        ("FREQ=FORTNIGHTLY", "FREQ is one of YEARLY"),
        ("BYDAY=MO", "FREQ is one of"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL is a whole number"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL is a whole number"),
        ("FREQ=DAILY;INTERVAL=" + "9" * 300, "INTERVAL is a whole number"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR has whole numbers from 0 to 23, not '24'"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH has whole numbers from 1 to 12"),
        ("FREQ=YEARLY;BYMONTHDAY=0", "BYMONTHDAY has whole numbers from 1 to 31, or -31 to -1"),
        ("FREQ=YEARLY;BYMONTHDAY=", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYSETPOS=367", "BYSETPOS"),
        ("FREQ=MONTHLY;BYDAY=XX", "BYDAY has days like MO"),
        ("FREQ=MONTHLY;BYDAY=54MO", "BYDAY has days like MO"),
        ("FREQ=WEEKLY;BYDAY=1MO", "only in MONTHLY rules"),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ twice"),
        ("FREQ=DAILY;BYMOON=1", "no part 'BYMOON'"),
        ("FREQ=DAILY;WKST=1", "WKST is one of"),
        ("FREQ=DAILY;COUNT=0", "count is a whole number"),
        ("FREQ=DAILY;COUNT=many", "count is a whole number"),
        ("FREQ=DAILY;UNTIL=tomorrow", "until is a date or a time"),
        ("FREQ=DAILY;UNTIL=20260231", "until is a date or a time"),
        ("DTSTART:20260405T090000", "no part"),
        ("F" * 501, "longer than 500"),
    ],
)
def test_what_is_no_rule_is_refused_with_the_part_that_is_wrong(rule: str, reason: str) -> None:
    with pytest.raises(ScheduleError, match=reason):
        parse_schedule("rrule", {"rule": rule, "start": "2026-04-05T09:00:00"}, "UTC")


def test_a_rule_needs_its_start() -> None:
    with pytest.raises(ScheduleError, match="needs a start"):
        parse_schedule("rrule", {"rule": "FREQ=DAILY"}, "UTC")


def test_an_end_is_given_once() -> None:
    with pytest.raises(ScheduleError, match="until is given twice"):
        walls("FREQ=DAILY;UNTIL=19980501", 1, until="1998-06-01")


def test_the_name_small_letters_and_folded_lines_pass() -> None:
    assert walls("rrule:freq=daily;\r\n count=2", 9) == ["1997-09-02", "1997-09-03"]
