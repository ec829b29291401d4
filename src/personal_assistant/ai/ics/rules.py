"""Schedules as RFC 5545 writes them, where it can."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from personal_assistant.timing.recurrence import Schedule
from personal_assistant.timing.recurrence.calendar import Calendar
from personal_assistant.timing.recurrence.rules import Elapsed, Once, RecurrenceRule

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_TICK = timedelta.resolution


@dataclass(frozen=True, slots=True)
class Written:
    """DTSTART (aware, on the clock that the rule is counted by), RRULE (None: it occurs once) and EXDATE."""

    start: datetime
    rule: str | None
    except_at: tuple[datetime, ...] = ()


def written(schedule: Schedule, first: datetime) -> Written | None:
    """The schedule from `first` on (an aware instant at which it occurs), or None where RFC 5545 has no rule for it."""
    if isinstance(schedule.rule, Once):
        return Written(schedule.rule.at, None)
    rule: str | None
    if isinstance(schedule.rule, RecurrenceRule):
        assert schedule.first_possible is not None
        start, rule = schedule.first_possible.astimezone(schedule.tz), schedule.rule.text
    else:
        start, rule = first.replace(microsecond=0), _rule(schedule)
        if schedule.first_possible is not None:
            start = schedule.next_after(schedule.first_possible - _TICK) or first
        if not isinstance(schedule.rule, Elapsed):
            start = start.astimezone(schedule.tz)
    if rule is None or start.microsecond:
        return None
    if (last := schedule.last_possible) is not None:
        rule += f";UNTIL={last:%Y%m%dT%H%M%SZ}"
    return Written(start, rule, _except_at(schedule.except_dates, start))


def _rule(schedule: Schedule) -> str | None:
    rule = schedule.rule
    if isinstance(rule, Elapsed):
        minutes = rule.step / timedelta(minutes=1)
        plain = minutes.is_integer() and not rule.excluded and not schedule.except_dates
        return f"FREQ=MINUTELY;INTERVAL={minutes:.0f}" if plain else None
    if not isinstance(rule, Calendar) or len(rule.times) != 1:
        return None
    days = _days(rule)
    return None if days is None else ";".join(filter(None, (f"FREQ={rule.frequency.upper()}", _interval(rule), *days)))


def _interval(rule: Calendar) -> str:
    return f"INTERVAL={rule.interval}" if rule.interval > 1 else ""


def _days(rule: Calendar) -> list[str] | None:
    if rule.frequency == "daily":
        kept = [name for number, name in enumerate(_WEEKDAYS) if number not in rule.excluded]
        return [f"BYDAY={','.join(kept)}"] if rule.excluded else []
    if rule.frequency == "weekly":
        kept = [_WEEKDAYS[number] for number in rule.weekdays if number not in rule.excluded]
        return [f"BYDAY={','.join(kept)}", "WKST=MO"] if kept else None
    if rule.excluded or bool(rule.nth) == bool(rule.days):
        return None
    months = [f"BYMONTH={','.join(map(str, rule.months))}"] if rule.months else []
    if rule.nth:
        if rule.frequency == "yearly" and not months:
            return None
        return [*months, "BYDAY=" + ",".join(f"{n}{_WEEKDAYS[weekday]}" for n, weekday in rule.nth)]
    if all(day <= 28 for day in rule.days):
        return [*months, "BYMONTHDAY=" + ",".join(map(str, rule.days))]
    # A day that a month lacks means its last one: of all days from the 28th to that day, the last.
    if len(rule.days) == 1 and len(rule.months) <= 1:
        return [*months, "BYMONTHDAY=" + ",".join(map(str, range(28, rule.days[0] + 1))), "BYSETPOS=-1"]
    return None


def _except_at(days: tuple[date, ...], start: datetime) -> tuple[datetime, ...]:
    return tuple(datetime.combine(day, start.timetz()) for day in days)
