"""Reading a `schedule_config`: every key checked, none ignored."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time
from reprlib import Repr
from typing import Any
from zoneinfo import ZoneInfo

from personal_assistant.timing.recurrence.errors import ScheduleError
from personal_assistant.timing.zones import EARLIEST, to_instant, to_wall

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_MOST_TIMES = 1440
_MOST_DATES = 100
_LONGEST_TEXT = 500
_SHORT = Repr()
_SHORT.maxstring = 60


class Fields:
    """The keys of one configuration, taken out one by one; what is left over at the end is an error."""

    def __init__(self, schedule_type: str, config: Mapping[str, Any], zone: ZoneInfo) -> None:
        self._type = schedule_type
        if not all(isinstance(key, str) for key in config):
            raise ScheduleError("The keys of a schedule's configuration are words.")
        self._config = {key: value for key, value in config.items() if value is not None}
        self._zone = zone

    def has(self, key: str) -> bool:
        return key in self._config

    def add(self, key: str, value: Any) -> None:
        """A key that was written elsewhere. Raises ScheduleError when it stands here too."""
        if key in self._config:
            raise ScheduleError(f"{key} is given twice.")
        self._config[key] = value

    def finish(self) -> None:
        """Raises ScheduleError when a key was not taken."""
        if self._config:
            unknown = ", ".join(sorted(self._config))[:100]
            raise ScheduleError(f"A {self._type} schedule has no {unknown}.")

    def whole(self, key: str, default: int, lowest: int, highest: int) -> int:
        """A whole number; numbers in strings pass, as they did in the earlier scheduler."""
        return _whole(self._config.pop(key, default), key, lowest, highest)

    def number(self, key: str, default: float) -> float:
        value = self._config.pop(key, default)
        try:
            if isinstance(value, bool):
                raise TypeError
            return float(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise ScheduleError(f"{key} is a number, not {_shown(value)}.") from error

    def wholes(self, key: str, default: list[int], lowest: int, highest: int, *, also: int | None = None) -> list[int]:
        """A list of whole numbers, without doubles, ascending; `also` is one allowed outside the range, kept last."""
        value = self._config.pop(key, default)
        items = value if isinstance(value, list | tuple) else [value]
        if not items:
            items = default
        numbers = {
            also if also is not None and item in (also, str(also)) else _whole(item, key, lowest, highest)
            for item in items
        }
        return sorted(numbers, key=lambda number: (number == also, number))

    def nth(self) -> list[tuple[int, int]]:
        """Pairs of a number (1 to 5, -1 for the last) and a weekday (Monday is 0)."""
        value = self._config.pop("nth", [])
        if not isinstance(value, list | tuple) or not all(
            isinstance(it, list | tuple) and len(it) == 2 for it in value
        ):
            raise ScheduleError("nth is a list of pairs, like [[1, 0]] for the first Monday.")
        pairs = [(-1 if n in (-1, "-1") else _whole(n, "nth", 1, 5), _whole(day, "nth", 0, 6)) for n, day in value]
        return sorted(set(pairs), key=lambda pair: (pair[0] == -1, pair))

    def times(self) -> list[int]:
        """The times of the day in seconds after midnight: `times`, or `hour` and `minute`, or 09:00."""
        if not self.has("times"):
            hour = self.whole("hour", 9, 0, 23)
            return [hour * 3600 + self.whole("minute", 0, 0, 59) * 60]
        if self.has("hour") or self.has("minute"):
            raise ScheduleError("Give either times, or hour and minute.")
        value = self._config.pop("times")
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= _MOST_TIMES:
            raise ScheduleError(f'times is a list of 1 to {_MOST_TIMES} times, like ["09:00", "18:00"].')
        return sorted({_clock_time(item) for item in value})

    def text(self, key: str) -> str:
        value = self._config.pop(key, None)
        if not isinstance(value, str) or not value.strip():
            raise ScheduleError(f"A {self._type} schedule needs its {key}.")
        if len(value) > _LONGEST_TEXT:
            raise ScheduleError(f"{key} is longer than {_LONGEST_TEXT} characters.")
        return value.strip()

    def instant(self, key: str) -> datetime:
        """An aware UTC instant; one without an offset is meant in the zone."""
        bound = self.bound(key)
        if bound is None:
            raise ScheduleError(f"A {self._type} schedule needs {key}, like 2026-04-05T09:00:00.")
        if not isinstance(bound, datetime):
            raise ScheduleError(f"{key} needs a time of day, like {bound}T09:00:00.")
        return bound

    def bound(self, key: str) -> date | datetime | None:
        """A date, an aware UTC instant, or None where the key is not given."""
        value = self._config.pop(key, None)
        if value is None:
            return None
        if isinstance(value, str):
            value = _parsed(value.strip(), key)
        if isinstance(value, datetime):
            return self._instant(value, key)
        if isinstance(value, date):
            self._instant(datetime.combine(value, time()), key)
            return value
        raise ScheduleError(f"{key} is a date or a time in ISO 8601, not {_shown(value)}.")

    def _instant(self, value: datetime, key: str) -> datetime:
        try:
            instant = to_instant(value, self._zone) if value.tzinfo is None else value.astimezone(UTC)
            to_wall(instant, self._zone)
        except (OverflowError, ValueError) as error:
            raise ScheduleError(f"{key} is beyond the calendar, which ends with the year 9999.") from error
        if instant < EARLIEST:
            raise ScheduleError(f"{key} is before the calendar, which begins with the year 1.")
        return instant

    def dates(self, key: str) -> list[date]:
        """A list of dates, ascending, without doubles; empty where the key is not given."""
        value = self._config.pop(key, [])
        if not isinstance(value, list | tuple) or len(value) > _MOST_DATES:
            raise ScheduleError(f'{key} is a list of at most {_MOST_DATES} dates, like ["2026-04-05"].')
        found = [_parsed(item.strip(), key) if isinstance(item, str) else item for item in value]
        if not all(type(it) is date for it in found):
            raise ScheduleError(f'{key} has dates without a time, like "2026-04-05".')
        return sorted(set(found))


def _parsed(text: str, key: str) -> date | datetime:
    try:
        with suppress(ValueError):
            return date.fromisoformat(text)
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ScheduleError(f"{key} is a date or a time in ISO 8601, not {_shown(text)}.") from error


def _whole(value: Any, key: str, lowest: int, highest: int) -> int:
    in_words = isinstance(value, str) and len(value) < 10 and value.strip().removeprefix("-").isdecimal()
    in_digits = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if (in_words or in_digits) and lowest <= int(value) <= highest:
        return int(value)
    raise ScheduleError(f"{key} is a whole number from {lowest} to {highest}, not {_shown(value)}.")


def _clock_time(text: Any) -> int:
    found = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ScheduleError(f"{_shown(text)} is not a time of day like 09:30.")
    hour, minute, second = (int(part or 0) for part in found.groups())
    if hour > 23 or minute > 59 or second > 59:
        raise ScheduleError(f"{text} is not a time of day: 00:00 to 23:59.")
    return hour * 3600 + minute * 60 + second


def _shown(value: Any) -> str:
    try:
        return _SHORT.repr(value)[:60]
    except ValueError:  # an integer too long for Python to write
        return "such a long one"
