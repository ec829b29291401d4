"""How long it takes to find an occurrence: the processor's time, the best of several tries."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import thread_time
from typing import Any

import pytest

from personal_assistant.timing.recurrence import parse_schedule

NOW = datetime(2026, 3, 20, 10, 7, 3, tzinfo=UTC)
LONG_AGO = "2006-03-20T09:00:00"
TYPICAL_SECONDS = 0.002
WORST_SECONDS = 0.08


def seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(7):
        begun = thread_time()
        work()
        taken.append(thread_time() - begun)
    return min(taken)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("daily", {"interval": 3}),
        ("weekly", {"weekdays": [0, 2], "interval": 5}),
        ("monthly", {"day": 31, "interval": 7}),
        ("monthly", {"nth": [[5, 0]]}),
        ("yearly", {"month": 2, "day": 29, "interval": 3}),
        ("custom", {"interval_minutes": 1}),
        ("cron", {"expression": "*/5 * * * *"}),
        ("cron", {"expression": "0 0 29 2 *"}),
        ("rrule", {"rule": "FREQ=MINUTELY;INTERVAL=7;BYHOUR=9,10"}),
        ("rrule", {"rule": "FREQ=HOURLY;INTERVAL=5"}),
        ("rrule", {"rule": "FREQ=DAILY;INTERVAL=3"}),
        ("rrule", {"rule": "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,WE"}),
        ("rrule", {"rule": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"}),
        ("rrule", {"rule": "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO"}),
        ("rrule", {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"}),
    ],
)
def test_the_next_occurrence_is_found_at_once_however_long_ago_it_began(kind: str, config: dict[str, Any]) -> None:
    schedule = parse_schedule(kind, config | {"start": LONG_AGO}, "Europe/Paris")
    assert schedule.next_after(NOW) is not None
    assert seconds(lambda: schedule.next_after(NOW)) < TYPICAL_SECONDS


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("cron", {"expression": "0 0 */31 * 1#5"}),
        ("daily", {"interval": 7, "except": [0]}),
        ("monthly", {"nth": [[5, 0]], "except": [0]}),
        ("yearly", {"month": 2, "nth": [[5, 0]], "except": [0]}),
        ("custom", {"interval_minutes": 7 * 1440, "except": [0]}),
        ("custom", {"interval_minutes": 53 * 7 * 1440, "except": [0]}),
        *(
            ("rrule", {"rule": f"FREQ={frequency};BYMONTH=2;BYMONTHDAY=30"})
            for frequency in ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
        ),
        ("rrule", {"rule": "FREQ=DAILY;BYYEARDAY=1;BYMONTHDAY=2"}),
        ("rrule", {"rule": "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6"}),
        ("rrule", {"rule": "FREQ=YEARLY;BYDAY=53MO;BYMONTHDAY=15"}),
        ("rrule", {"rule": "FREQ=MONTHLY;BYSETPOS=300"}),
        ("rrule", {"rule": "FREQ=HOURLY;INTERVAL=24;BYHOUR=1"}),
        ("rrule", {"rule": "FREQ=MINUTELY;INTERVAL=2;BYMINUTE=1,3,5"}),
        ("rrule", {"rule": "FREQ=MINUTELY;INTERVAL=9999999;BYHOUR=3;BYMINUTE=1"}),
    ],
)
def test_a_rule_that_never_fires_says_so_soon(kind: str, config: dict[str, Any]) -> None:
    monday = "2006-03-20T09:00:00"
    schedule = parse_schedule(kind, config | {"start": monday}, "UTC")
    assert schedule.next_after(NOW) is None
    assert seconds(lambda: schedule.next_after(NOW)) < WORST_SECONDS


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("daily", {}),
        ("cron", {"expression": "*/5 * * * *"}),
        ("rrule", {"rule": "FREQ=MINUTELY"}),
        ("custom", {"interval_minutes": 5}),
    ],
)
def test_a_large_count_is_counted_out_once(kind: str, config: dict[str, Any]) -> None:
    counted = config | {"start": LONG_AGO, "count": 10_000}
    parse_schedule(kind, counted, "UTC").next_after(NOW)
    assert seconds(lambda: parse_schedule(kind, counted, "UTC").next_after(NOW)) < TYPICAL_SECONDS


def test_many_slots_on_many_excepted_dates_are_passed_over() -> None:
    dates = [f"2026-{month:02}-{day:02}" for month in (3, 4, 5) for day in range(1, 31)]
    every_minute = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)]
    schedule = parse_schedule("daily", {"times": every_minute, "except_dates": dates}, "UTC")
    found = schedule.next_after(NOW)
    assert found == datetime(2026, 3, 31, tzinfo=UTC)
    assert seconds(lambda: schedule.next_after(NOW)) < WORST_SECONDS
