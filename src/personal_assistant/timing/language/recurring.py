"""From a phrase that recurs to its schedule."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from personal_assistant.timing.language.bounds import bound_instant
from personal_assistant.timing.language.days import InMonth, Pick, Weekday, add_months
from personal_assistant.timing.language.durations import SECONDS, shifted
from personal_assistant.timing.language.once import BEYOND, MORNING, Now, clock_seconds
from personal_assistant.timing.language.parts import Phrase, Repeat
from personal_assistant.timing.language.problems import (
    AMBIGUOUS,
    IMPOSSIBLE,
    NOT_UNDERSTOOD,
    PAST,
    TOO_FREQUENT,
    Fix,
    Problem,
    RefusedError,
)
from personal_assistant.timing.recurrence.calendar import Calendar
from personal_assistant.timing.recurrence.rules import Elapsed
from personal_assistant.timing.recurrence.schedule import Bound, Schedule
from personal_assistant.timing.zones import to_wall

_QUARTERS = (1, 4, 7, 10)
_EVERY_DAY = frozenset(range(7))
_LARGEST = 10_000_000
_MOST_TIMES = 10_000
_UNCLEAR = Problem(AMBIGUOUS, "It names two rhythms: choose one.")


def recurrence(phrase: Phrase, now: Now, zone: str) -> Schedule:
    """The schedule of a phrase that recurs. Raises RefusedError with everything that is wrong."""
    problems = list(phrase.problems)
    try:
        schedule = _schedule(phrase, now, zone, problems)
        if not problems:
            schedule = _ended(schedule, phrase, now, problems)
    except (OverflowError, ValueError):
        problems.append(BEYOND)
    if problems:
        raise RefusedError(*problems)
    return schedule


def _schedule(phrase: Phrase, now: Now, zone: str, problems: list[Problem]) -> Schedule:
    weekdays, picks, months = _days(phrase, problems)
    repeat = phrase.repeat or Repeat(None)
    if len(phrase.excluded) == len(_EVERY_DAY):
        problems.append(Problem(IMPOSSIBLE, "It excepts every day of the week."))
    if repeat.is_elapsed:
        return _steps(phrase, repeat, weekdays, now, zone, problems, picked=bool(picks))
    if repeat.interval <= 0 or repeat.interval > _LARGEST:
        problems.append(Problem(IMPOSSIBLE, f"The number of {repeat.unit}s is 1 to {_LARGEST}."))
        repeat = replace(repeat, interval=Fraction(1))
    if phrase.window is not None or phrase.duration:
        problems.append(_UNCLEAR)
    own_times = bool(phrase.times or phrase.part)
    if phrase.start is not None and not own_times:
        phrase.times, phrase.part = phrase.start.times, phrase.start.part
    times = _times(phrase, problems)
    start = None
    if phrase.start is not None:
        use_time = own_times or not (phrase.start.days or phrase.start.duration)
        start = bound_instant(phrase.start, now, problems, use_time=use_time, ahead=times[-1])
    rule = _calendar(repeat, times, weekdays, picks, months, problems)
    rule = replace(rule, excluded=tuple(sorted(phrase.excluded)))
    return _anchored(rule, repeat, start, now, zone, named=bool(weekdays or picks))


def _days(phrase: Phrase, problems: list[Problem]) -> tuple[set[int], tuple[Pick, ...], tuple[int, ...]]:
    """The days that recur: days of the week, picks of a month, and the months of the year."""
    weekdays = set(phrase.weekdays)
    picks: tuple[Pick, ...] = ()
    months: tuple[int, ...] = ()
    for day in phrase.days:
        if isinstance(day, Weekday) and day.week is None:
            weekdays.add(day.weekday)
        elif isinstance(day, InMonth) and not day.fixed and not picks:
            picks = day.picks
            months = (day.month,) if day.month is not None else ()
        else:
            problems.append(Problem(AMBIGUOUS, "It names a single day and says that it recurs: choose one."))
    if weekdays and picks:
        problems.append(_UNCLEAR)
    return weekdays, picks, months


def _times(phrase: Phrase, problems: list[Problem]) -> tuple[int, ...]:
    if not phrase.times:
        found = clock_seconds(None, phrase.part, alone=False, problems=problems)
        return (MORNING if found is None else found,)
    settled = {clock_seconds(clock, phrase.part, alone=False, problems=problems) or 0 for clock in phrase.times}
    return tuple(sorted(settled))


def _steps(
    phrase: Phrase, repeat: Repeat, weekdays: set[int], now: Now, zone: str, problems: list[Problem], *, picked: bool
) -> Schedule:
    """«every 15 minutes», also within a window of the day."""
    seconds = sum((step.amount * SECONDS[step.unit] for step in repeat.steps), Fraction(0))
    if seconds <= 0:
        problems.append(Problem(IMPOSSIBLE, "It must be some time from one to the next."))
    elif seconds < 60:
        problems.append(Problem(TOO_FREQUENT, "Nothing can occur more often than once a minute: try «every minute»."))
    if phrase.times or phrase.part or phrase.duration or picked:
        problems.append(_UNCLEAR)
    if problems:
        return Schedule(Elapsed(timedelta(hours=1)), zone)
    if phrase.window is not None:
        return _slots(phrase, int(seconds), weekdays, now, zone, problems)
    step = timedelta(seconds=float(seconds))
    excluded = phrase.excluded | (_EVERY_DAY - weekdays if weekdays else set())
    start: Bound | None = now.instant + step
    if phrase.start is not None:
        start = bound_instant(phrase.start, now, problems, use_time=True)
        if start is not None and not isinstance(start, datetime):
            start = now.at(start, MORNING)
    return Schedule(Elapsed(step, tuple(sorted(excluded))), zone, start)


def _slots(phrase: Phrase, step: int, weekdays: set[int], now: Now, zone: str, problems: list[Problem]) -> Schedule:
    """Wall-clock times from one to another, both ends in; one that ends before it starts goes over midnight."""
    assert phrase.window is not None
    first, last = (clock_seconds(clock, None, alone=False, problems=problems) or 0 for clock in phrase.window)
    if last < first and all(clock.form == "bare" for clock in phrase.window):
        fix = Fix(phrase.window[0].span[0], phrase.window[1].span[1], f"{first // 3600}am and {last // 3600}pm")
        problems.append(Problem(AMBIGUOUS, "Say am or pm for both ends, or write them as 9:00 and 17:00.", (fix,)))
    end = last if last >= first else last + 86_400
    times = tuple(sorted({seconds % 86_400 for seconds in range(first, end + 1, step)}))
    excluded = tuple(sorted(phrase.excluded))
    rule = Calendar("daily", times, excluded=excluded)
    if weekdays:
        rule = Calendar("weekly", times, weekdays=tuple(sorted(weekdays)), excluded=excluded)
    start = bound_instant(phrase.start, now, problems, use_time=True) if phrase.start is not None else None
    return Schedule(rule, zone, start)


def _calendar(
    repeat: Repeat,
    times: tuple[int, ...],
    weekdays: set[int],
    picks: tuple[Pick, ...],
    months: tuple[int, ...],
    problems: list[Problem],
) -> Calendar:
    """The rule, without the days that only its first occurrence decides."""
    interval = int(repeat.interval)
    days = tuple(pick for pick in picks if isinstance(pick, int))
    nth = tuple(pick for pick in picks if not isinstance(pick, int))
    unit = repeat.unit
    if weekdays:
        if unit not in (None, "week") and not (unit == "day" and interval == 1):
            problems.append(_UNCLEAR)
        return Calendar("weekly", times, interval if unit == "week" else 1, weekdays=tuple(sorted(weekdays)))
    if unit == "quarter":
        if interval == 1 and not repeat.counted:
            return Calendar("yearly", times, days=days or (() if nth else (1,)), nth=nth, months=_QUARTERS)
        return Calendar("monthly", times, 3 * interval, days=days, nth=nth)
    if picks:
        if unit not in (None, "year" if months else "month"):
            problems.append(_UNCLEAR)
        return Calendar("yearly" if months else "monthly", times, interval, days=days, nth=nth, months=months)
    frequency = {"week": "weekly", "month": "monthly", "year": "yearly"}.get(unit or "day", "daily")
    return Calendar(frequency, times, interval)


def _anchored(rule: Calendar, repeat: Repeat, start: Bound | None, now: Now, zone: str, *, named: bool) -> Schedule:
    """Give an interval the day that it is counted from, and a rule without days the day of its first occurrence."""
    if named or rule.months or (rule.frequency == "daily" and rule.interval == 1 and not repeat.counted):
        if rule.interval == 1:
            return Schedule(rule, zone, start)
        first = Schedule(replace(rule, interval=1), zone, start).next_after(now.instant)
        return Schedule(rule, zone, start if first is None else to_wall(first, now.zone).date())
    if start is not None:
        first_day = to_wall(start, now.zone).date() if isinstance(start, datetime) else start
        day_of = first_day
    else:
        day_of = now.today
        first_day = _stepped(rule, day_of)
    if rule.frequency == "weekly":
        rule = replace(rule, weekdays=(day_of.weekday(),))
    elif rule.frequency in ("monthly", "yearly"):
        rule = replace(rule, days=(day_of.day,), months=(day_of.month,) if rule.frequency == "yearly" else ())
    return Schedule(rule, zone, start if isinstance(start, datetime) and rule.interval == 1 else first_day)


def _stepped(rule: Calendar, day: date) -> date:
    if rule.frequency in ("daily", "weekly"):
        return day + timedelta(days=rule.interval * (7 if rule.frequency == "weekly" else 1))
    return add_months(day, rule.interval * (12 if rule.frequency == "yearly" else 1))


def _ended(schedule: Schedule, phrase: Phrase, now: Now, problems: list[Problem]) -> Schedule:
    """Add its end, and refuse what never occurs."""
    first = schedule.next_after(now.instant)
    if first is None:
        problems.append(Problem(IMPOSSIBLE, "It would never occur."))
        return schedule
    if phrase.count is not None:
        if not 1 <= phrase.count <= _MOST_TIMES:
            problems.append(Problem(IMPOSSIBLE, f"The number of times is 1 to {_MOST_TIMES}."))
            return schedule
        schedule = replace(schedule, count=phrase.count, start=schedule.start or first)
    ends = []
    if phrase.until is not None:
        ends.append(bound_instant(phrase.until, now, problems, use_time=True))
    if phrase.lasting:
        over = shifted(first, phrase.lasting, now.zone, _wall_seconds(schedule, first, now))
        if over is None or over <= first:
            reason = NOT_UNDERSTOOD if over is None else IMPOSSIBLE
            problems.append(Problem(reason, "It does not say for how long."))
            return schedule
        ends.append(over - timedelta(seconds=1))
    if problems or not ends:
        return schedule
    ended = [replace(schedule, until=end) for end in ends]
    schedule = min(ended, key=lambda it: it.last_possible or datetime.max.replace(tzinfo=first.tzinfo))
    if schedule.next_after(now.instant) is None:
        problems.append(Problem(PAST, "It would be over before its first occurrence."))
    return schedule


def _wall_seconds(schedule: Schedule, first: datetime, now: Now) -> int | None:
    """The clock time that was meant, where a gap has moved the first occurrence."""
    if not isinstance(schedule.rule, Calendar):
        return None
    day = to_wall(first, now.zone).date()
    return next((seconds for seconds in schedule.rule.times if now.at(day, seconds) == first), None)
