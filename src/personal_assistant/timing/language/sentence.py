"""Finding the time in a sentence."""

from contextlib import suppress
from dataclasses import dataclass

from personal_assistant.timing.language.days import InMonth
from personal_assistant.timing.language.parts import Phrase
from personal_assistant.timing.language.phrase import read_phrase
from personal_assistant.timing.language.problems import AMBIGUOUS, NOT_UNDERSTOOD, Fix, Problem, RefusedError
from personal_assistant.timing.language.titles import title_around
from personal_assistant.timing.language.tokens import Tokens
from personal_assistant.timing.language.vocabulary import ADVERBS, MONTHS, WEEKDAYS


@dataclass(frozen=True, slots=True)
class Found:
    """The phrase of a sentence, and its title: the rest as written."""

    phrase: Phrase
    title: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A phrase and where it stands, as tokens from and to."""

    first: int
    last: int
    phrase: Phrase

    @property
    def has_only_a_time(self) -> bool:
        it = self.phrase
        return not (it.days or it.weekdays or it.recurs or it.duration)

    @property
    def has_a_time(self) -> bool:
        it = self.phrase
        return bool(it.times or it.part or it.duration or it.window) or (it.repeat is not None and it.repeat.is_elapsed)


def find_phrase(tokens: Tokens) -> Found:
    """The phrase within «remind me … to», else the longest at the end or the start.

    Where a time stands at one end and its day at the other («tomorrow call mom at 9am»), they are one phrase.
    Raises RefusedError when there is none.
    """
    lead = tokens.phrase(0, "remind me") or 0
    framed = [(lead, to) for to in range(len(tokens) - 1, lead, -1) if lead and tokens.word(to, "to")]
    found = _longest(tokens, framed)
    if found is None:
        at_end = _longest(tokens, _ends(tokens, lead))
        at_start = _longest(tokens, _starts(tokens, lead, at_end.first if at_end else len(tokens)))
        if at_start is not None and _is_name(tokens, at_start, at_end):
            at_start = None
        split = _split(tokens, at_start, at_end)
        if split is not None:
            return split
        found = max((it for it in (at_end, at_start) if it), key=lambda it: it.last - it.first, default=None)
    if found is None:
        raise RefusedError(Problem(NOT_UNDERSTOOD, "It names no time, at its end or at its start."))
    start, end = tokens.span(found.first, found.last)
    return Found(found.phrase, title_around(tokens.text[:start], tokens.text[end:]))


def _is_joint(tokens: Tokens, index: int) -> bool:
    return tokens.symbol(index, ",", "-", "&", "/")


def _ends(tokens: Tokens, lead: int) -> list[tuple[int, int]]:
    end = len(tokens)
    while end > lead and tokens[end - 1].kind == "junk":  # emoji behind the time belong to the title
        end -= 1
    return [(first, end) for first in range(lead, end) if not _is_joint(tokens, first)]


def _starts(tokens: Tokens, lead: int, limit: int) -> list[tuple[int, int]]:
    return [(lead, last) for last in range(limit, lead, -1) if not _is_joint(tokens, last - 1)]


def _longest(tokens: Tokens, candidates: list[tuple[int, int]]) -> _Place | None:
    """The first candidate that is a phrase; they come longest first."""
    for first, last in candidates:
        with suppress(RefusedError):
            return _Place(first, last, read_phrase(tokens.part(first, last)))
    return None


def _is_name(tokens: Tokens, place: _Place, at_end: _Place | None) -> bool:
    """«The Fifth Element …», «the 5th movie tonight»: a bare ordinal at the start may be no day of the month."""
    first, last = place.first, place.last
    if len(place.phrase.days) != 1 or place.phrase != Phrase(days=place.phrase.days):
        return False
    day = place.phrase.days[0]
    bare = isinstance(day, InMonth) and (day.month, day.month_offset) == (None, None)
    if not bare or tokens.word(first, "on") or tokens.word(last - 1, "month"):
        return False
    return at_end is not None or tokens[last - 1].kind != "ordinal"


def _split(tokens: Tokens, at_start: _Place | None, at_end: _Place | None) -> Found | None:
    """A time at one end with its day or rhythm at the other, taken together."""
    if at_start is None or at_end is None or at_start.last > at_end.first:
        return None
    timed = [it for it in (at_start, at_end) if it.has_only_a_time]
    dated = [it for it in (at_start, at_end) if not it.has_a_time]
    if len(timed) != 1 or len(dated) != 1:
        return None
    try:
        phrase = read_phrase(tokens.part(dated[0].first, dated[0].last) + tokens.part(timed[0].first, timed[0].last))
    except RefusedError:
        return None
    start, end = tokens[at_start.last - 1].end, tokens[at_end.first].start
    title = title_around("", tokens.text[start:end])
    if not title:
        return None
    if tokens[dated[0].first].text in (*WEEKDAYS, *MONTHS, *ADVERBS):
        day, time = (tokens.text[slice(*tokens.span(it.first, it.last))] for it in (dated[0], timed[0]))
        fix = Fix(0, len(tokens.text), f"{title} {day} {time}")
        phrase.note(
            Problem(
                AMBIGUOUS, f"«{day}» could be the day or belong to the title: put the whole time at the end.", (fix,)
            )
        )
    return Found(phrase, title)
