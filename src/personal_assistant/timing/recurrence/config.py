"""Schedules as they are stored: a type and a JSON object.

The types of the earlier scheduler keep their keys and defaults (09:00, Monday, day 1, 60 minutes):
`once` {run_at}, `daily` {hour, minute}, `weekly` {weekdays, hour, minute}, `monthly` {day, hour, minute},
`custom` {interval_minutes}. New ones: `yearly` {month, day, …}, `cron` {expression}, `rrule` {rule, start}.
In place of `hour` and `minute` several `times` may stand; of `day` several `days` (-1: the last) or `nth` weekdays; of
`month` several `months`. All but `once` know `start`, `until`, `count` and `except_dates`; all but `once`, `cron`,
`rrule` know `except` (weekdays, Monday is 0), and those of the calendar an `interval`.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from cronsim import CronSim, CronSimError

from personal_assistant.timing.recurrence.calendar import LAST, Calendar
from personal_assistant.timing.recurrence.errors import ScheduleError
from personal_assistant.timing.recurrence.fields import Fields
from personal_assistant.timing.recurrence.rrule_parts import read_rule, split_rule
from personal_assistant.timing.recurrence.rules import Cron, Elapsed, Once, RecurrenceRule, Rule
from personal_assistant.timing.recurrence.schedule import Bound, Schedule
from personal_assistant.timing.zones import get_zone

SCHEDULE_TYPES = ("once", "daily", "weekly", "monthly", "yearly", "custom", "cron", "rrule")
_CALENDAR = ("daily", "weekly", "monthly", "yearly")
_MOST_OCCURRENCES = 10_000
_LONGEST_INTERVAL = 10_000_000
_LONGEST_STEP_MINUTES = 10_000 * 366 * 24 * 60
# Vixie cron's names for common expressions (crontab(5)).
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


def parse_schedule(schedule_type: str, config: Mapping[str, Any] | None, zone: str) -> Schedule:
    """The schedule of a stored type and configuration. Raises ScheduleError, UnknownZoneError."""
    if schedule_type not in SCHEDULE_TYPES:
        shown = repr(schedule_type)[:60] if isinstance(schedule_type, str) else "of that kind"
        raise ScheduleError(f"There is no schedule type {shown}. The types are {', '.join(SCHEDULE_TYPES)}.")
    if config is not None and not isinstance(config, Mapping):
        raise ScheduleError("A schedule's configuration is an object with keys.")
    fields = Fields(schedule_type, config or {}, get_zone(zone))
    if schedule_type == "once":
        schedule = Schedule(Once(fields.instant("run_at")), zone)
    elif schedule_type == "custom":
        schedule = _bounded(_elapsed(fields), fields, zone)
    elif schedule_type == "cron":
        schedule = _bounded(_cron(fields.text("expression")), fields, zone)
    elif schedule_type == "rrule":
        schedule = _recurrence_rule(fields, zone)
    else:
        schedule = _bounded(_calendar(schedule_type, fields), fields, zone)
    fields.finish()
    return schedule


def to_config(schedule: Schedule) -> tuple[str, dict[str, Any]]:
    """The type and the configuration of a schedule."""
    rule = schedule.rule
    config: dict[str, Any]
    if isinstance(rule, Once):
        return "once", {"run_at": _written(rule.at, schedule)}
    if isinstance(rule, Elapsed):
        minutes = rule.step / timedelta(minutes=1)
        kind, config = "custom", {"interval_minutes": int(minutes) if minutes.is_integer() else minutes}
        config |= {"except": list(rule.excluded)} if rule.excluded else {}
    elif isinstance(rule, Cron):
        kind, config = "cron", {"expression": rule.expression}
    elif isinstance(rule, RecurrenceRule):
        kind, config = "rrule", {"rule": rule.text}
    else:
        assert isinstance(rule, Calendar)
        kind, config = rule.frequency, _calendar_config(rule)
    ends = {
        "start": _written(schedule.start, schedule),
        "until": _written(schedule.until, schedule),
        "count": schedule.count,
        "except_dates": [day.isoformat() for day in schedule.except_dates] or None,
    }
    return kind, config | {key: value for key, value in ends.items() if value is not None}


def _bounded(rule: Rule, fields: Fields, zone: str) -> Schedule:
    start, until = fields.bound("start"), fields.bound("until")
    count = fields.whole("count", 0, 1, _MOST_OCCURRENCES) if fields.has("count") else None
    except_dates = tuple(fields.dates("except_dates"))
    stepping = rule.interval > 1 if isinstance(rule, Calendar) else isinstance(rule, Elapsed) and bool(except_dates)
    if start is None and (count is not None or stepping):
        raise ScheduleError(
            "A count, an interval above 1, and except_dates of a custom schedule need a start to count from, "
            "like 2026-04-05."
        )
    return Schedule(rule, zone, start, until, count, except_dates)


def _calendar(frequency: str, fields: Fields) -> Calendar:
    weekdays = fields.wholes("weekdays", [0], 0, 6) if frequency == "weekly" else []
    months: list[int] = []
    if frequency == "yearly":
        months = fields.wholes("months" if fields.has("months") else "month", [1], 1, 12)
    nth: list[tuple[int, int]] = []
    days: list[int] = []
    if frequency in ("monthly", "yearly"):
        nth = fields.nth()
        given = fields.has("day") or fields.has("days")
        if given or not nth:
            days = fields.wholes("days" if fields.has("days") else "day", [1], 1, 31, also=LAST)
    return Calendar(
        frequency,
        tuple(fields.times()),
        interval=fields.whole("interval", 1, 1, _LONGEST_INTERVAL),
        weekdays=tuple(weekdays),
        days=tuple(days),
        nth=tuple(nth),
        months=tuple(months),
        excluded=_excluded(fields),
    )


def _calendar_config(rule: Calendar) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if rule.frequency == "weekly":
        config["weekdays"] = list(rule.weekdays)
    if rule.months:
        config |= {"month": rule.months[0]} if len(rule.months) == 1 else {"months": list(rule.months)}
    if rule.days:
        config |= {"day": rule.days[0]} if len(rule.days) == 1 else {"days": list(rule.days)}
    if rule.nth:
        config["nth"] = [list(pair) for pair in rule.nth]
    if len(rule.times) == 1 and rule.times[0] % 60 == 0:
        config |= {"hour": rule.times[0] // 3600, "minute": rule.times[0] // 60 % 60}
    else:
        config["times"] = [clock_text(seconds) for seconds in rule.times]
    config |= {"interval": rule.interval} if rule.interval > 1 else {}
    return config | ({"except": list(rule.excluded)} if rule.excluded else {})


def clock_text(seconds: int) -> str:
    """A time of the day as text: «09:00», with seconds only where there are some."""
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return text if seconds % 60 == 0 else f"{text}:{seconds % 60:02}"


def _excluded(fields: Fields) -> tuple[int, ...]:
    excluded = fields.wholes("except", [], 0, 6) if fields.has("except") else []
    if len(excluded) == 7:
        raise ScheduleError("It excepts all seven days of the week, so it would never occur.")
    return tuple(excluded)


def _elapsed(fields: Fields) -> Elapsed:
    minutes = fields.number("interval_minutes", 60)
    if not 1 <= minutes <= _LONGEST_STEP_MINUTES:
        raise ScheduleError(f"interval_minutes is at least 1 (and at most {_LONGEST_STEP_MINUTES}), not {minutes:g}.")
    return Elapsed(timedelta(minutes=minutes), _excluded(fields))


def _cron(expression: str) -> Cron:
    expression = _NICKNAMES.get(expression.lower(), expression)
    if len(expression.split()) != 5:
        raise ScheduleError("A cron expression has five fields: minute, hour, day, month and weekday.")
    try:
        CronSim(expression, datetime(2000, 1, 1))  # noqa: DTZ001 - only whether it can be read
    except CronSimError as error:
        raise ScheduleError(f"The cron expression {expression[:60]!r} cannot be read: {error}.") from error
    return Cron(" ".join(expression.split()))


def _recurrence_rule(fields: Fields, zone: str) -> Schedule:
    text = "".join(fields.text("rule").upper().removeprefix("RRULE:").split())
    parts = split_rule(text)
    ends = {"count": parts.pop("COUNT", None), "until": _iso(parts.pop("UNTIL", None))}
    for key, value in ends.items():
        if value is not None:
            fields.add(key, value)
    kept = ";".join(f"{key}={value}" for key, value in parts.items())
    read_rule(kept)
    schedule = _bounded(RecurrenceRule(kept), fields, zone)
    if schedule.start is None:
        raise ScheduleError("An rrule needs a start (its DTSTART), like 2026-04-05T09:00:00.")
    return schedule


def _iso(text: str | None) -> str | None:
    """RFC 5545 writes 20260630T090000Z; ISO 8601's long form is what the other bounds use."""
    if text is None or not text[:8].isdecimal():
        return text
    day = f"{text[:4]}-{text[4:6]}-{text[6:8]}"
    return day if len(text) == 8 else f"{day}T{text[9:11]}:{text[11:13]}:{text[13:]}"


def _written(bound: Bound | None, schedule: Schedule) -> str | None:
    if isinstance(bound, datetime):
        return bound.astimezone(schedule.tz).isoformat()
    return bound.isoformat() if isinstance(bound, date) else None
