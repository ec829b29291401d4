"""How many jobs of one key may run at once, and how many may start in a span of time."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_PERIODS = {"s": 1, "m": 60, "h": 3600}
_RATE = re.compile(r"([1-9]\d{0,8})/([smh])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SHORTEST_PAUSE = timedelta(milliseconds=100)
# Starts are remembered to a hundredth of the period, so that what is kept of a rate stays small.
_GRAINS = 100

# Pairs: until when some starts count, in microseconds since 1970, and how many they are.
Spent = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` starts in any `seconds`. Of each start it is kept until when it counts."""

    count: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """From a text like `10/m`: per second, minute or hour. Raises ValueError."""
        match = _RATE.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise ValueError(f"a rate is a whole number per s, m or h, like '10/m', and not {text!r}")
        return cls(int(match[1]), _PERIODS[match[2]])

    @property
    def _period(self) -> int:
        return self.seconds * 1_000_000

    def counted(self, spent: Iterable[Iterable[int]], now: datetime) -> Spent:
        """What still counts. A clock that was set back does not make it count for longer than a period."""
        instant = _microseconds(now)
        latest = self._until(instant)
        return [(min(until, latest), number) for until, number in spent if until > instant]

    def free(self, spent: Spent) -> int:
        """How many may start now, of what is still `counted`."""
        return self.count - sum(number for _, number in spent)

    def spend(self, spent: Spent, number: int, now: datetime) -> Spent:
        """With so many more started now."""
        until = self._until(_microseconds(now))
        same = sum(already for end, already in spent if end == until)
        return [*((end, already) for end, already in spent if end != until), (until, same + number)]

    def hold(self, spent: Spent, unstarted: int, now: datetime) -> Spent:
        """With so many of the newest, and more if need be, counted as if they started now: they have not yet."""
        left = unstarted
        started: Spent = []
        for until, number in sorted(spent, reverse=True):
            held = min(left, number)
            left -= held
            started += [(until, number - held)] if number > held else []
        return self.spend(started, unstarted, now) if unstarted else spent

    def pause(self) -> timedelta:
        """How long to wait before it is looked again whether jobs that may start have started."""
        return max(timedelta(seconds=self.seconds) / self.count, _SHORTEST_PAUSE)

    def _until(self, instant: int) -> int:
        grain = self._period // _GRAINS
        return -(-(instant + self._period) // grain) * grain


@dataclass(frozen=True, slots=True)
class Limit:
    """What holds for each key of a task: so many jobs at once, such a rate; None for no such limit."""

    concurrency: int | None
    rate: Rate | None = None


def ends(spent: Spent) -> list[datetime]:
    """The instants at which starts cease to count, the first one first."""
    return sorted(_EPOCH + until * _MICROSECOND for until, _ in spent)


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND
