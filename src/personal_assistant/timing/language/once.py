"""From a phrase that names one moment to that moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from personal_assistant.timing.language.clock import MIDNIGHT, ClockTime
from personal_assistant.timing.language.days import Absolute, Day, FixedDay, InMonth, Later, Period, Weekday
from personal_assistant.timing.language.durations import shifted
from personal_assistant.timing.language.parts import Phrase
from personal_assistant.timing.language.problems import (
    AMBIGUOUS,
    IMPOSSIBLE,
    NOT_UNDERSTOOD,
    PAST,
    Fix,
    Problem,
    RefusedError,
)
from personal_assistant.timing.language.vocabulary import PARTS
from personal_assistant.timing.recurrence.describe import WEEKDAYS
from personal_assistant.timing.zones import to_instant, to_wall

MORNING = 9 * 3600
_MOST_CANDIDATES = 5000
BEYOND = Problem(IMPOSSIBLE, "It lies beyond the year 9999, where the calendar ends.")


@dataclass(frozen=True, slots=True)
class Now:
    """The instant a text is read at (aware, UTC) and the zone it is read in."""

    instant: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return to_wall(self.instant, self.zone).date()

    def at(self, day: date, seconds: int) -> datetime:
        """The instant of a wall-clock time, in seconds after midnight."""
        return to_instant(datetime.combine(day, time()) + timedelta(seconds=seconds), self.zone)


def moment(phrase: Phrase, now: Now) -> datetime:
    """The instant that a phrase without a recurrence means. Raises RefusedError with everything that is wrong."""
    problems = list(phrase.problems)
    day, weekday = one_day(phrase, problems)
    part = phrase.part or (day.part if isinstance(day, FixedDay) else None)
    alone = day is None and not phrase.duration
    seconds = clock_seconds(phrase.times[0] if phrase.times else None, part, alone=alone, problems=problems)
    if len(phrase.times) > 1:
        problems.append(Problem(AMBIGUOUS, "It names several times: choose one, or say «every day»."))
    found: datetime | None = None
    try:
        if phrase.duration:
            found = _after(phrase, day, seconds, now, problems)
        else:
            found = first_ahead(day, phrase.times[:1], seconds, now, problems)
    except (OverflowError, ValueError):
        problems.append(BEYOND)
    if found is not None and weekday is not None:
        check_weekday(weekday, to_wall(found, now.zone).date(), problems)
    if problems or found is None:
        raise RefusedError(*problems)
    return found


def one_day(phrase: Phrase, problems: list[Problem]) -> tuple[Day | None, Weekday | None]:
    """The day, and a day of the week that it must fall on."""
    if phrase.weekdays:
        problems.append(Problem(NOT_UNDERSTOOD, "It names several days."))
    days = phrase.days
    for day in days:
        if isinstance(day, InMonth) and len(day.picks) > 1:
            problems.append(Problem(AMBIGUOUS, "It names several days: choose one, or say «every month»."))
        if isinstance(day, Period) and day.offset == 0:
            problems.append(Problem(NOT_UNDERSTOOD, f"Say which day of this {day.unit}."))
    if len(days) < 2:
        return (days[0] if days else None), None
    weekdays = [day for day in days if isinstance(day, Weekday) and day.week is None]
    others = [day for day in days if day not in weekdays]
    if len(weekdays) != 1 or len(others) != 1 or isinstance(others[0], Period):
        problems.append(Problem(AMBIGUOUS, "It names two different days: choose one."))
        return days[0], None
    return others[0], weekdays[0]


def check_weekday(weekday: Weekday, day: date, problems: list[Problem]) -> None:
    if weekday.weekday != day.weekday():
        right = WEEKDAYS[day.weekday()]
        message = f"{day.day} {day:%B} {day.year} is a {right}, not a {WEEKDAYS[weekday.weekday]}."
        problems.append(Problem(IMPOSSIBLE, message, (Fix(*weekday.span, right),)))


def clock_seconds(clock: ClockTime | None, part: str | None, *, alone: bool, problems: list[Problem]) -> int | None:
    """Seconds after midnight of a time, or of the part of the day where there is none; None without either."""
    if clock is None:
        return PARTS[part] * 3600 if part is not None else None
    settled = clock.settle(part, alone=alone)
    if isinstance(settled, Problem):
        problems.append(settled)
        return 0
    return settled


def _after(phrase: Phrase, day: Day | None, seconds: int | None, now: Now, problems: list[Problem]) -> datetime | None:
    elapsed = any(amount.is_elapsed for amount in phrase.duration)
    if day is not None or (elapsed and seconds is not None):
        problems.append(Problem(AMBIGUOUS, "It names a length of time and another moment: choose one."))
        return None
    found = shifted(now.instant, phrase.duration, now.zone, seconds)
    if found is None:
        problems.append(Problem(NOT_UNDERSTOOD, "Parts of months and years are not a length of time."))
    elif found <= now.instant and not phrase.problems:
        problems.append(Problem(PAST, "It must lie ahead of now."))
    return found


def first_ahead(
    day: Day | None, clocks: list[ClockTime], seconds: int | None, now: Now, problems: list[Problem]
) -> datetime | None:
    """The first candidate later than now."""
    if isinstance(day, Absolute):
        if clocks:
            problems.append(Problem(AMBIGUOUS, "It names two times: choose one."))
        return _ahead(day, day.at, now, problems)
    at = MORNING if seconds is None else seconds
    midnight = bool(clocks) and clocks[0].form == MIDNIGHT
    if day is None:
        return next(it for it in _instants(_every_day(now.today), at, now) if it > now.instant)
    if isinstance(day, FixedDay) and day.offset == 0 and midnight:
        return _ahead(day, now.at(now.today + timedelta(days=1), 0), now, problems)
    if isinstance(day, Later) and not day.fixed:
        base = first_ahead(day.base, clocks, seconds, now, problems)
        return None if base is None else now.at(day.shift(to_wall(base, now.zone).date()), at)
    if day.fixed:
        found = next(day.dates(now.today), None)
        if found is not None:
            return _ahead(day, now.at(found, at), now, problems)
        problems.append(Problem(IMPOSSIBLE, "That month has no such day."))
        return None
    for count, found in enumerate(_instants(day.dates(now.today), at, now)):
        if found > now.instant:
            return found
        if count > _MOST_CANDIDATES:
            break
    problems.append(Problem(IMPOSSIBLE, "There is no such day."))
    return None


def _every_day(today: date) -> Iterator[date]:
    while True:
        yield today
        today += timedelta(days=1)


def _instants(days: Iterator[date], seconds: int, now: Now) -> Iterator[datetime]:
    return (now.at(day, seconds) for day in days)


def _ahead(day: Day, found: datetime, now: Now, problems: list[Problem]) -> datetime:
    if found <= now.instant and not problems:
        local = found.astimezone(now.zone)
        problems.append(Problem(PAST, f"{local:%a} {local.day} {local:%b %Y at %H:%M} is over.", later_fixes(day)))
    return found


def later_fixes(day: Day) -> tuple[Fix, ...]:
    """What may have been meant instead of a day that is over."""
    if isinstance(day, FixedDay):
        return (Fix(*day.span, {"night": "tomorrow night"}.get(day.part or "", f"tomorrow {day.part or ''}".strip())),)
    if isinstance(day, Weekday):
        return (Fix(*day.span, f"next {WEEKDAYS[day.weekday].lower()}"),)
    if isinstance(day, InMonth) and day.month is not None and isinstance(day.picks[0], int) and day.picks[0] > 0:
        return (Fix(*day.span, f"{day.picks[0]} {date(2000, day.month, 1):%B}"),)
    return ()
