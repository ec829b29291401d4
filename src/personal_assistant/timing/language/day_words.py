"""Reading days of the week, relative days and periods."""

from personal_assistant.timing.language.days import Day, FixedDay, Gone, Period, Weekday
from personal_assistant.timing.language.month_days import month_days
from personal_assistant.timing.language.problems import AMBIGUOUS, PAST, Fix, Problem
from personal_assistant.timing.language.tokens import Tokens
from personal_assistant.timing.language.vocabulary import (
    PARTS,
    WEEKDAY_PLURALS,
    WEEKDAYS,
    WEEKEND,
    WORKING_DAYS,
)
from personal_assistant.timing.language.written_dates import written_date

_TOMORROW = ("tomorrow", "tmrw")
_PERIODS = ("week", "month", "year")
_SATURDAY = 5


def day(tokens: Tokens, index: int, *, recurs: bool) -> tuple[Day, int] | None:
    """One day, with «on», «the» or «at the» before it. `recurs`: the phrase has a recurrence already."""
    start = tokens.skip(index, "on")
    if tokens.word(start, "at", "in") and tokens.word(start + 1, "the") and tokens.word(start + 2, "end", "weekend"):
        start += 1
    for found in (
        written_date(tokens, start),
        _relative(tokens, start),
        month_days(tokens, start, recurs=recurs),
        _over(tokens, start),
        _this_or_next(tokens, start),
        _weekday(tokens, start),
    ):
        if found is not None:
            return found
    return None


def _relative(tokens: Tokens, index: int) -> tuple[Day, int] | None:
    token = tokens[index]
    span = (token.start, token.end)
    if tokens.word(index, "today"):
        return FixedDay(0, span=span), index + 1
    if tokens.word(index, *_TOMORROW):
        return FixedDay(1, span=span), index + 1
    if tokens.word(index, "tonight"):
        return FixedDay(0, "night", span), index + 1
    if tokens.word(index, "this") and tokens[index + 1].text in PARTS:
        return FixedDay(0, tokens[index + 1].text, tokens.span(index, index + 2)), index + 2
    after = tokens.phrase(tokens.skip(index, "the"), "day after")
    if after is not None and tokens.word(after, *_TOMORROW):
        return FixedDay(2, span=tokens.span(index, after + 1)), after + 1
    return None


def _over(tokens: Tokens, index: int) -> tuple[Day, int] | None:
    """«yesterday», «last friday», «last week»."""
    start = index
    before = tokens.phrase(tokens.skip(index, "the"), "day before yesterday")
    if before is not None:
        end = before
    elif tokens.word(index, "yesterday"):
        end = index + 1
    elif tokens.word(index, "last") and (
        tokens[index + 1].text in WEEKDAYS or tokens.word(index + 1, *_PERIODS, "weekend", "night")
    ):
        end = index + 2
    else:
        return None
    span = tokens.span(start, end)
    named = tokens.text[span[0] : span[1]]
    better = "tomorrow" if tokens.word(end - 1, "yesterday", "night") else f"next {tokens[end - 1].text}"
    return Gone(Problem(PAST, f"«{named}» is over.", (Fix(*span, better),)), span), end


def _this_or_next(tokens: Tokens, index: int) -> tuple[Day, int] | None:
    """«next friday», «this weekend», «next week»; «coming friday» is the nearest."""
    start = tokens.skip(index, "the")
    coming = tokens.skip(tokens.skip(start, "this"), "coming")
    if tokens.word(coming - 1, "coming") and coming > start and tokens[coming].text in WEEKDAYS:
        return Weekday(WEEKDAYS[tokens[coming].text], span=tokens.span(index, coming + 1)), coming + 1
    if not tokens.word(start, "this", "next"):
        return None
    offset = int(tokens.word(start, "next"))
    named = tokens[start + 1].text
    span = tokens.span(index, start + 2)
    if tokens[start + 1].kind != "word":
        return None
    if named in WEEKDAYS:
        return Weekday(WEEKDAYS[named], offset, span), start + 2
    if named == "weekend":
        return Weekday(_SATURDAY, offset, span), start + 2
    return (Period(named, offset, span), start + 2) if named in _PERIODS else None


def _weekday(tokens: Tokens, index: int) -> tuple[Day, int] | None:
    """«friday», «wednesday of next week», «the weekend»."""
    token = tokens[index]
    if token.kind == "word" and token.text in WEEKDAYS:
        of = index + 1 if tokens.word(index + 1, "of") and tokens.word(index + 2, "next", "this") else index
        if of > index and tokens.word(of + 2, "week"):
            return Weekday(WEEKDAYS[token.text], int(tokens.word(of + 1, "next")), tokens.span(index, of + 3)), of + 3
        return Weekday(WEEKDAYS[token.text], span=(token.start, token.end)), index + 1
    start = tokens.skip(index, "the")
    if tokens.word(start, "weekend"):
        return Weekday(_SATURDAY, span=tokens.span(index, start + 1)), start + 1
    return None


class WeekdayList:
    """Days of the week in a list or range. `recurs`: its form alone says that they come again and again."""

    def __init__(self) -> None:
        self.days: set[int] = set()
        self.recurs = False
        self.either = False

    @property
    def problem(self) -> Problem | None:
        return (
            Problem(AMBIGUOUS, "It names alternatives: choose one day, or join them with «and».")
            if self.either
            else None
        )


def weekdays(tokens: Tokens, index: int) -> tuple[WeekdayList, int] | None:
    """«mondays», «mon, wed & fri», «mon–fri», «weekdays», «monday or tuesday»; one alone does not recur."""
    found = WeekdayList()
    start = tokens.skip(index, "on")
    end = _item(tokens, start, found)
    if end is None:
        return None
    while True:
        behind = end + 1 if tokens.symbol(end, ",", "&", "/") else end
        either = tokens.word(behind, "or")
        behind = tokens.skip(tokens.skip(behind, "and", "or"), "on")
        adjacent = behind == end and tokens[end].text in (*WEEKDAYS, *WEEKDAY_PLURALS)
        following = _item(tokens, behind, found) if behind > end or adjacent else None
        if following is None:
            return found, end
        found.either |= either
        found.recurs |= not either
        end = following


def _item(tokens: Tokens, index: int, found: WeekdayList) -> int | None:
    token = tokens[index]
    if token.kind != "word":
        return None
    if token.text in WEEKDAYS:
        until = index + 1
        if tokens.symbol(until, "-") or tokens.word(until, "to", "through", "thru"):
            last = WEEKDAYS.get(tokens[until + 1].text, WEEKDAY_PLURALS.get(tokens[until + 1].text))
            if last is not None:
                first = WEEKDAYS[token.text]
                found.days |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
                found.recurs = True
                return until + 2
        found.days.add(WEEKDAYS[token.text])
        return index + 1
    if token.text in WEEKDAY_PLURALS:
        found.days.add(WEEKDAY_PLURALS[token.text])
    elif token.text in ("weekdays", "weekday"):
        found.days |= set(WORKING_DAYS)
    elif token.text in ("weekends", "weekend"):
        found.days |= set(WEEKEND)
    else:
        return None
    found.recurs |= token.text.endswith("s")
    return index + 1
