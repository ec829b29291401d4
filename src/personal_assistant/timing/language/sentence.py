"""Finding the time in a sentence, and its title."""

from contextlib import suppress
from dataclasses import dataclass
from unicodedata import category

from personal_assistant.timing.language.parts import Phrase
from personal_assistant.timing.language.phrase import read_phrase
from personal_assistant.timing.language.problems import NOT_UNDERSTOOD, Problem, RefusedError
from personal_assistant.timing.language.tokens import Tokens

_OUTER = ".,;:!?-–—‐‑‒―−…\"'“”„‘’‚«»‹›()[]{}"
_BRACKETS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Found:
    """The phrase of a sentence, and its title: the rest as written."""

    phrase: Phrase
    title: str


def find_phrase(tokens: Tokens) -> Found:
    """The phrase within «remind me … to», else the longest at the end or the start. Raises RefusedError without one."""
    lead = tokens.phrase(0, "remind me") or 0
    framed = [(lead, to) for to in range(len(tokens) - 1, lead, -1) if lead and tokens.word(to, "to")]
    found = _longest(tokens, framed) or _longest(tokens, _at_the_ends(tokens, lead))
    if found is None:
        raise RefusedError(Problem(NOT_UNDERSTOOD, "It names no time, at its end or at its start."))
    first, last, phrase = found
    return Found(phrase, _title(tokens.text, *tokens.span(first, last)))


def _at_the_ends(tokens: Tokens, lead: int) -> list[tuple[int, int]]:
    """Where a phrase may stand, as tokens from and to: at the end, then at the start; longer ones first."""
    count = len(tokens)
    joints = [tokens.symbol(index, ",", "-", "&", "/") for index in range(count)]
    at_end = [(first, count) for first in range(lead, count) if not joints[first]]
    return at_end + [(lead, last) for last in range(count - 1, lead, -1) if not joints[last - 1]]


def _longest(tokens: Tokens, candidates: list[tuple[int, int]]) -> tuple[int, int, Phrase] | None:
    """The candidate of the most tokens that is a phrase; of several, the first."""
    best: tuple[int, int, Phrase] | None = None
    for first, last in candidates:
        if best is not None and last - first <= best[1] - best[0]:
            continue
        with suppress(RefusedError):
            best = first, last, read_phrase(tokens.part(first, last))
    return best


def _title(text: str, start: int, end: int) -> str:
    rest = [part for part in (text[:start].strip(), text[end:].strip()) if part]
    return without_outer(without_lead(without_outer(" ".join(rest))))


def without_lead(text: str) -> str:
    """The text without «remind me» and «to» at its start."""
    words = text.split(None, 2)
    lead = [word.strip(_OUTER).lower() for word in words[:2]]
    if lead == ["remind", "me"]:
        text = words[2] if len(words) > 2 else ""
        words = text.split(None, 1)
        return (words[1] if len(words) > 1 else "") if words and words[0].lower() == "to" else text
    return text


def without_outer(text: str) -> str:
    """The text without punctuation and spaces around it; a closing bracket stays with the one that opened it."""
    text = text.strip()
    while text and (text[0] in _OUTER or text[0].isspace() or category(text[0]) == "Cc"):
        text = text[1:]
    while text and (text[-1] in _OUTER or text[-1].isspace()) and not _closes(text):
        text = text[:-1]
    return text


def _closes(text: str) -> bool:
    opening = _BRACKETS.get(text[-1])
    return opening is not None and text.count(opening) == text.count(text[-1])
