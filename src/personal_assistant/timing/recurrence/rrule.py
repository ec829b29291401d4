"""The wall-clock times of an RFC 5545 RRULE (section 3.3.10)."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime, time
from functools import lru_cache
from itertools import product

from personal_assistant.timing.recurrence.rrule_days import DayFilter
from personal_assistant.timing.recurrence.rrule_parts import Parts, read_rule

_SPAN = {"HOURLY": 3600, "MINUTELY": 60}
_DAY = 86_400
# A rule that finds nothing on so many days or times one after another, more than a week has minutes, never will.
_MOST_IN_VAIN = 10_100
# What a period without days costs: the calendar repeats after 400 years, which is as far as it need look.
_EFFORT = {"YEARLY": 20, "MONTHLY": 0, "WEEKLY": 0, "DAILY": 0}


class Expansion:
    """A rule with what it takes from its DTSTART."""

    def __init__(self, parts: Parts, start: datetime) -> None:
        self._parts = parts
        self._start = start.replace(microsecond=0)
        by, frequency = parts.by, parts.frequency
        hours = by.get("BYHOUR") or (range(24) if frequency in _SPAN else (start.hour,))
        minutes = by.get("BYMINUTE") or (range(60) if frequency == "MINUTELY" else (start.minute,))
        seconds = by.get("BYSECOND") or (start.second,)
        self._times = [hour * 3600 + minute * 60 + second for hour, minute, second in product(hours, minutes, seconds)]
        self._places = by.get("BYSETPOS")
        self._days = DayFilter(parts, start.date())

    def walls(self, wall: datetime) -> Iterator[datetime]:
        """Its times from `wall` on (naive, as it is), ascending; ends with the calendar or when none will come."""
        since = max(wall, self._start)
        found = self._within_days(since) if self._parts.frequency in _SPAN else self._of_days(since)
        return (it for it in found if it >= since)

    def _of_days(self, since: datetime) -> Iterator[datetime]:
        in_vain = 0
        for looked_at, days in self._periods(since.date()):
            found = self._whole(days, since) if self._places is None else self._placed(days)
            in_vain = 0 if found else in_vain + looked_at + _EFFORT[self._parts.frequency]
            if in_vain > _MOST_IN_VAIN:
                return
            yield from (_moment(day, seconds) for day, times in found for seconds in times)

    def _whole(self, days: list[date], since: datetime) -> list[tuple[date, list[int]]]:
        return [(day, self._times) for day in days if day >= since.date()]

    def _placed(self, days: list[date]) -> list[tuple[date, list[int]]]:
        """BYSETPOS: of all times of one period, those at certain places."""
        each = len(self._times)
        return [
            (days[index // each], [self._times[index % each]])
            for index in _indices(self._places or (), len(days) * each)
        ]

    def _periods(self, first: date) -> Iterator[tuple[int, list[date]]]:
        """Of each year, month, week or day whose turn it is: how many days were looked at, and those that fit."""
        frequency, interval, start = self._parts.frequency, self._parts.interval, self._start.date()
        if frequency == "YEARLY":
            for year in range(first.year + -(first.year - start.year) % interval, date.max.year + 1, interval):
                yield self._days.of_year(year)
        elif frequency == "MONTHLY":
            month, origin = first.year * 12 + first.month - 1, start.year * 12 + start.month - 1
            for number in range(month + -(month - origin) % interval, (date.max.year + 1) * 12, interval):
                yield self._days.of_month(number // 12, number % 12 + 1)
        elif frequency == "WEEKLY":
            origin = _week(start, self._parts.week_start)
            week = _week(first, self._parts.week_start)
            for ordinal in range(week + -(week - origin) % (7 * interval), date.max.toordinal() + 1, 7 * interval):
                yield self._days.among(range(ordinal, ordinal + 7))
        else:
            for day in self._days.each(first, start, interval):
                yield 1, [day] if day in self._days else []

    def _within_days(self, since: datetime) -> Iterator[datetime]:
        """HOURLY and MINUTELY: hours and minutes are counted from the start, across the days."""
        span = _SPAN[self._parts.frequency]
        step = self._parts.interval * span
        origin = _seconds(self._start) // span * span
        times = self._times if self._places is None else self._placed_within(span)
        day, in_vain = since.date(), 0
        while in_vain <= _MOST_IN_VAIN:
            midnight = day.toordinal() * _DAY
            turn = midnight + (origin - midnight) % step
            if turn >= midnight + _DAY:
                if turn // _DAY > date.max.toordinal():
                    return
                day, in_vain = date.fromordinal(turn // _DAY), in_vain + 1
                continue
            in_vain += 1
            if day in self._days:
                in_vain += len(times) // 10
                earliest = _seconds(since) - midnight
                for seconds in times[bisect_left(times, earliest) :]:
                    if (midnight + seconds - origin) // span * span % step == 0:
                        in_vain = 0
                        yield _moment(day, seconds)
            if day == date.max:
                return
            day = self._days.following(day)

    def _placed_within(self, span: int) -> list[int]:
        """BYSETPOS of an hour or a minute: every one has the same times."""
        periods: dict[int, list[int]] = {}
        for seconds in self._times:
            periods.setdefault(seconds // span, []).append(seconds)
        return [them[index] for them in periods.values() for index in _indices(self._places or (), len(them))]


@lru_cache(maxsize=256)
def expansion(text: str, start: datetime) -> Expansion:
    """Of a rule's text and its DTSTART as a naive wall-clock time. Raises ScheduleError."""
    return Expansion(read_rule(text), start)


def _moment(day: date, seconds: int) -> datetime:
    return datetime.combine(day, time(seconds // 3600, seconds // 60 % 60, seconds % 60))


def _indices(places: tuple[int, ...], count: int) -> list[int]:
    indices = {place - 1 if place > 0 else count + place for place in places}
    return sorted(index for index in indices if 0 <= index < count)


def _week(day: date, week_start: int) -> int:
    """The ordinal of the first day of a day's week."""
    return day.toordinal() - (day.weekday() - week_start) % 7


def _seconds(wall: datetime) -> int:
    return wall.toordinal() * _DAY + wall.hour * 3600 + wall.minute * 60 + wall.second
