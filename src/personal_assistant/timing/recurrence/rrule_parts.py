"""Reading the text of an RFC 5545 RRULE (section 3.3.10)."""

import re
from dataclasses import dataclass
from typing import NoReturn

from personal_assistant.timing.recurrence.errors import ScheduleError

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LONGEST_INTERVAL = 10_000_000
# Part: (lowest, highest, whether it also counts backwards from the end).
_RANGES = {
    "BYMONTH": (1, 12, False),
    "BYWEEKNO": (1, 53, True),
    "BYYEARDAY": (1, 366, True),
    "BYMONTHDAY": (1, 31, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 59, False),
    "BYSETPOS": (1, 366, True),
}
_KNOWN = ("FREQ", "INTERVAL", "WKST", "BYDAY", *_RANGES)
_NUMBER = re.compile(r"[+-]?[0-9]{1,3}")
_DAY = re.compile(rf"([+-]?[0-9]{{1,2}})?({'|'.join(_WEEKDAYS)})")


@dataclass(frozen=True)
class Parts:
    """The parts of a rule. Weekdays: Monday is 0. Negative numbers count from the end.

    by: the numbers of BYMONTH, BYHOUR and so on, ascending; a part that is not given is missing.
    weekdays: BYDAY without a number; nth: with one, as (n, weekday).
    """

    frequency: str
    interval: int
    week_start: int
    by: dict[str, tuple[int, ...]]
    weekdays: tuple[int, ...]
    nth: tuple[tuple[int, int], ...]


def split_rule(text: str) -> dict[str, str]:
    """The parts of a rule by name. Raises ScheduleError for one that stands twice."""
    parts: dict[str, str] = {}
    for part in filter(None, text.split(";")):
        name, _, value = part.partition("=")
        if name in parts:
            raise ScheduleError(f"The rule has {name[:20]} twice.")
        parts[name] = value
    return parts


def read_rule(text: str) -> Parts:
    """The parts of a rule without COUNT and UNTIL, in capitals. Raises ScheduleError with the part that is wrong."""
    given = split_rule(text)
    frequency = given.get("FREQ", "")
    unknown = next((name for name in given if name not in _KNOWN), None)
    if unknown is not None:
        raise ScheduleError(f"A recurrence rule has no part {unknown[:30]!r}. Its parts are {', '.join(_KNOWN)}.")
    if frequency == "SECONDLY" or "," in given.get("BYSECOND", ""):
        raise ScheduleError("Nothing can occur more often than once a minute.")
    if frequency not in FREQUENCIES:
        raise ScheduleError(f"FREQ is one of {', '.join(FREQUENCIES)}.")
    interval = given.get("INTERVAL", "1")
    if re.fullmatch("[0-9]{1,8}", interval) is None or not 1 <= int(interval) <= _LONGEST_INTERVAL:
        raise ScheduleError(f"INTERVAL is a whole number from 1 to {_LONGEST_INTERVAL}.")
    week_start = given.get("WKST", "MO")
    if week_start not in _WEEKDAYS:
        raise ScheduleError(f"WKST is one of {', '.join(_WEEKDAYS)}.")
    by = {name: _numbers(name, given[name]) for name in _RANGES if name in given}
    weekdays, nth = _days(given["BYDAY"]) if "BYDAY" in given else ((), ())
    if nth and (frequency not in ("YEARLY", "MONTHLY") or "BYWEEKNO" in by):
        raise ScheduleError("BYDAY has numbers, like 2TU, only in MONTHLY rules and in YEARLY ones without BYWEEKNO.")
    return Parts(frequency, int(interval), _WEEKDAYS.index(week_start), by, weekdays, nth)


def _numbers(name: str, value: str) -> tuple[int, ...]:
    lowest, highest, backwards = _RANGES[name]
    numbers = set()
    for item in value.split(","):
        number = int(item) if _NUMBER.fullmatch(item) else _wrong(name, item)
        if not lowest <= (abs(number) if backwards else number) <= highest:
            _wrong(name, item)
        numbers.add(number)
    return tuple(sorted(numbers))


def _days(value: str) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    weekdays, nth = set(), set()
    for item in value.split(","):
        found = _DAY.fullmatch(item)
        if found is None or (found[1] is not None and not 1 <= abs(int(found[1])) <= 53):
            raise ScheduleError(f"BYDAY has days like MO, 2TU or -1FR, not {item[:20]!r}.")
        weekday = _WEEKDAYS.index(found[2])
        if found[1] is None:
            weekdays.add(weekday)
        else:
            nth.add((int(found[1]), weekday))
    return tuple(sorted(weekdays)), tuple(sorted(nth))


def _wrong(name: str, item: str) -> NoReturn:
    lowest, highest, backwards = _RANGES[name]
    also = f", or -{highest} to -{lowest}" if backwards else ""
    raise ScheduleError(f"{name} has whole numbers from {lowest} to {highest}{also}, not {item[:20]!r}.")
