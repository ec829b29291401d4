"""Reading the components of a phrase that do not make it recur: days, times, durations, zones."""

from personal_assistant.timing.language.clock import ClockTime, clock_times
from personal_assistant.timing.language.day_words import day, weekdays
from personal_assistant.timing.language.days import Later, Period, Weekday
from personal_assistant.timing.language.durations import whole_shift
from personal_assistant.timing.language.numbers import Quantity, quantities, whole_words
from personal_assistant.timing.language.parts import Phrase
from personal_assistant.timing.language.problems import PAST, Fix, Problem
from personal_assistant.timing.language.tokens import Tokens
from personal_assistant.timing.language.vocabulary import PART_PLURALS, PARTS
from personal_assistant.timing.language.zone_words import zone_name


def zone(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    found = zone_name(tokens, index, after=phrase.names_a_time)
    if found is None or phrase.zone is not None:
        return None
    name, problem, end = found
    phrase.zone = name
    phrase.note(problem)
    return end


def _duration(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«in 2h 30m», «10 minutes from now», «2 hours ago», «a week from friday»."""
    inward = tokens.word(index, "in")
    found = quantities(tokens, index + inward)
    if found is None or phrase.duration:
        return None
    amounts, end = found
    if inward:
        phrase.duration = amounts
        return end
    if tokens.word(end, "ago"):
        fix = Fix(tokens[index].start, tokens[end].end, f"in {tokens.text[tokens[index].start : tokens[end - 1].end]}")
        phrase.note(Problem(PAST, "What is some time ago is over.", (fix,)))
        phrase.duration = amounts
        return end + 1
    from_now = tokens.phrase(end, "from now")
    if from_now is not None:
        phrase.duration = amounts
        return from_now
    return _later(phrase, tokens, index, amounts, end)


def _later(phrase: Phrase, tokens: Tokens, index: int, amounts: tuple[Quantity, ...], end: int) -> int | None:
    if not tokens.word(end, "from", "after"):
        return None
    base = day(tokens, end + 1, recurs=False)
    shift = whole_shift(amounts)
    if base is None or shift is None:
        return None
    months, days = shift
    later = Later(base[0], days, months, tokens.span(index, base[1]))
    return base[1] if phrase.add_day(later) else None


def _weekday_list(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    found = weekdays(tokens, index)
    if found is None or phrase.weekdays:
        return None
    listed, end = found
    if not listed.recurs and not listed.either and tokens[end].text not in PART_PLURALS:
        return None
    phrase.note(listed.problem)
    phrase.weekdays = listed.days
    phrase.recurs = True
    return end


def _day(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    found = day(tokens, index, recurs=phrase.repeat is not None)
    if found is None and tokens.word(index, "of"):
        found = day(tokens, index + 1, recurs=False) if phrase.days and tokens.word(index + 1, "next", "this") else None
    if found is None or not phrase.add_day(found[0]):
        return None
    return found[1]


def _part(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«in the morning», «at night»; «morning» alone where something stands before it; «mornings» come every day."""
    marked = tokens.phrase(index, "in the") or tokens.phrase(index, "at") or tokens.phrase(index, "in") or index
    name = tokens[marked].text if tokens[marked].kind == "word" else ""
    plural = PART_PLURALS.get(name)
    part = plural or (name if name in PARTS else None)
    if part is None or phrase.part is not None or (phrase.times and plural):
        return None
    alone = not (phrase.days or phrase.weekdays or phrase.repeat or phrase.times or phrase.duration or plural)
    if alone and marked == index and tokens.loose:
        return None
    phrase.recurs = phrase.recurs or plural is not None
    return _parts(phrase, tokens, marked + 1, part)


def _parts(phrase: Phrase, tokens: Tokens, index: int, part: str) -> int:
    """One part of the day, or several in a recurrence: «every morning and evening»."""
    named = [part]
    while phrase.recurs and (behind := _joint(tokens, index)) > index and tokens[behind].text in PARTS:
        named.append(tokens[behind].text)
        index = behind + 1
    if len(named) == 1:
        phrase.part = part
    else:
        phrase.times = [ClockTime(PARTS[name]) for name in named]
    return index


def _joint(tokens: Tokens, index: int) -> int:
    return tokens.skip(index + 1 if tokens.symbol(index, ",", "&") else index, "and")


def _times(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    at = tokens.word(index, "at") or tokens.symbol(index, "@")
    found = clock_times(tokens, index + at, marked=at)
    if found is None or phrase.times:
        return None
    times, problem, end = found
    phrase.note(problem)
    for time in times:
        phrase.note(time.problem)
    phrase.times = times
    return end


def read_bound(tokens: Tokens, index: int) -> tuple[Phrase, int] | None:
    """A moment behind «until», «from» or «starting»: a day, a time, a part of a day, or «in 3 days»."""
    bound = Phrase()
    end = index
    while True:
        # A second day belongs to the first («next month on the 15th», «sunday 5 April»), or to the recurrence.
        more_days = not bound.days or isinstance(bound.days[-1], Period | Weekday)
        readers = (_duration, *((_day,) if more_days else ()), _part, _times)
        found = next((read for reader in readers if (read := reader(bound, tokens, end)) is not None), None)
        if found is None:
            return (bound, end) if end > index else None
        end = found


def count_of(tokens: Tokens, index: int) -> tuple[int, int] | None:
    """«5 times»."""
    token = tokens[index]
    digits = token.kind == "number" and token.text.isdecimal() and len(token.text) < 6
    found = (int(token.text), index + 1) if digits else whole_words(tokens, index)
    return (found[0], found[1] + 1) if found is not None and tokens.word(found[1], "times") else None


READERS = (_duration, _weekday_list, _day, _part, _times)
