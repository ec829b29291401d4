"""Reading what makes a phrase recur, and its ends."""

from fractions import Fraction

from personal_assistant.timing.language.clock import ClockTime, clock_time
from personal_assistant.timing.language.components import count_of, read_bound
from personal_assistant.timing.language.day_words import day, weekdays
from personal_assistant.timing.language.numbers import Quantity, ordinal, quantities
from personal_assistant.timing.language.parts import Phrase, Repeat
from personal_assistant.timing.language.problems import AMBIGUOUS, Fix, Problem
from personal_assistant.timing.language.tokens import Tokens
from personal_assistant.timing.language.vocabulary import ADVERBS, PARTS, UNITS, WEEKDAYS

_STARTS = ("starting", "from", "beginning")
_ENDS = ("until", "till", "til", "through")
_EXCEPTIONS = ("except", "but", "excluding")


def _every(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«every day», «each other tuesday», «every 15 minutes», «every first monday of the month»."""
    if not tokens.word(index, "every", "each") or phrase.repeat is not None:
        return None
    start = tokens.skip(index + 1, "single")
    phrase.recurs = True
    for read in (_every_nth, _every_unit, _every_part, _every_weekday, _every_date):
        found = read(phrase, tokens, start)
        if found is not None:
            return found
    return None


def _every_unit(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«day», «3 days», «half hour», «1h 30m», «quarter», «hour and a half»."""
    found = quantities(tokens, index)
    if found is not None:
        steps, end = found
        phrase.repeat = _repeat(steps, counted=True)
        return end if phrase.repeat is not None else None
    if tokens[index].kind != "word" or tokens[index].text not in UNITS or tokens[index + 1].text in (*WEEKDAYS, "of"):
        return None
    unit = UNITS[tokens[index].text]
    more = tokens.phrase(index + 1, "and a half")
    amount = Fraction(3, 2) if more else Fraction(1)
    phrase.repeat = _repeat((Quantity(amount, unit),), counted=False)
    return (more or index + 1) if phrase.repeat is not None else None


def _repeat(steps: tuple[Quantity, ...], *, counted: bool) -> Repeat | None:
    if all(step.is_elapsed for step in steps):
        return Repeat(None, steps=steps)
    if len(steps) > 1 or steps[0].amount.denominator != 1:
        return None
    unit, amount = steps[0].unit, steps[0].amount
    if unit == "fortnight":
        unit, amount = "week", amount * 2
    return Repeat(unit, interval=amount, counted=counted)


def _every_nth(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«other tuesday», «second day», «3rd week»; but «first monday of the month» and «15th» are dates."""
    if tokens.word(index, "other"):
        n, start = 2, index + 1
    else:
        found = ordinal(tokens, index)
        if found is None:
            return None
        n, start = found
    token = tokens[start]
    if token.kind != "word" or tokens.word(start + 1, "of", "in"):
        return None
    interval = Fraction(n)
    if token.text in UNITS and UNITS[token.text] != "quarter":
        return _nth_unit(phrase, tokens, start, n)
    if token.text in PARTS:
        phrase.repeat = Repeat("day", interval=interval, counted=True)
        return start
    if token.text not in WEEKDAYS and not tokens.word(start, "weekend"):
        return None
    listed = weekdays(tokens, start)
    if listed is None or n == 1:
        return None
    if n > 2:
        span = tokens.span(index, start + 1)
        fixes = (Fix(*span, f"{n} weeks on {token.text}"), Fix(*span, f"month on the {tokens.text[span[0] : span[1]]}"))
        phrase.note(Problem(AMBIGUOUS, f"It could mean every {n} weeks, or one day of each month.", fixes))
    phrase.note(listed[0].problem)
    phrase.repeat = Repeat("week", interval=interval, counted=True)
    phrase.weekdays = listed[0].days
    return listed[1]


def _nth_unit(phrase: Phrase, tokens: Tokens, index: int, n: int) -> int | None:
    phrase.repeat = _repeat((Quantity(Fraction(n), UNITS[tokens[index].text]),), counted=True)
    return index + 1 if phrase.repeat is not None else None


def _every_part(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«every morning», «every noon»: the word itself is read as the part or the time that it is."""
    if tokens[index].text not in PARTS and not tokens.word(index, "noon", "midday", "midnight"):
        return None
    phrase.repeat = Repeat("day")
    return index


def _every_weekday(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    listed = weekdays(tokens, index)
    if listed is None or phrase.weekdays:
        return None
    phrase.note(listed[0].problem)
    phrase.repeat = Repeat("week")
    phrase.weekdays = listed[0].days
    return listed[1]


def _every_date(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«5 April», «15th», «last friday of the month»."""
    found = day(tokens, index, recurs=True)
    if found is None:
        return None
    phrase.repeat = Repeat(None)
    return found[1] if phrase.add_day(found[0]) else None


def _adverb(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«daily», «hourly», «monthly»."""
    token = tokens[index]
    if token.kind != "word" or token.text not in ADVERBS or phrase.repeat is not None:
        return None
    amount, unit = ADVERBS[token.text]
    phrase.repeat = _repeat((Quantity(Fraction(amount), unit),), counted=False)
    phrase.recurs = True
    return index + 1


def _until(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    if not tokens.word(index, *_ENDS) or phrase.until is not None:
        return None
    return _bound(phrase, tokens, index + 1, "until")


def _start(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«starting tomorrow», «from monday»; «from monday to friday» is a range and «from 9am to 5pm» a window."""
    if not tokens.word(index, *_STARTS) or phrase.start is not None:
        return None
    start = tokens.skip(index + 1, "from", "with")
    if tokens.word(start, "now") and phrase.repeat is not None:
        return start + 1
    window = _window(tokens, start, ("to", "till", "until"))
    if window is not None and phrase.repeat is not None and phrase.repeat.is_elapsed and tokens.word(window[1], "to"):
        return _set_window(phrase, *window[0], window[2])
    listed = weekdays(tokens, start)
    if listed is not None and listed[0].recurs and not phrase.weekdays:
        phrase.weekdays, phrase.recurs = listed[0].days, True
        return listed[1]
    return _bound(phrase, tokens, start, "start")


def _bound(phrase: Phrase, tokens: Tokens, index: int, name: str) -> int | None:
    found = read_bound(tokens, index)
    if found is None:
        return None
    phrase.problems += found[0].problems
    setattr(phrase, name, found[0])
    return found[1]


def _for(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«for 3 weeks», «for the next 5 days», «for 10 times»."""
    if not tokens.word(index, "for") or phrase.lasting:
        return None
    start = tokens.skip(tokens.skip(index + 1, "the"), "next")
    times = count_of(tokens, start)
    if times is not None and phrase.recurs:
        phrase.count = times[0]
        return times[1]
    found = quantities(tokens, start)
    if found is None:
        return None
    phrase.lasting = found[0]
    return found[1]


def _count(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    found = count_of(tokens, index) if phrase.repeat is not None and phrase.count is None else None
    if found is None:
        return None
    phrase.count = found[0]
    return found[1]


def _except(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«except friday», «but not on mondays»."""
    if not tokens.word(index, *_EXCEPTIONS):
        return None
    found = weekdays(tokens, tokens.skip(tokens.skip(index + 1, "not", "never"), "for"))
    if found is None or phrase.excluded:
        return None
    phrase.note(found[0].problem)
    phrase.excluded = found[0].days
    return found[1]


def _between(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«between 9am and 5pm»."""
    if not tokens.word(index, "between") or phrase.window is not None:
        return None
    found = _window(tokens, index + 1, ("and", "to"))
    return None if found is None else _set_window(phrase, *found[0], found[2])


Window = tuple[tuple[ClockTime, ClockTime], int, int]


def _window(tokens: Tokens, index: int, joints: tuple[str, ...]) -> Window | None:
    """((first, last), index of the word between, index behind)."""
    first = clock_time(tokens, index, marked=True)
    if first is None or not (tokens.word(first[1], *joints) or tokens.symbol(first[1], "&", "-")):
        return None
    last = clock_time(tokens, first[1] + 1, marked=True)
    return None if last is None else ((first[0], last[0]), first[1], last[1])


def _set_window(phrase: Phrase, first: ClockTime, last: ClockTime, end: int) -> int:
    phrase.window = (first, last)
    phrase.note(first.problem)
    phrase.note(last.problem)
    return end


REPEAT_READERS = (_every, _adverb, _until, _start, _for, _count, _except, _between)
