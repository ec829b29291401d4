"""Quiet hours on a person's wall clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from personal_assistant.timing.zones import get_zone

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to before `end` on the wall clock of `zone`; over midnight when `end` is the earlier one.

    It is quiet whenever the wall clock shows such a time: an hour that is skipped is not quiet, one that is repeated
    is quiet twice. Raises ValueError for equal times, which might mean always or never.
    """

    start: time
    end: time
    zone: str

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError("quiet hours end at another time than they start")

    def inside(self, instant: datetime) -> bool:
        """Whether it is quiet at that instant."""
        shown = instant.astimezone(get_zone(self.zone)).time()
        if self.start < self.end:
            return self.start <= shown < self.end
        return shown >= self.start or shown < self.end

    def end_after(self, instant: datetime) -> datetime:
        """The first instant from this one on (aware, UTC) at which it is not quiet: itself, when it is not."""
        found = instant.astimezone(UTC)
        while self.inside(found):
            found = self._next_change(found, found + self._until_end(found))
        return found

    def _until_end(self, instant: datetime) -> timedelta:
        """How long it is until the wall clock shows `end`, as long as nobody moves its hands."""
        shown = instant.astimezone(get_zone(self.zone)).replace(tzinfo=None)
        ahead = datetime.combine(shown, self.end) - shown
        return ahead if ahead > timedelta(0) else ahead + _DAY

    def _next_change(self, start: datetime, end: datetime) -> datetime:
        """Where between the two the wall clock is moved; `end`, when it is not. It is moved at full seconds."""
        zone = get_zone(self.zone)
        offset = start.astimezone(zone).utcoffset()
        if end.astimezone(zone).utcoffset() == offset:
            return end
        before, after = start.replace(microsecond=0), end
        while after - before > _SECOND:
            middle = before + (after - before) // _SECOND // 2 * _SECOND
            if middle.astimezone(zone).utcoffset() == offset:
                before = middle
            else:
                after = middle
        return after
