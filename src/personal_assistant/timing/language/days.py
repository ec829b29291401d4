"""What a phrase can name as its day: each knows its candidate dates, seen from a today."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from personal_assistant.timing.language.problems import Problem
from personal_assistant.timing.recurrence.calendar import LAST

Pick = int | tuple[int, int]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class FixedDay:
    """Today plus some days. `part` is a part of the day that its name holds («tonight»)."""

    offset: int
    part: str | None = None
    span: Span = (0, 0)
    problem: Problem | None = None
    fixed = True

    def dates(self, today: date) -> Iterator[date]:
        yield today + timedelta(days=self.offset)


@dataclass(frozen=True, slots=True)
class Weekday:
    """A day of the week: the nearest (week None), or that of this week (0) or the next (1)."""

    weekday: int
    week: int | None = None
    span: Span = (0, 0)
    problem: Problem | None = None

    @property
    def fixed(self) -> bool:
        return self.week is not None

    def dates(self, today: date) -> Iterator[date]:
        if self.week is not None:
            yield today + timedelta(days=self.weekday - today.weekday() + 7 * self.week)
            return
        day = today + timedelta(days=(self.weekday - today.weekday()) % 7)
        while True:
            yield day
            day += timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Period:
    """This (0) or the next (1) week, month or year: its first day."""

    unit: str
    offset: int
    span: Span = (0, 0)
    problem: Problem | None = None
    fixed = True

    def dates(self, today: date) -> Iterator[date]:
        if self.unit == "week":
            yield today + timedelta(days=7 * self.offset - today.weekday())
        elif self.unit == "month":
            yield add_months(today.replace(day=1), self.offset)
        else:
            yield date(today.year + self.offset, 1, 1)


@dataclass(frozen=True, slots=True)
class InMonth:
    """Days of a month: numbers (LAST is the last), or the n-th of a weekday as (n, weekday).

    month: the named one. year: the named one. month_offset and year_offset: this (0) or the next (1).
    every: they recur every so many months.
    """

    picks: tuple[Pick, ...]
    month: int | None = None
    year: int | None = None
    month_offset: int | None = None
    year_offset: int | None = None
    every: int | None = None
    span: Span = (0, 0)
    problem: Problem | None = None

    @property
    def fixed(self) -> bool:
        return (self.year, self.month_offset, self.year_offset) != (None, None, None)

    def dates(self, today: date) -> Iterator[date]:
        for year, month in self._months(today):
            day = pick_day(self.picks[0], year, month)
            if day is not None and (self.fixed or day >= today):
                yield day

    def _months(self, today: date) -> Iterator[tuple[int, int]]:
        if self.month_offset is not None:
            first = add_months(today.replace(day=1), self.month_offset)
            yield first.year, first.month
        elif self.month is not None and self.fixed:
            yield self.year or today.year + (self.year_offset or 0), self.month
        elif self.month is not None:
            yield from ((year, self.month) for year in range(today.year, date.max.year + 1))
        else:
            months = range(today.year * 12 + today.month - 1, date.max.year * 12 + 12)
            yield from ((number // 12, number % 12 + 1) for number in months)


@dataclass(frozen=True, slots=True)
class Later:
    """So many days and months after another day: «a week from friday»."""

    base: "Day"
    days: int
    months: int
    span: Span = (0, 0)

    @property
    def fixed(self) -> bool:
        return self.base.fixed

    @property
    def problem(self) -> Problem | None:
        return self.base.problem

    def dates(self, today: date) -> Iterator[date]:
        for day in self.base.dates(today):
            yield self.shift(day)

    def shift(self, day: date) -> date:
        """The day itself, from the one it is counted from."""
        return add_months(day, self.months) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Absolute:
    """An instant (aware), written with its offset."""

    at: datetime
    span: Span = (0, 0)
    problem: Problem | None = None
    fixed = True

    def dates(self, today: date) -> Iterator[date]:
        del today
        yield self.at.date()


@dataclass(frozen=True, slots=True)
class Gone:
    """Something that is over by its name: «yesterday», «last friday»."""

    problem: Problem
    span: Span = (0, 0)
    fixed = True

    def dates(self, today: date) -> Iterator[date]:
        yield today - timedelta(days=1)


Day = FixedDay | Weekday | Period | InMonth | Later | Absolute | Gone


def pick_day(pick: Pick, year: int, month: int) -> date | None:
    """The day of that month, or None where the month has none."""
    first_weekday, length = monthrange(year, month)
    if pick == LAST:
        return date(year, month, length)
    if isinstance(pick, int):
        return date(year, month, pick) if 1 <= pick <= length else None
    n, weekday = pick
    found = range(1 + (weekday - first_weekday) % 7, length + 1, 7)
    if n == LAST:
        return date(year, month, found[-1])
    return date(year, month, found[n - 1]) if n <= len(found) else None


def add_months(day: date, months: int) -> date:
    """Months on, clamped to the last day of the month. Raises OverflowError beyond the calendar."""
    number = day.year * 12 + day.month - 1 + months
    if not date.min.year * 12 <= number < (date.max.year + 1) * 12:
        raise OverflowError("beyond the calendar")
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def combined(first: Day, second: Day) -> Day | None:
    """Two names of one day as one: «next week» and «monday», «next month» and «the 15th». None when they are not."""
    for period, day in ((first, second), (second, first)):
        if not isinstance(period, Period):
            continue
        if isinstance(day, Weekday) and day.week is None and period.unit == "week":
            return replace(day, week=period.offset)
        if isinstance(day, InMonth) and not day.fixed:
            if period.unit == "month" and day.month is None:
                return replace(day, month_offset=period.offset)
            if period.unit == "year" and day.month is not None:
                return replace(day, year_offset=period.offset)
    return None
