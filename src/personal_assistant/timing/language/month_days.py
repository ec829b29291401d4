"""Reading days of months, and the n-th weekday of a month."""

from calendar import monthrange
from dataclasses import dataclass
from typing import Any

from personal_assistant.timing.language.days import Day, InMonth, Pick, pick_day
from personal_assistant.timing.language.numbers import ordinal, whole_words
from personal_assistant.timing.language.problems import AMBIGUOUS, IMPOSSIBLE, Fix, Problem
from personal_assistant.timing.language.tokens import Tokens
from personal_assistant.timing.language.vocabulary import MONTHS, WEEKDAYS
from personal_assistant.timing.recurrence.calendar import LAST
from personal_assistant.timing.recurrence.describe import MONTHS as MONTH_NAMES

_LEAP_YEAR = 2000
_LAST_YEAR = 9999


def day_of_month(picks: tuple[Pick, ...], month: int, year: int | None, span: tuple[int, int]) -> InMonth:
    """Days of a named month, checked against the calendar."""
    problem = None
    name = MONTH_NAMES[month - 1]
    length = monthrange(year or _LEAP_YEAR, month)[1] if year is None or 1 <= year <= _LAST_YEAR else 31
    if year is not None and not 1 <= year <= _LAST_YEAR:
        problem = Problem(IMPOSSIBLE, f"The year {year} is beyond the calendar, which goes to {_LAST_YEAR}.")
    elif any(isinstance(pick, int) and pick != LAST and not 1 <= pick <= length for pick in picks):
        suffix = f" {year}" if year else ""
        fix = Fix(*span, f"{length} {name}{suffix}")
        problem = Problem(IMPOSSIBLE, f"{name}{suffix} has the days 1 to {length}.", (fix,))
    elif year is not None and pick_day(picks[0], year, month) is None:
        problem = Problem(IMPOSSIBLE, f"{name} {year} has no such day.")
    if problem is not None:
        return InMonth((1,), month=month, span=span, problem=problem)
    return InMonth(picks, month=month, year=year, span=span)


def month_days(tokens: Tokens, index: int, *, recurs: bool) -> tuple[Day, int] | None:
    """«5 April 2027», «April 5th», «the 3rd», «last friday of the month», «end of next month», «1st of every month».

    `recurs`: in a recurrence «the first monday» needs no «of the month».
    """
    for found in (_month_first(tokens, index), _day_first(tokens, index, recurs=recurs), _end_of(tokens, index)):
        if found is not None:
            return found
    return None


def _month_first(tokens: Tokens, index: int) -> tuple[Day, int] | None:
    month = MONTHS.get(tokens[index].text) if tokens[index].kind == "word" else None
    if month is None:
        return None
    start = tokens.skip(index + 1, "the")
    day = ordinal(tokens, start) or _number_of_day(tokens, start)
    if day is None or tokens[day[1]].kind in ("half", "clock"):
        return None
    return _with_year(tokens, index, day[1], (day[0],), month)


def _number_of_day(tokens: Tokens, index: int) -> tuple[int, int] | None:
    token = tokens[index]
    if token.kind == "number" and token.text.isdecimal() and len(token.text) <= 3:
        return int(token.text), index + 1
    words = whole_words(tokens, index)
    return words if words is not None and words[0] <= 31 else None


def _with_year(tokens: Tokens, first: int, index: int, picks: tuple[Pick, ...], month: int) -> tuple[Day, int]:
    behind = index + 1 if tokens.symbol(index, ",") else index
    token = tokens[behind]
    is_year = token.kind == "number" and token.text.isdecimal() and len(token.text) >= 4
    if is_year and tokens[behind + 1].kind not in ("half", "clock"):
        return day_of_month(picks, month, int(token.text[:9]), tokens.span(first, behind + 1)), behind + 1
    return day_of_month(picks, month, None, tokens.span(first, index)), index


@dataclass(frozen=True, slots=True)
class _Ordinals:
    numbers: list[int]
    end: int
    either: bool
    in_digits: bool


def _ordinals(tokens: Tokens, index: int) -> _Ordinals | None:
    """«1st and 15th», «the first, the third»; LAST for «last»."""
    numbers: list[int] = []
    end = index
    either = False
    in_digits = True
    while True:
        start = end
        if numbers:
            start = start + 1 if tokens.symbol(start, ",", "&") else start
            is_or = tokens.word(start, "or")
            start = tokens.skip(start, "and", "or")
            if start == end:
                break
        start = tokens.skip(tokens.skip(start, "on"), "the")
        found = (LAST, start + 1) if tokens.word(start, "last") else ordinal(tokens, start)
        if found is None:
            break
        either = either or (bool(numbers) and is_or)
        in_digits = in_digits and tokens[start].kind == "ordinal"
        numbers.append(found[0])
        end = found[1]
    return _Ordinals(numbers, end, either, in_digits) if numbers else None


