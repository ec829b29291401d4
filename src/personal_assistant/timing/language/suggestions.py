"""A nearby text that is understood, for one that is not."""

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from itertools import islice

from personal_assistant.timing.language.phrase import read_phrase
from personal_assistant.timing.language.problems import Fix, Problem, RefusedError
from personal_assistant.timing.language.tokens import Tokens, tokenize
from personal_assistant.timing.language.vocabulary import ADVERBS, MONTHS, PARTS, UNITS, WEEKDAY_PLURALS, WEEKDAYS

FALLBACK = "tomorrow at 9am"
_LONGEST = 200
_MOST_WORDS = 20
_MOST_TRIES = 20
_SHORTEST_WORD = 4
# A number with a minus sign, or zero.
_NUMBER_BELOW_ONE = re.compile(r"[-−–](\d+)|(?<![\d:.])0+(?![\d:.])")
_WORDS = sorted(
    {
        *(word for words in (WEEKDAYS, WEEKDAY_PLURALS, MONTHS, UNITS, ADVERBS, PARTS) for word in words),
        *("today", "tomorrow", "tonight", "every", "each", "next", "this", "noon", "midnight", "until", "except"),
        *("starting", "between", "weekday", "weekdays", "weekend", "other", "first", "second", "third", "last"),
    }
    - {word for word in UNITS if len(word) < _SHORTEST_WORD}
)


def suggestion(
    text: str, problem: Problem, understood: Callable[[str], object], *, sentence: bool = False
) -> str | None:
    """The first change of the text that `understood` takes without RefusedError; else a typical text.

    `sentence`: the text holds a title, which the change keeps.
    """
    if len(text) <= _LONGEST:
        for other in islice(_others(text, problem, sentence=sentence), _MOST_TRIES):
            if other.strip() and _is_taken(other, understood):
                return " ".join(other.split())
    return FALLBACK if _is_taken(FALLBACK, understood) else None


def _others(text: str, problem: Problem, *, sentence: bool) -> Iterator[str]:
    corrected = _corrected(text, cutoff=0.8 if sentence else 0.7)
    if problem.reason == "not_understood" and corrected != text:
        yield corrected
    for fix in problem.fixes:
        yield _applied(text, fix)
    if problem.reason == "too_frequent":
        yield _replaced_step(text)
    if problem.reason == "impossible":
        yield _NUMBER_BELOW_ONE.sub(lambda found: found[1] or "1", text)
    if problem.reason == "not_understood" and not sentence:
        yield f"in {text.strip()}"
    yield from _spans(text, sentence=sentence)


def _applied(text: str, fix: Fix) -> str:
    before = text[: fix.start].rstrip()
    if (fix.text.startswith(("at ", "on ")) and before.lower().endswith((" at", " on", "@"))) or before.lower() in (
        "at",
        "on",
        "@",
    ):
        before = before[:-2] if not before.endswith("@") else before[:-1]
    return f"{before} {fix.text} {text[fix.end :].lstrip()}".strip()


def _corrected(text: str, *, cutoff: float) -> str:
    """The text with misspelt words replaced by near ones of the time language."""
    tokens = tokenize(text, loose=False)
    for position in range(min(len(tokens), _MOST_WORDS) - 1, -1, -1):
        token = tokens[position]
        if token.kind != "word" or len(token.text) < _SHORTEST_WORD or token.text in _WORDS:
            continue
        near = get_close_matches(token.text, _WORDS, n=1, cutoff=cutoff)
        if near:
            text = f"{text[: token.start]}{near[0]}{text[token.end :]}"
    return text


def _replaced_step(text: str) -> str:
    lower = text.lower()
    start = max(lower.find("every"), lower.find("each"))
    return f"{text[:start]}every minute" if start >= 0 else text


def _spans(text: str, *, sentence: bool) -> Iterator[str]:
    """Parts of the text, longest first: one of them may be a time that something else stands around.

    In a sentence that part is moved to the end.
    """
    tokens = tokenize(text, loose=sentence)
    count = min(len(tokens), _MOST_WORDS)
    for length in range(count - 1, 0, -1):
        for first in range(1, count - length) if sentence else range(count - length + 1):
            start, end = tokens.span(first, first + length)
            if not _is_time(tokens.part(first, first + length)):
                continue
            yield f"{text[:start].strip()} {text[end:].strip()} {text[start:end]}" if sentence else text[start:end]


def _is_time(tokens: Tokens) -> bool:
    if not any(tokens[position].kind in ("word", "half") for position in range(len(tokens))):
        return False
    try:
        read_phrase(tokens)
    except RefusedError:
        return False
    return True


def _is_taken(text: str, understood: Callable[[str], object]) -> bool:
    try:
        understood(text)
    except RefusedError:
        return False
    return True
