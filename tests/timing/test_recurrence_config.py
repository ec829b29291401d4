"""Stored configurations: the earlier scheduler's forms, the way there and back, and hostile ones."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personal_assistant.timing.recurrence import Schedule, ScheduleError, parse_schedule
from personal_assistant.timing.recurrence.config import SCHEDULE_TYPES
from personal_assistant.timing.zones import UnknownZoneError

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def there_and_back(schedule: Schedule) -> Schedule:
    kind, config = schedule.to_config()
    return parse_schedule(kind, json.loads(json.dumps(config)), schedule.zone)


@pytest.mark.parametrize(
    ("kind", "config", "expected"),
    [
        ("daily", None, "2026-01-16T09:00"),
        ("daily", {}, "2026-01-16T09:00"),
        ("daily", {"hour": "7", "minute": "30"}, "2026-01-16T07:30"),
        ("daily", {"hour": "07", "minute": " 5 "}, "2026-01-16T07:05"),
        ("daily", {"hour": 7.0}, "2026-01-16T07:00"),
        ("daily", {"hour": None, "minute": None}, "2026-01-16T09:00"),
        ("weekly", {}, "2026-01-19T09:00"),
        ("weekly", {"weekdays": []}, "2026-01-19T09:00"),
        ("weekly", {"weekdays": [3, 0], "hour": 9, "minute": 0}, "2026-01-19T09:00"),
        ("weekly", {"weekdays": ["4", "4"], "hour": 8}, "2026-01-16T08:00"),
        ("weekly", {"weekdays": 4}, "2026-01-16T09:00"),
        ("monthly", {}, "2026-02-01T09:00"),
        ("monthly", {"day": 31, "hour": 8, "minute": 0}, "2026-01-31T08:00"),
        ("monthly", {"day": "15", "hour": 8}, "2026-02-15T08:00"),
        ("yearly", {}, "2027-01-01T09:00"),
        ("custom", {}, "2026-01-15T13:00"),
        ("custom", None, "2026-01-15T13:00"),
        ("custom", {"interval_minutes": 30}, "2026-01-15T12:30"),
        ("custom", {"interval_minutes": "90"}, "2026-01-15T13:30"),
        ("once", {"run_at": "2026-01-20T10:00:00"}, "2026-01-20T10:00"),
        ("once", {"run_at": "2026-01-20 12:00:00"}, "2026-01-20T12:00"),
    ],
)
def test_the_forms_of_the_earlier_scheduler(kind: str, config: dict[str, Any] | None, expected: str) -> None:
    schedule = parse_schedule(kind, config, "UTC")
    assert schedule.next_after(NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert there_and_back(schedule) == schedule


def test_what_is_written_is_plain() -> None:
    written = parse_schedule("weekly", {"weekdays": [3, "0"], "hour": "7", "start": "2026-01-01"}, "UTC").to_config()
    assert written == ("weekly", {"weekdays": [0, 3], "hour": 7, "minute": 0, "start": "2026-01-01"})


FROM, TO = datetime(1990, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - hypothesis wants them so
BOUNDS = st.dates(FROM.date(), TO.date()) | st.datetimes(FROM, TO, timezones=st.just(UTC))
CLOCK = st.times().map(lambda it: it.isoformat("seconds"))
NTH = st.lists(st.tuples(st.sampled_from([1, 2, 3, 4, 5, -1]), st.integers(0, 6)).map(list), min_size=1, max_size=3)
DAYS = st.lists(st.integers(1, 31) | st.just(-1), min_size=1, max_size=5)
COMMON = {
    "until": BOUNDS,
    "count": st.integers(1, 20),
    "except_dates": st.lists(st.dates(date(2000, 1, 1), date(2030, 1, 1)), max_size=4),
}
CALENDAR = COMMON | {
    "interval": st.integers(1, 50),
    "times": st.lists(CLOCK, min_size=1, max_size=6),
    "except": st.lists(st.integers(0, 6), max_size=3),
}
OWN: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "daily": CALENDAR,
    "weekly": CALENDAR | {"weekdays": st.lists(st.integers(0, 6))},
    "monthly": CALENDAR | {"days": DAYS, "nth": NTH},
    "yearly": CALENDAR | {"days": DAYS, "nth": NTH, "months": st.lists(st.integers(1, 12), min_size=1)},
    "custom": COMMON | {"interval_minutes": st.integers(1, 10**6) | st.floats(1, 10**6), "except": CALENDAR["except"]},
    "cron": COMMON | {"expression": st.sampled_from(["*/5 9-17 * * mon-fri", "@daily", "0 0 L * *"])},
    "rrule": COMMON | {"rule": st.sampled_from(["FREQ=DAILY", "RRULE:FREQ=MONTHLY;BYDAY=-1FR", "freq=yearly"])},
}
NEEDED = {"cron": ["expression"], "rrule": ["rule"]}


@st.composite
def stored(draw: st.DrawFn) -> Schedule:
    kind = draw(st.sampled_from(sorted(OWN)))
    keys = OWN[kind]
    chosen = draw(st.sets(st.sampled_from(sorted(keys)))) | set(NEEDED.get(kind, []))
    config = {key: draw(keys[key]) for key in sorted(chosen)} | {"start": draw(BOUNDS)}
    return parse_schedule(kind, config, draw(st.sampled_from(["UTC", "Europe/Paris", "Asia/Kathmandu"])))


@given(schedule=stored())
@settings(max_examples=120)
def test_every_schedule_comes_back_from_its_stored_form(schedule: Schedule) -> None:
    again = there_and_back(schedule)
    assert again == schedule
    assert hash(again) == hash(schedule)
    assert again.to_config() == schedule.to_config()
    assert again.describe() == schedule.describe()
    assert again.upcoming(NOW) == schedule.upcoming(NOW)


@pytest.mark.parametrize(
    ("kind", "config", "reason"),
    [
        ("hourly", {}, "There is no schedule type 'hourly'. The types are once, daily"),
        ("x" * 100_000, {}, "There is no schedule type"),
        (None, {}, "There is no schedule type of that kind"),
        (["daily"], {}, "There is no schedule type of that kind"),
        ("daily", [], "configuration is an object"),
        ("daily", "hour=9", "configuration is an object"),
        ("daily", {1: 2}, "keys of a schedule's configuration are words"),
        ("daily", {"weekdays": [1]}, "A daily schedule has no weekdays"),
        ("daily", {"x" * 10_000: 1}, "A daily schedule has no x"),
        ("daily", {"hour": 24}, "hour is a whole number from 0 to 23, not 24"),
        ("daily", {"hour": -1}, "hour is a whole number"),
        ("daily", {"hour": 7.5}, "hour is a whole number"),
        ("daily", {"hour": True}, "hour is a whole number"),
        ("daily", {"hour": float("inf")}, "hour is a whole number"),
        ("daily", {"hour": "9" * 100_000}, "hour is a whole number"),
        ("daily", {"hour": "seven"}, "hour is a whole number"),
        ("daily", {"minute": [0]}, "minute is a whole number"),
        ("daily", {"times": []}, "times is a list"),
        ("daily", {"times": "09:00"}, "times is a list"),
        ("daily", {"times": ["9am"]}, "not a time of day"),
        ("daily", {"times": ["24:00"]}, "not a time of day"),
        ("daily", {"times": [900]}, "not a time of day"),
        ("daily", {"times": ["09:00"], "hour": 9}, "either times, or hour and minute"),
        ("daily", {"interval": 0, "start": "2026-01-01"}, "interval is a whole number"),
        ("daily", {"interval": 10**9, "start": "2026-01-01"}, "interval is a whole number"),
        ("weekly", {"weekdays": [7]}, "weekdays is a whole number from 0 to 6"),
        ("weekly", {"weekdays": ["monday"]}, "weekdays is a whole number from 0 to 6"),
        ("weekly", {"weekdays": {"0": 1}}, "weekdays is a whole number from 0 to 6"),
        ("monthly", {"day": 0}, "day is a whole number from 1 to 31"),
        ("monthly", {"day": 32}, "day is a whole number from 1 to 31"),
        ("monthly", {"nth": [1, 0]}, "nth is a list of pairs"),
        ("monthly", {"nth": [[6, 0]]}, "nth is a whole number from 1 to 5"),
        ("monthly", {"nth": "first"}, "nth is a list of pairs"),
        ("yearly", {"month": 13}, "month is a whole number from 1 to 12"),
    ],
)
def test_odd_configurations_are_refused_with_the_reason(kind: Any, config: Any, reason: str) -> None:
    with pytest.raises(ScheduleError) as refusal:
        parse_schedule(kind, config, "UTC")
    assert reason in str(refusal.value)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", None, 5, ["UTC"]])
def test_a_zone_that_does_not_exist_is_refused(zone: Any) -> None:
    with pytest.raises(UnknownZoneError, match="time zone"):
        parse_schedule("daily", {}, zone)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


KEYS = (
    "run_at", "hour", "minute", "times", "weekdays", "day", "days", "nth", "month", "months", "interval", "except",
    "interval_minutes", "expression", "rule", "start", "until", "count", "except_dates", "other",
)  # fmt: skip
SMALL = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates() | st.datetimes()
HOSTILE = st.recursive(
    SMALL | st.sampled_from(["9" * 5000, 10**400, "2026-01-01", "0001-01-01", "9999-12-31T23:59:59Z", "-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(kind=st.sampled_from(SCHEDULE_TYPES), config=st.dictionaries(st.sampled_from(KEYS), HOSTILE, max_size=3))
@settings(max_examples=250)
def test_whatever_is_stored_gives_a_schedule_or_a_sentence(kind: str, config: dict[str, Any]) -> None:
    config.update({"start": "2026-01-01", "rule": config.get("rule", "FREQ=DAILY")} if kind == "rrule" else {})
    try:
        schedule = parse_schedule(kind, config, "America/New_York")
    except ScheduleError as error:
        assert 10 < len(str(error)) < 400
        assert str(error).endswith(".")
        return
    assert there_and_back(schedule) == schedule
    assert schedule.describe()
    found = schedule.upcoming(NOW)
    assert found == sorted(set(found))


@given(
    expression=st.text("0123456789*/-,#LWLW?FRIMON ", max_size=30),
    rule=st.text("=;,:+-0123456789ABDEFHILMNORTUWY", max_size=40),
)
@settings(max_examples=150)
def test_noise_in_an_expression_or_a_rule_is_refused_or_understood(expression: str, rule: str) -> None:
    for kind, config in (
        ("cron", {"expression": expression}),
        ("rrule", {"rule": f"FREQ=YEARLY;{rule}", "start": "2026-01-01"}),
        ("rrule", {"rule": f"FREQ=MONTHLY;BYDAY={rule}", "start": "2026-01-01"}),
    ):
        try:
            schedule = parse_schedule(kind, config, "UTC")
        except ScheduleError as error:
            assert str(error).endswith(".")
            continue
        assert there_and_back(schedule) == schedule
        assert schedule.describe()
        schedule.next_after(NOW)
