"""The rules that are not of the calendar: one instant, elapsed steps, cron expressions and RFC 5545 rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim
from dateutil.rrule import rrule, rrulestr

from personal_assistant.timing.recurrence.calendar import local_midnight
from personal_assistant.timing.zones import to_instant, to_wall

_SECONDS = {"MINUTELY": 60, "HOURLY": 3600, "DAILY": 86_400, "WEEKLY": 7 * 86_400}
_HORIZON = {"MINUTELY": timedelta(days=9 * 366), "HOURLY": timedelta(days=9 * 366)}
_FAR = timedelta(days=40 * 366)


class Rule(Protocol):
    """Finds instants one by one."""

    def next_instant(self, after: datetime, zone: ZoneInfo, start: datetime | None) -> datetime | None:
        """The first instant later than `after` (aware, UTC), or None; `start` is where counting begins."""
        ...


@dataclass(frozen=True)
class Once:
    """One instant (aware, UTC)."""

    at: datetime

    def next_instant(self, after: datetime, zone: ZoneInfo, start: datetime | None) -> datetime | None:
        del zone, start
        return self.at if self.at > after else None


@dataclass(frozen=True)
class Elapsed:
    """Steps of elapsed time from the start, or from whatever was last where there is no start.

    On `excluded` weekdays (Monday is 0) it does not occur.
    """

    step: timedelta
    excluded: tuple[int, ...] = ()

    def next_instant(self, after: datetime, zone: ZoneInfo, start: datetime | None) -> datetime | None:
        try:
            instant = self._step(after, start)
            while instant.astimezone(zone).weekday() in self.excluded:
                tomorrow = local_midnight(instant.astimezone(zone).date() + timedelta(days=1), zone)
                instant = tomorrow if start is None else self._step(tomorrow - timedelta.resolution, start)
        except OverflowError:
            return None
        return instant

    def _step(self, after: datetime, start: datetime | None) -> datetime:
        if start is None:
            return after + self.step
        return start if start > after else start + ((after - start) // self.step + 1) * self.step


@dataclass(frozen=True)
class Cron:
    """A cron expression of five fields, by the wall clock."""

    expression: str

    def next_instant(self, after: datetime, zone: ZoneInfo, start: datetime | None) -> datetime | None:
        del start
        for wall in CronSim(self.expression, to_wall(after, zone)):
            instant = to_instant(wall, zone)
            if instant > after:
                return instant
        return None


@dataclass(frozen=True)
class RecurrenceRule:
    """An RFC 5545 RRULE without COUNT and UNTIL, by the wall clock; its DTSTART is the schedule's start."""

    text: str
    frequency: str
    interval: int

    def next_instant(self, after: datetime, zone: ZoneInfo, start: datetime | None) -> datetime | None:
        assert start is not None
        wall = to_wall(after, zone)
        first = self._skip_ahead(to_wall(start, zone), wall)
        rule = rrulestr(self.text, dtstart=first)
        assert isinstance(rule, rrule)
        rule = rule.replace(until=self._horizon(wall))
        for candidate in rule.xafter(wall, inc=True):
            instant = to_instant(candidate, zone)
            if instant > after:
                return instant
        return None

    def _skip_ahead(self, first: datetime, wall: datetime) -> datetime:
        """Whole periods on, which gives the same instants and spares walking through years of them."""
        if self.frequency not in _SECONDS or wall <= first:
            return first
        period = timedelta(seconds=_SECONDS[self.frequency] * self.interval)
        return first + max(0, (wall - first) // period - 1) * period

    def _horizon(self, wall: datetime) -> datetime:
        """How far to look: a rule like «30 February» would be followed to the end of the calendar."""
        end = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 - a wall time has no zone
        if self.frequency not in _SECONDS:
            return end
        reach = max(
            _HORIZON.get(self.frequency, _FAR), timedelta(seconds=_SECONDS[self.frequency] * self.interval * 100)
        )
        return end if end - wall < reach else wall + reach
