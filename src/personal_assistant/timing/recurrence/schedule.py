"""A rule with its zone and its ends."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from personal_assistant.timing.recurrence.rules import Rule, first_instant
from personal_assistant.timing.zones import EARLIEST, get_zone

Bound = date | datetime
_TICK = timedelta.resolution
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Schedule:
    """When something occurs. Two schedules with the same fields are equal.

    zone: the IANA zone of its wall-clock times.
    start: nothing before; intervals are counted from here. A date means its first instant; a datetime is aware, UTC.
    until: nothing after. A date counts whole; a datetime is aware, UTC, and counts itself.
    count: no more than so many occurrences from the start, those on excepted dates among them (as RFC 5545 counts).
    except_dates: on these days of its zone it does not occur; elapsed steps then need a start.
    """

    rule: Rule
    zone: str
    start: Bound | None = None
    until: Bound | None = None
    count: int | None = None
    except_dates: tuple[date, ...] = ()

    def next_after(self, after: datetime) -> datetime | None:
        """The first occurrence later than `after` (aware): an aware UTC instant, or None when it is over."""
        return next(self._occurrences(after), None)

    def upcoming(self, after: datetime, limit: int = 5) -> list[datetime]:
        """The next occurrences later than `after`, at most `limit`."""
        return list(islice(self._occurrences(after), max(0, limit)))

    def between(self, after: datetime, end: datetime) -> Iterator[datetime]:
        """The occurrences later than `after` and before `end` (both aware), one by one."""
        return takewhile(lambda instant: instant < end, self._occurrences(after))

    def describe(self) -> str:
        """What it means in words, on the clock of its zone, which is not named."""
        return self._words

    def to_config(self) -> tuple[str, dict[str, Any]]:
        """The `schedule_type` and `schedule_config` to store; `parse_schedule` makes an equal schedule of them."""
        from personal_assistant.timing.recurrence.config import to_config

        return to_config(self)

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone itself."""
        return get_zone(self.zone)

    @cached_property
    def first_possible(self) -> datetime | None:
        """The start as an instant (aware, UTC)."""
        if isinstance(self.start, date) and not isinstance(self.start, datetime):
            return first_instant(self.start, self.tz)
        return self.start

    @cached_property
    def last_possible(self) -> datetime | None:
        """The last instant (aware, UTC) at which it may occur; None when it has no end."""
        start = self.first_possible
        counted = None if self.count is None or start is None else _nth(self.rule, self.tz, start, self.count)
        return min((end for end in (self._until_instant(), counted) if end is not None), default=None)

    @cached_property
    def _words(self) -> str:
        from personal_assistant.timing.recurrence.describe import describe

        return describe(self)

    def _occurrences(self, after: datetime) -> Iterator[datetime]:
        after = max(after, EARLIEST).astimezone(UTC)
        start, last = self.first_possible, self.last_possible
        if start is not None and start > after:
            after = start - _TICK
        with suppress(OverflowError):  # the end of the calendar
            for instant in self.rule.instants(after, self.tz, start):
                if last is not None and instant > last:
                    return
                day = instant.astimezone(self.tz).date() if self.except_dates else None
                if day in self.except_dates:
                    yield from self._occurrences(first_instant(day + _DAY, self.tz) - _TICK)
                    return
                yield instant

    def _until_instant(self) -> datetime | None:
        if self.until is None or self.until == date.max:
            return None
        if isinstance(self.until, datetime):
            return self.until
        return first_instant(self.until + _DAY, self.tz) - _TICK


@lru_cache(maxsize=1024)
def _nth(rule: Rule, zone: ZoneInfo, start: datetime, count: int) -> datetime | None:
    """The instant of the last of `count` occurrences from the start; None when it does not have so many."""
    with suppress(OverflowError):
        return next(islice(rule.instants(start - _TICK, zone, start), count - 1, None), None)
    return None
