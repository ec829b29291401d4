"""The rules that are not of the calendar: one instant, elapsed steps, cron expressions and RFC 5545 rules."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim

from personal_assistant.timing.recurrence.rrule import expansion
from personal_assistant.timing.zones import to_instant, to_wall

_DAY = timedelta(days=1)
# So many steps that fall on excluded weekdays one after another: all minutes of a week, after which they repeat.
_MOST_IN_VAIN = 7 * 24 * 60


class Rule(Protocol):
    """Gives instants one by one. A rule is a value: it can be compared and hashed."""

    def __hash__(self) -> int: ...

    def instants(self, after: datetime, zone: ZoneInfo, start: datetime | None) -> Iterator[datetime]:
        """The instants later than `after`, ascending, each once (aware, UTC); `start` is where counting begins.

        Raises OverflowError at the end of the calendar.
        """
        ...


@dataclass(frozen=True)
class Once:
    """One instant (aware, UTC)."""

    at: datetime

    def instants(self, after: datetime, zone: ZoneInfo, start: datetime | None) -> Iterator[datetime]:
        del zone, start
        if self.at > after:
            yield self.at


@dataclass(frozen=True)
class Elapsed:
    """Steps of elapsed time from the start, or from whatever was last where there is no start.

    On `excluded` weekdays (Monday is 0) it does not occur.
    """

    step: timedelta
    excluded: tuple[int, ...] = ()

    def instants(self, after: datetime, zone: ZoneInfo, start: datetime | None) -> Iterator[datetime]:
        instant = self._step(after, start)
        in_vain = 0
        while in_vain <= _MOST_IN_VAIN:
            if not self.excluded or (local := instant.astimezone(zone)).weekday() not in self.excluded:
                yield instant
                in_vain, instant = 0, self._step(instant, start)
                continue
            in_vain += 1
            if start is not None and self.step >= _DAY:
                instant += self.step
                continue
            tomorrow = first_instant(local.date() + _DAY, zone)
            instant = tomorrow if start is None else self._step(tomorrow - timedelta.resolution, start)

    def _step(self, after: datetime, start: datetime | None) -> datetime:
        if start is None:
            return after + self.step
        return start if start > after else start + ((after - start) // self.step + 1) * self.step


@dataclass(frozen=True)
class Cron:
    """A cron expression of five fields, by the wall clock."""

    expression: str

    def instants(self, after: datetime, zone: ZoneInfo, start: datetime | None) -> Iterator[datetime]:
        del start
        return later(CronSim(self.expression, to_wall(after, zone)), after, zone)


@dataclass(frozen=True)
class RecurrenceRule:
    """An RFC 5545 RRULE without COUNT and UNTIL, by the wall clock; its DTSTART is the schedule's start."""

    text: str

    def instants(self, after: datetime, zone: ZoneInfo, start: datetime | None) -> Iterator[datetime]:
        assert start is not None
        walls = expansion(self.text, to_wall(start, zone)).walls(to_wall(after, zone))
        return later(walls, after, zone)


def later(walls: Iterable[datetime], after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The instants of ascending wall times; those later than `after`, and those that meet after a gap once."""
    for wall in walls:
        instant = to_instant(wall, zone)
        if instant > after:
            yield instant
            after = instant


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day (aware, UTC)."""
    return to_instant(datetime.combine(day, time()), zone)
