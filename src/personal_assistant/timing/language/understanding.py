"""From a text to its meaning."""

from dataclasses import dataclass
from datetime import datetime

from personal_assistant.timing.language.once import Now, moment
from personal_assistant.timing.language.parts import Phrase
from personal_assistant.timing.language.phrase import read_phrase
from personal_assistant.timing.language.problems import NOT_UNDERSTOOD, Problem, RefusedError, TimeRefused, gravest
from personal_assistant.timing.language.recurring import recurrence
from personal_assistant.timing.language.sentence import find_phrase
from personal_assistant.timing.language.suggestions import suggestion
from personal_assistant.timing.language.tokens import Tokens, tokenize
from personal_assistant.timing.recurrence import Schedule
from personal_assistant.timing.recurrence.rules import Once
from personal_assistant.timing.zones import get_zone

MAX_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text means.

    kind: `once` or `recurring`. title: the rest of a sentence; None for a text that is only a time.
    words: the meaning in words, for the person. zone: the IANA zone it was read in, the person's own unless it names
    one. next: the next occurrences (aware, UTC), at most 5.
    """

    kind: str
    title: str | None
    words: str
    zone: str
    next: list[datetime]
    schedule: Schedule


def understand(text: str, *, now: datetime, zone: str) -> Understood:
    """The meaning of a time text, read at `now` (aware) in `zone` (IANA).

    Every word must belong to the time. Raises TimeRefused; UnknownZoneError for a `zone` that does not exist.
    """
    return _understood(text, now, zone, sentence=False)


def understand_sentence(text: str, *, now: datetime, zone: str) -> Understood:
    """The meaning of a sentence that holds a title and a time: «call mom tomorrow at 9am».

    Raises TimeRefused; UnknownZoneError for a `zone` that does not exist.
    """
    return _understood(text, now, zone, sentence=True)


def _understood(text: str, now: datetime, zone: str, *, sentence: bool) -> Understood:
    get_zone(zone)

    def read(words: str) -> Understood:
        tokens = _tokens(words, loose=sentence)
        if not sentence:
            return _meaning(read_phrase(tokens), None, now, zone)
        found = find_phrase(tokens)
        return _meaning(found.phrase, found.title, now, zone)

    try:
        return read(text)
    except RefusedError as refused:
        problem = gravest(refused.problems)
    raise TimeRefused(problem.reason, problem.message, suggestion(text, problem, read, sentence=sentence))


def _tokens(text: str, *, loose: bool) -> Tokens:
    if len(text) > MAX_LENGTH:
        raise RefusedError(
            Problem(NOT_UNDERSTOOD, f"The text has {len(text)} characters; at most {MAX_LENGTH} are read.")
        )
    if "\0" in text:
        raise RefusedError(Problem(NOT_UNDERSTOOD, "The text holds a NUL character."))
    return tokenize(text, loose=loose)


def _meaning(phrase: Phrase, title: str | None, now: datetime, zone: str) -> Understood:
    zone = phrase.zone or zone
    moment_now = Now(now.astimezone(get_zone("UTC")), get_zone(zone))
    if phrase.recurs:
        schedule = recurrence(phrase, moment_now, zone)
        kind = "recurring"
    else:
        schedule = Schedule(Once(moment(phrase, moment_now)), zone)
        kind = "once"
    following = schedule.upcoming(now)
    return Understood(kind, title, f"{schedule.describe()} ({zone})", zone, following, schedule)
