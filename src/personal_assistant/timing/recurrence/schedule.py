"""A rule with its zone and its ends."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from personal_assistant.timing.recurrence.rules import Rule
from personal_assistant.timing.zones import get_zone, to_instant

Bound = date | datetime
_TICK = timedelta.resolution


@dataclass(frozen=True)
class Schedule:
    """When something occurs. Two schedules with the same fields are equal.

    zone: the IANA zone of its wall-clock times.
    start: nothing before; intervals are counted from here. A date means its first instant; a datetime is aware, UTC.
    until: nothing after. A date counts whole; a datetime is aware, UTC, and counts itself.
    count: no more than so many occurrences from the start.
    """

    rule: Rule
    zone: str
    start: Bound | None = None
    until: Bound | None = None
    count: int | None = None

    def next_after(self, after: datetime) -> datetime | None:
        """The first occurrence later than `after` (aware): an aware UTC instant, or None when it is over."""
        found = self._unbounded(after)
        return None if found is None or (self.last_possible is not None and found > self.last_possible) else found

    def upcoming(self, after: datetime, limit: int = 5) -> list[datetime]:
        """The next occurrences later than `after`, at most `limit`."""
        found: list[datetime] = []
        instant = self.next_after(after)
        while instant is not None and len(found) < limit:
            found.append(instant)
            instant = self.next_after(instant)
        return found[:limit]

    def describe(self) -> str:
        """What it means in words, on the clock of its zone, which is not named."""
        from personal_assistant.timing.recurrence.describe import describe

        return describe(self)

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
            return to_instant(datetime.combine(self.start, time()), self.tz)
        return self.start

    def _unbounded(self, after: datetime) -> datetime | None:
        after = after.astimezone(UTC)
        start = self.first_possible
        if start is not None and start > after:
            after = start - _TICK
        return self.rule.next_instant(after, self.tz, start)

    @cached_property
    def last_possible(self) -> datetime | None:
        """The last instant (aware, UTC) at which it may occur; None when it has no end."""
        ends = [end for end in (self._until_instant(), self._counted_out()) if end is not None]
        return min(ends, default=None)

    def _until_instant(self) -> datetime | None:
        if isinstance(self.until, date) and not isinstance(self.until, datetime):
            if self.until == date.max:
                return None
            return to_instant(datetime.combine(self.until + timedelta(days=1), time()), self.tz) - _TICK
        return self.until

    def _counted_out(self) -> datetime | None:
        if self.count is None or self.first_possible is None:
            return None
        instant: datetime | None = self.first_possible - _TICK
        last = None
        for _ in range(self.count):
            instant = self._unbounded(instant) if instant is not None else None
            if instant is None:
                return None
            last = instant
        return last
