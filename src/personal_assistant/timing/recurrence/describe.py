"""Schedules in words."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from cronsim import CronSim

from personal_assistant.timing.recurrence.calendar import LAST, Calendar
from personal_assistant.timing.recurrence.config import clock_text
from personal_assistant.timing.recurrence.rules import Cron, Elapsed, Once, RecurrenceRule

if TYPE_CHECKING:
    from personal_assistant.timing.recurrence.schedule import Bound, Schedule

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", LAST: "last"}
_SETS = {(0, 1, 2, 3, 4): "weekday", (0, 1, 2, 3, 4, 5, 6): "day"}
_UNITS = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}


def describe(schedule: Schedule) -> str:
    """A sentence without its point: «every 2 weeks on Tuesday at 19:00, until Fri 5 Jun 2026»."""
    rule = schedule.rule
    if isinstance(rule, Once):
        return moment(rule.at, schedule)
    if isinstance(rule, Calendar):
        words = _calendar(rule)
    elif isinstance(rule, Elapsed):
        words = _step(rule.step) + _excluded(rule.excluded)
    elif isinstance(rule, Cron):
        words = f"{CronSim(rule.expression, datetime(2000, 1, 1)).explain()} (cron {rule.expression})"  # noqa: DTZ001
    else:
        assert isinstance(rule, RecurrenceRule)
        words = f"by the rule {rule.text}"
    return words + _ends(schedule)


def moment(bound: Bound, schedule: Schedule) -> str:
    """A date or an instant on the schedule's clock: «Thu 26 Mar 2026 at 09:00»."""
    if not isinstance(bound, datetime):
        return _day(bound)
    local = bound.astimezone(schedule.tz)
    return f"{_day(local.date())} at {local:%H:%M}{f':{local:%S}' if local.second else ''}"


def _day(day: date) -> str:
    return f"{WEEKDAYS[day.weekday()][:3]} {day.day} {MONTHS[day.month - 1][:3]} {day.year}"


def _ends(schedule: Schedule) -> str:
    start, until, count = schedule.start, schedule.until, schedule.count
    words = f", starting {moment(start, schedule)}" if start is not None else ""
    words += _until(until, schedule) if until is not None else ""
    words += f", {'once' if count == 1 else f'{count} times'}" if count is not None else ""
    spared = [_day(day) for day in schedule.except_dates]
    return words + (f", except on {listed(spared)}" if spared else "")


def _until(until: Bound, schedule: Schedule) -> str:
    # «for 5 days» ends a second before a sixth would begin.
    if isinstance(until, datetime) and until.second == 59:
        return f", before {moment(until + timedelta(seconds=1), schedule)}"
    return f", until {moment(until, schedule)}"


def _calendar(rule: Calendar) -> str:
    steps = _even_steps(rule.times)
    if steps is not None:
        times = f"{_step(steps)} from {clock_text(rule.times[0])} to {clock_text(rule.times[-1])}"
        return f"{times}, {_days(rule)}{_excluded(rule.excluded)}"
    at = listed([clock_text(seconds) for seconds in rule.times])
    return f"{_days(rule)} at {at}{_excluded(rule.excluded)}"


def _days(rule: Calendar) -> str:
    every = (
        f"every {rule.interval} {_UNITS[rule.frequency]}s" if rule.interval > 1 else f"every {_UNITS[rule.frequency]}"
    )
    if rule.frequency == "daily":
        return every
    if rule.frequency == "weekly":
        if rule.interval == 1:
            return f"every {_SETS.get(rule.weekdays) or _named(rule.weekdays)}"
        return f"{every} on {_SETS[rule.weekdays] + 's' if rule.weekdays in _SETS else _named(rule.weekdays)}"
    named = listed([*(_ordinal(day) for day in rule.days), *(f"{_ORDINALS[n]} {WEEKDAYS[day]}" for n, day in rule.nth)])
    if rule.frequency == "yearly":
        named += f" of {listed([MONTHS[month - 1] for month in rule.months])}"
    return f"{every} on the {named}"


def _named(days: tuple[int, ...]) -> str:
    return listed([WEEKDAYS[day] for day in days])


def _even_steps(times: tuple[int, ...]) -> timedelta | None:
    steps = {later - earlier for earlier, later in itertools.pairwise(times)}
    return timedelta(seconds=steps.pop()) if len(times) > 3 and len(steps) == 1 else None


def _step(step: timedelta) -> str:
    seconds = step.total_seconds()
    for unit, size in (("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds % size == 0:
            count = int(seconds // size)
            return f"every {unit}" if count == 1 else f"every {count} {unit}s"
    return f"every {seconds:g} seconds"


def _excluded(days: tuple[int, ...]) -> str:
    return f" except on {_named(days)}" if days else ""


def _ordinal(day: int) -> str:
    if day == LAST:
        return "last day"
    suffix = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


def listed(items: list[str]) -> str:
    """«a», «a and b», «a, b and c»."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
