"""Days and months on a person's clock."""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from personal_assistant.ai.model import AITaskError
from personal_assistant.timing.recurrence.rules import first_instant

MOST_DAYS = 42
# Before it there was nothing to keep, and beyond it nobody plans.
FIRST_YEAR, LAST_YEAR = 1970, 2199
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A day of a zone: from its first instant until before that of the next day (aware, UTC).

    Both are equal for a day that a zone has left out.
    """

    day: date
    start: datetime
    stop: datetime


def spans(first: date, last: date, zone: ZoneInfo) -> Sequence[Span]:
    """The days from `first` to `last`, both among them.

    Raises AITaskError where there are none, or more than `MOST_DAYS`, or years that nobody asks for.
    """
    if not (FIRST_YEAR <= first.year <= LAST_YEAR and FIRST_YEAR <= last.year <= LAST_YEAR):
        raise AITaskError(f"The calendar shows the years {FIRST_YEAR} to {LAST_YEAR}.")
    if last < first:
        raise AITaskError("The last day comes before the first. Give them the other way round.")
    count = (last - first).days + 1
    if count > MOST_DAYS:
        raise AITaskError(f"These are {count} days. Ask for at most {MOST_DAYS} at once.")
    starts = [first_instant(first + number * _DAY, zone) for number in range(count + 1)]
    return [Span(first + number * _DAY, starts[number], starts[number + 1]) for number in range(count)]


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str, today: date) -> "Month":
        """From «2026-11»; that of `today` where there is no text. Raises AITaskError for another text."""
        if not text:
            return cls(today.year, today.month)
        found = re.fullmatch(r"([0-9]{4})-([0-9]{2})", text)
        if found is None or not (1 <= int(found[2]) <= 12 and FIRST_YEAR <= int(found[1]) <= LAST_YEAR):
            raise AITaskError(
                f"There is no month «{text[:20]}». Write it like {today:%Y-%m}, "
                f"in the years {FIRST_YEAR} to {LAST_YEAR}."
            )
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        return date(self.year, self.number, monthrange(self.year, self.number)[1])

    def other(self, step: int) -> "Month | None":
        """So many months later, or earlier; None beyond the calendar."""
        number = self.year * 12 + self.number - 1 + step
        found = Month(number // 12, number % 12 + 1)
        return found if FIRST_YEAR <= found.year <= LAST_YEAR else None

    @property
    def weeks(self) -> tuple[date, date]:
        """The Monday of its first week and the Sunday of its last one, within the years of the calendar."""
        monday = self.first - self.first.weekday() * _DAY
        sunday = self.last + (6 - self.last.weekday()) * _DAY
        return max(monday, date(FIRST_YEAR, 1, 1)), min(sunday, date(LAST_YEAR, 12, 31))


def read_day(text: str, today: date) -> date:
    """From «2026-11-28». Raises AITaskError for another text."""
    try:
        found = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        found = None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise AITaskError(f"There is no day «{text[:20]}». Write it like {today:%Y-%m-%d}.")
    return found
