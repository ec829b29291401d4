"""Lengths of time in words: «10m», «1 hour and 30 minutes»."""

from fractions import Fraction

from personal_assistant.timing.language.durations import SECONDS
from personal_assistant.timing.language.numbers import quantities
from personal_assistant.timing.language.tokens import tokenize

_UNITS = {**SECONDS, "day": 86_400, "week": 604_800, "fortnight": 1_209_600}
_LONGEST_TEXT = 100


def read_length(words: str) -> int | None:
    """The whole seconds that words mean, a day being 24 hours; None for what is not understood or is not whole."""
    tokens = tokenize(words, loose=False) if len(words) <= _LONGEST_TEXT else None
    found = quantities(tokens, 0) if tokens is not None else None
    if tokens is None or found is None or tokens[found[1]].kind:
        return None
    if any(it.unit not in _UNITS or it.amount < 0 for it in found[0]):
        return None
    seconds = sum((it.amount * _UNITS[it.unit] for it in found[0]), Fraction(0))
    return int(seconds) if seconds.denominator == 1 else None
