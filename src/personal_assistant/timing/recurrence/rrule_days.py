"""Which days an RFC 5545 RRULE takes (the table of section 3.3.10)."""

from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from personal_assistant.timing.recurrence.rrule_parts import Parts

_DAY_PARTS = ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY")


class DayFilter:
    """The days that all BY… parts allow; what they leave open is taken from the start, as the standard says."""

    def __init__(self, parts: Parts, start: date) -> None:
        by = parts.by
        open_day = not (parts.weekdays or parts.nth or any(name in by for name in _DAY_PARTS))
        yearly = parts.frequency == "YEARLY"
        months = (start.month,) if open_day and yearly and "BYMONTH" not in by else by.get("BYMONTH", ())
        days = (start.day,) if open_day and parts.frequency in ("YEARLY", "MONTHLY") else by.get("BYMONTHDAY", ())
        weekdays = (start.weekday(),) if open_day and parts.frequency == "WEEKLY" else parts.weekdays
        self._months = frozenset(months or range(1, 13))
        self._days = days
        self._weekdays = frozenset(weekdays)
        self._nth = frozenset(parts.nth)
        self._nth_of_year = yearly and "BYMONTH" not in by
        self._year_days = by.get("BYYEARDAY", ())
        self._weeks = frozenset(by.get("BYWEEKNO", ()))
        self._week_start = parts.week_start

    def __contains__(self, day: date) -> bool:
        if day.month not in self._months:
            return False
        if self._days and day.day not in self._days and day.day - _length(day) - 1 not in self._days:
            return False
        if (self._weekdays or self._nth) and not (day.weekday() in self._weekdays or self._is_nth(day)):
            return False
        return self._year_day_fits(day) and self._week_fits(day)

    def among(self, ordinals: Iterable[int]) -> tuple[int, list[date]]:
        """How many days were looked at, and those that fit."""
        within = [date.fromordinal(it) for it in ordinals if 0 < it <= date.max.toordinal()]
        return len(within), [day for day in within if day in self]

    def of_month(self, year: int, month: int) -> tuple[int, list[date]]:
        if month not in self._months:
            return 1, []
        if self._days:
            candidates = self._of_numbers(year, month)
        else:
            candidates = [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]
        return len(candidates) + 1, [day for day in candidates if day in self]

    def of_year(self, year: int) -> tuple[int, list[date]]:
        if self._year_days:
            before, length = date(year, 1, 1).toordinal() - 1, 365 + isleap(year)
            numbers = {it if it > 0 else length + 1 + it for it in self._year_days}
            return self.among(before + number for number in sorted(numbers) if 0 < number <= length)
        found = [self.of_month(year, month) for month in sorted(self._months)]
        return sum(looked_at for looked_at, _ in found), [day for _, days in found for day in days]

    def each(self, first: date, start: date, interval: int) -> Iterator[date]:
        """Every so many days from `start`, those from `first` on; months that are not its own are left out."""
        ordinal, origin = first.toordinal(), start.toordinal()
        while True:
            ordinal += -(ordinal - origin) % interval
            if ordinal > date.max.toordinal():
                return
            day = date.fromordinal(ordinal)
            yield day
            if day == date.max:
                return
            ordinal = self.following(day).toordinal()

    def following(self, day: date) -> date:
        """The next day, or the first of the next month that is its own."""
        if day == date.max:
            return day
        tomorrow = day + timedelta(days=1)
        while tomorrow.month not in self._months and (tomorrow.year, tomorrow.month) != (date.max.year, 12):
            tomorrow = (tomorrow.replace(day=1) + timedelta(days=32)).replace(day=1)
        return tomorrow

    def _of_numbers(self, year: int, month: int) -> list[date]:
        length = monthrange(year, month)[1]
        numbers = {it if it > 0 else length + 1 + it for it in self._days}
        return [date(year, month, number) for number in sorted(numbers) if 0 < number <= length]

    def _is_nth(self, day: date) -> bool:
        if not self._nth:
            return False
        if self._nth_of_year:
            index, length = _year_day(day), 365 + isleap(day.year)
        else:
            index, length = day.day - 1, _length(day)
        from_end = -((length - 1 - index) // 7) - 1
        return (index // 7 + 1, day.weekday()) in self._nth or (from_end, day.weekday()) in self._nth

    def _year_day_fits(self, day: date) -> bool:
        if not self._year_days:
            return True
        index = _year_day(day)
        return index + 1 in self._year_days or index - 365 - isleap(day.year) in self._year_days

    def _week_fits(self, day: date) -> bool:
        """Weeks begin at WKST and belong to the year of their fourth day, by which they are counted."""
        if not self._weeks:
            return True
        ordinal = day.toordinal() - (day.weekday() - self._week_start) % 7 + 3
        fourth = date.fromordinal(min(ordinal, date.max.toordinal()))
        week = _year_day(fourth) // 7
        weeks = week + (364 + isleap(fourth.year) - _year_day(fourth)) // 7 + 1
        return week + 1 in self._weeks or week - weeks in self._weeks


def _length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _year_day(day: date) -> int:
    """From 0 for the first of January."""
    return day.toordinal() - date(day.year, 1, 1).toordinal()
