"""Rules by the calendar: days, weeks, months and years, at times of the day."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from personal_assistant.timing.recurrence.rules import later
from personal_assistant.timing.zones import to_wall

LAST = -1
# After so many periods the calendar repeats, weekdays included: what gave nothing in them never will.
_CYCLES = {"daily": 7, "weekly": 1, "monthly": 400 * 12, "yearly": 400}


@dataclass(frozen=True)
class Calendar:
    """Wall-clock times on days of the calendar.

    frequency: `daily`, `weekly`, `monthly` or `yearly`; every `interval`-th of these periods, counted from the
        schedule's start.
    times: the times of the day, seconds after midnight, ascending.
    weekdays: for `weekly`; Monday is 0.
    days: for `monthly` and `yearly`: days of the month, clamped to its last; LAST is the last.
    nth: for the same: (n, weekday), the n-th such weekday of the month; LAST is the last one.
    months: for `yearly`.
    excluded: weekdays on which it does not occur.
    """

    frequency: str
    times: tuple[int, ...]
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    nth: tuple[tuple[int, int], ...] = ()
    months: tuple[int, ...] = ()
    excluded: tuple[int, ...] = ()

    def instants(self, after: datetime, zone: ZoneInfo, start: datetime | None) -> Iterator[datetime]:
        """The instants later than `after`, ascending; `start` is the instant that intervals are counted from."""
        wall = to_wall(after, zone)
        anchor = to_wall(start, zone).date() if start is not None else wall.date()
        walls = (_moment(day, seconds) for day in self._days(wall.date(), anchor) for seconds in self.times)
        return later((it for it in walls if it >= wall), after, zone)

    def _days(self, first: date, anchor: date) -> Iterator[date]:
        """Its days from `first` on, ascending; ends with the calendar or when none will come."""
        periods = getattr(self, f"_{self.frequency}")(first, anchor)
        in_vain = 0
        for days in periods:
            fitting = [day for day in days if day >= first and day.weekday() not in self.excluded]
            yield from fitting
            in_vain = 0 if fitting else in_vain + 1
            if in_vain > _CYCLES[self.frequency]:
                return

    def _daily(self, first: date, anchor: date) -> Iterator[list[date]]:
        day = first + timedelta(days=-(first - anchor).days % self.interval)
        while True:
            yield [day]
            day += timedelta(days=self.interval)

    def _weekly(self, first: date, anchor: date) -> Iterator[list[date]]:
        origin = anchor - timedelta(days=anchor.weekday())
        monday = first - timedelta(days=first.weekday())
        monday += timedelta(weeks=-((monday - origin).days // 7) % self.interval)
        while True:
            left = (date.max - monday).days
            yield [monday + timedelta(days=weekday) for weekday in self.weekdays if weekday <= left]
            monday += timedelta(weeks=self.interval)

    def _monthly(self, first: date, anchor: date) -> Iterator[list[date]]:
        origin = anchor.year * 12 + anchor.month - 1
        number = first.year * 12 + first.month - 1
        number += -(number - origin) % self.interval
        while number // 12 <= date.max.year:
            yield self._days_of_month(number // 12, number % 12 + 1)
            number += self.interval

    def _yearly(self, first: date, anchor: date) -> Iterator[list[date]]:
        year = first.year + -(first.year - anchor.year) % self.interval
        while year <= date.max.year:
            yield [day for month in self.months for day in self._days_of_month(year, month)]
            year += self.interval

    def _days_of_month(self, year: int, month: int) -> list[date]:
        first_weekday, length = monthrange(year, month)
        numbers = {length if day == LAST else min(day, length) for day in self.days}
        for n, weekday in self.nth:
            of_that_weekday = range(1 + (weekday - first_weekday) % 7, length + 1, 7)
            if n == LAST or n <= len(of_that_weekday):
                numbers.add(of_that_weekday[n if n == LAST else n - 1])
        return [date(year, month, number) for number in sorted(numbers)]


def _moment(day: date, seconds: int) -> datetime:
    return datetime.combine(day, time(seconds // 3600, seconds // 60 % 60, seconds % 60))
