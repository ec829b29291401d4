"""Reading numeric dates: ISO 8601, with and without an offset, and the ones with slashes."""

from datetime import UTC, datetime, timedelta, timezone

from personal_assistant.timing.language.days import Absolute, Day, InMonth
from personal_assistant.timing.language.month_days import day_of_month
from personal_assistant.timing.language.problems import AMBIGUOUS, IMPOSSIBLE, Fix, Problem
from personal_assistant.timing.language.tokens import Token, Tokens
from personal_assistant.timing.recurrence.describe import MONTHS as MONTH_NAMES


def written_date(tokens: Tokens, index: int) -> tuple[Day, int] | None:
    """«2026-04-05», also with a time and an offset; «13/04», «04/13/2026»."""
    token = tokens[index]
    if token.kind == "iso":
        year, month, day = (int(part) for part in token.text.split("-"))
        return _absolute(tokens, index, year, month, day) or (
            _checked(day, month, year, token),
            _behind_t(tokens, index),
        )
    if token.kind != "date":
        return None
    parts = [int(part) for part in token.text.replace(".", "/").replace("-", "/").split("/")]
    if len(parts) == 3 and len(token.text.split("/")[0]) == 4:
        return _checked(parts[2], parts[1], parts[0], token), index + 1
    return _slashed(parts[0], parts[1], _century(parts[2]) if len(parts) == 3 else None, token), index + 1


def _century(year: int) -> int:
    return year + 2000 if year < 100 else year


def _slashed(first: int, second: int, year: int | None, token: Token) -> Day:
    """Day and month in either order: only a number above 12 tells which is which."""
    if 1 <= first <= 12 and 1 <= second <= 12:
        suffix = f" {year}" if year else ""
        fixes = tuple(
            Fix(token.start, token.end, f"{day} {MONTH_NAMES[month - 1]}{suffix}")
            for day, month in ((first, second), (second, first))
        )
        meanings = " or ".join(dict.fromkeys(fix.text for fix in fixes))
        problem = Problem(AMBIGUOUS, f"{token.text} could be {meanings}.", fixes)
        return InMonth((first,), month=second, span=(token.start, token.end), problem=problem)
    day, month = (first, second) if first > 12 else (second, first)
    return _checked(day, month, year, token)


def _checked(day: int, month: int, year: int | None, token: Token) -> Day:
    span = (token.start, token.end)
    if not 1 <= month <= 12:
        return InMonth(
            (1,), span=span, problem=Problem(IMPOSSIBLE, f"{token.text} is not a date: there is no month {month}.")
        )
    return day_of_month((day,), month, year, span)


def _absolute(tokens: Tokens, index: int, year: int, month: int, day: int) -> tuple[Day, int] | None:
    """An ISO date with a time and an offset («+02:00», «Z»): an instant whatever the zone."""
    clock = _behind_t(tokens, index)
    time = tokens[clock]
    zulu = tokens.word(clock + 1, "z") and tokens.joined(clock + 1)
    signed = tokens.symbol(clock + 1, "+") or (tokens.symbol(clock + 1, "-") and tokens.joined(clock + 1))
    signed = signed and tokens.joined(clock + 2) and tokens[clock + 2].kind in ("time", "number")
    if time.kind != "time" or not (zulu or signed):
        return None
    end = clock + (2 if zulu else 3)
    span = tokens.span(index, end)
    digits = "0000" if zulu else tokens[clock + 2].text.replace(":", "")
    try:
        minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
        sign = -1 if tokens.symbol(clock + 1, "-") else 1
        offset = timezone(sign * timedelta(minutes=minutes))
        hour, minute, second = (int(part) for part in f"{time.text.partition('.')[0]}:0".split(":")[:3])
        written = datetime(year, month, day, hour, minute, second, tzinfo=offset)
        return Absolute(written.astimezone(UTC), span), end
    except (ValueError, OverflowError):
        problem = Problem(IMPOSSIBLE, f"{tokens.text[span[0] : span[1]]} is not a moment of the calendar.")
        return Absolute(datetime.max.replace(tzinfo=UTC), span, problem), end


def _behind_t(tokens: Tokens, index: int) -> int:
    """The index behind an ISO date, and behind the T before a time."""
    behind = index + 1
    if tokens.word(behind, "t") and tokens.joined(behind) and tokens[behind + 1].kind == "time":
        return behind + 1
    return behind