def _day_first(tokens: Tokens, index: int, *, recurs: bool) -> tuple[Day, int] | None:
    plain = _number_of_day(tokens, index)
    if plain is not None:
        month = MONTHS.get(tokens[tokens.skip(plain[1], "of")].text)
        if month is not None:
            return _with_year(tokens, index, tokens.skip(plain[1], "of") + 1, (plain[0],), month)
    the = tokens.word(index, "the")
    ordinals = _ordinals(tokens, index)
    if ordinals is None:
        return None
    end = ordinals.end
    picks, behind = _picks(tokens, ordinals)
    if not picks:
        return None
    month = MONTHS.get(tokens[tokens.skip(behind, "of", "in")].text)
    if month is not None:
        named, after = _with_year(tokens, index, tokens.skip(behind, "of", "in") + 1, picks, month)
        return _either(named, ordinals), after
    which = _which_month(tokens, behind, last=picks == (LAST,))
    alone = behind == end and LAST not in picks and (ordinals.in_digits or the)
    if which is None and not alone and not recurs:
        return None
    fields, after = which or ({}, behind)
    found = InMonth(
        picks, span=tokens.span(index, after), problem=_wrong_pick(picks, tokens.span(index, end)), **fields
    )
    if found.problem is not None:
        found = InMonth((1,), span=found.span, problem=found.problem, **fields)
    return _either(found, ordinals), after


def _picks(tokens: Tokens, ordinals: _Ordinals) -> tuple[tuple[Pick, ...], int]:
    """The picks of some ordinals and what follows them: a weekday, «day», or nothing."""
    token = tokens[ordinals.end]
    if token.kind == "word" and token.text in WEEKDAYS:
        return tuple((n, WEEKDAYS[token.text]) for n in ordinals.numbers), ordinals.end + 1
    if tokens.word(ordinals.end, "day", "days"):
        return tuple(ordinals.numbers), ordinals.end + 1
    return (() if LAST in ordinals.numbers else tuple(ordinals.numbers)), ordinals.end


def _wrong_pick(picks: tuple[Pick, ...], span: tuple[int, int]) -> Problem | None:
    for pick in picks:
        if isinstance(pick, int) and pick != LAST and not 1 <= pick <= 31:
            return Problem(
                IMPOSSIBLE, f"No month has a day {pick}.", (Fix(*span, "on the 31st" if pick > 31 else "on the 1st"),)
            )
        if not isinstance(pick, int) and pick[0] != LAST and not 1 <= pick[0] <= 5:
            return Problem(IMPOSSIBLE, f"No month has {pick[0]} of one weekday: five at most.")
    return None


def _either(found: Day, ordinals: _Ordinals) -> Day:
    if not ordinals.either or not isinstance(found, InMonth) or found.problem is not None:
        return found
    problem = Problem(AMBIGUOUS, "It names alternatives: choose one day, or join them with «and».")
    return InMonth((1,), span=found.span, problem=problem)


def _end_of(tokens: Tokens, index: int) -> tuple[Day, int] | None:
    start = tokens.skip(index, "the")
    if not tokens.word(start, "end"):
        return None
    month = MONTHS.get(tokens[tokens.skip(start + 1, "of")].text) if tokens.word(start + 1, "of") else None
    if month is not None:
        return _with_year(tokens, index, start + 3, (LAST,), month)
    which = _which_month(tokens, start + 1, last=True)
    if which is None or not tokens.word(start + 1, "of"):
        return None
    fields, end = which
    return InMonth((LAST,), span=tokens.span(index, end), **fields), end


def _which_month(tokens: Tokens, index: int, *, last: bool) -> tuple[dict[str, Any], int] | None:
    """«of the month», «of next month», «of every month», «of every 3 months»; for the last day also «of the year»."""
    start = tokens.skip(index, "of", "in")
    if tokens.word(start, "every", "each"):
        return _every_month(tokens, start + 1)
    if start == index:
        return None
    start = tokens.skip(start, "the")
    offsets = {"this": 0, "next": 1}
    offset = offsets.get(tokens[start].text)
    start += offset is not None
    if tokens.word(start, "month"):
        return ({} if offset is None else {"month_offset": offset}), start + 1
    if last and tokens.word(start, "year"):
        return {"month": 12} | ({} if offset is None else {"year_offset": offset}), start + 1
    return None


def _every_month(tokens: Tokens, index: int) -> tuple[dict[str, Any], int] | None:
    token = tokens[index]
    if token.kind == "word" and token.text in MONTHS:
        return {"month": MONTHS[token.text], "every": 12}, index + 1
    if tokens.word(index, "month"):
        return {"every": 1}, index + 1
    if tokens.word(index, "other", "second") and tokens.word(index + 1, "month"):
        return {"every": 2}, index + 2
    counted = _number_of_day(tokens, index)
    if counted is not None and counted[0] > 0 and tokens.word(counted[1], "month", "months"):
        return {"every": counted[0]}, counted[1] + 1
    return None
