"""Taking a phrase apart: its components may stand in whatever order."""

from personal_assistant.timing.language.components import READERS, zone
from personal_assistant.timing.language.days import Weekday
from personal_assistant.timing.language.parts import Phrase
from personal_assistant.timing.language.problems import AMBIGUOUS, NOT_UNDERSTOOD, Problem, RefusedError
from personal_assistant.timing.language.repeats import REPEAT_READERS
from personal_assistant.timing.language.tokens import Tokens

# Words that need the one behind them to say what was not understood.
_OPENING = (
    "every",
    "each",
    "in",
    "at",
    "@",
    "on",
    "the",
    "this",
    "next",
    "last",
    "until",
    "from",
    "for",
    "except",
    "between",
)


def read_phrase(tokens: Tokens) -> Phrase:
    """Take a whole text apart. Raises RefusedError with `not_understood` when a word does not belong to it."""
    phrase = Phrase()
    index = _behind_separators(tokens, 0)
    while index < len(tokens):
        found = _component(phrase, tokens, index)
        if found is None:
            raise RefusedError(_unknown(tokens, index))
        index = _behind_separators(tokens, found)
    if not phrase.names_a_time:
        raise RefusedError(Problem(NOT_UNDERSTOOD, "It names no time."))
    if not phrase.recurs and (phrase.until or phrase.start or phrase.lasting or phrase.excluded or phrase.window):
        raise RefusedError(Problem(NOT_UNDERSTOOD, "It has a beginning or an end, and nothing that recurs."))
    if tokens.loose and len(phrase.days) == 2 and not any(isinstance(day, Weekday) for day in phrase.days):
        raise RefusedError(Problem(NOT_UNDERSTOOD, "It names two days."))  # one of them belongs to the title
    if tokens.loose and _lasts_less_than_a_step(phrase):
        raise RefusedError(Problem(NOT_UNDERSTOOD, "It would occur once."))  # «meditate for 10 minutes every day»
    return phrase


_DAYS = {"second": 1 / 86_400, "minute": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "fortnight": 14, "month": 28,
         "quarter": 90, "year": 365}  # fmt: skip


def _lasts_less_than_a_step(phrase: Phrase) -> bool:
    repeat = phrase.repeat
    if repeat is None or not phrase.lasting:
        return False
    step = sum(_DAYS[it.unit] * it.amount for it in repeat.steps) or _DAYS[repeat.unit or "day"] * repeat.interval
    return sum(_DAYS[it.unit] * it.amount for it in phrase.lasting) < step


def _unknown(tokens: Tokens, index: int) -> Problem:
    start, end = tokens.span(index, index + 1)
    if tokens[index].text in _OPENING and index + 1 < len(tokens):
        end = tokens[index + 1].end
    shown = tokens.text[start:end][:40]
    return Problem(NOT_UNDERSTOOD, f"I do not understand «{shown}» as part of a time.")


def _behind_separators(tokens: Tokens, index: int) -> int:
    while tokens.symbol(index, ",", "-"):
        index += 1
    return index


def _component(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    for read in (_alternative, zone, *REPEAT_READERS, *READERS):
        found = read(phrase, tokens, index)
        if found is not None:
            return found
    return None


def _alternative(phrase: Phrase, tokens: Tokens, index: int) -> int | None:
    """«… or …»: read what follows, so that nonsense is still found, and leave it aside."""
    if not tokens.word(index, "or") or phrase == Phrase():
        return None
    aside = Phrase()
    end = index + 1
    while (found := _component(aside, tokens, end)) is not None:
        end = found
    if aside == Phrase():
        return None
    phrase.note(Problem(AMBIGUOUS, "It names alternatives: choose one."))
    phrase.problems += aside.problems
    return end
