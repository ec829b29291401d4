"""Where a recurrence starts and ends."""

from datetime import date, datetime

from personal_assistant.timing.language.days import Absolute, Day, FixedDay
from personal_assistant.timing.language.durations import shifted
from personal_assistant.timing.language.once import (
    MORNING,
    Now,
    check_weekday,
    clock_seconds,
    first_ahead,
    later_fixes,
    one_day,
)
from personal_assistant.timing.language.parts import Phrase
from personal_assistant.timing.language.problems import IMPOSSIBLE, NOT_UNDERSTOOD, PAST, Problem
from personal_assistant.timing.zones import to_wall


def bound_instant(
    bound: Phrase, now: Now, problems: list[Problem], *, use_time: bool, ahead: int = MORNING
) -> date | datetime | None:
    """A date, which counts whole, or an instant (aware, UTC); None when something is wrong with it.

    use_time: the bound's own time counts; else it is the recurrence's.
    ahead: a day without a time is its nearest one at which this time (seconds after midnight) is still to come.
    """
    day, weekday = one_day(bound, problems)
    part = bound.part or (day.part if isinstance(day, FixedDay) else None)
    timed = use_time and bool(bound.times or part)
    seconds = clock_seconds(bound.times[0], part, alone=False, problems=problems) if timed and bound.times else None
    if bound.duration:
        found = _moved(bound, seconds, now, problems)
    elif day is not None and not timed and not isinstance(day, Absolute):
        found = _bound_date(day, now, problems, ahead)
    else:
        if seconds is None:
            seconds = clock_seconds(None, part, alone=False, problems=problems)
        found = first_ahead(day, bound.times[:1], seconds, now, problems)
    if found is not None and weekday is not None:
        check_weekday(weekday, to_wall(found, now.zone).date() if isinstance(found, datetime) else found, problems)
    return found


def _moved(bound: Phrase, seconds: int | None, now: Now, problems: list[Problem]) -> date | datetime | None:
    """«in 3 days» is a date, «in 3 hours» an instant."""
    found = shifted(now.instant, bound.duration, now.zone, seconds)
    if found is None:
        problems.append(Problem(NOT_UNDERSTOOD, "Parts of months and years are not a length of time."))
        return None
    whole = seconds is None and not any(amount.is_elapsed for amount in bound.duration)
    return to_wall(found, now.zone).date() if whole else found


def _bound_date(day: Day, now: Now, problems: list[Problem], ahead: int) -> date | None:
    if not day.fixed:
        nearest = first_ahead(day, [], ahead, now, problems)
        return None if nearest is None else to_wall(nearest, now.zone).date()
    found = next(day.dates(now.today), None)
    if found is None:
        problems.append(Problem(IMPOSSIBLE, "That month has no such day."))
    elif found < now.today and not problems:
        problems.append(Problem(PAST, f"{found:%a} {found.day} {found:%b %Y} is over.", later_fixes(day)))
    return found
