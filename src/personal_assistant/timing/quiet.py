"""Quiet hours on a person's wall clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from personal_assistant.timing.zones import get_zone

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to before `end` on the wall clock of `zone`; over midnight when `end` is the earlier one.

    The two differ. An instant belongs to them when the wall clock shows such a time, however often it does so that day.
    """

    start: time
    end: time
    zone: str

    def inside(self, instant: datetime) -> bool:
        """Whether it is quiet at that instant."""
        shown = instant.astimezone(get_zone(self.zone)).time()
        if self.start < self.end:
            return self.start <= shown < self.end
        return shown >= self.start or shown < self.end

    def end_after(self, instant: datetime) -> datetime:
        """The first instant from this one on at which it is not quiet: itself, or a full minute."""
        if not self.inside(instant):
            return instant
        found = instant.astimezone(UTC).replace(second=0, microsecond=0)
        while self.inside(found):
            found += _MINUTE
        return found
