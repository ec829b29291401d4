"""Reading the zone that a phrase names."""

from personal_assistant.timing.language.problems import AMBIGUOUS, Fix, Problem
from personal_assistant.timing.language.tokens import Tokens
from personal_assistant.timing.language.vocabulary import UNIVERSAL, ZONE_ABBREVIATIONS
from personal_assistant.timing.zones import find_city, find_zone

_LONGEST_CITY = 5


def zone_name(tokens: Tokens, index: int, *, after: bool) -> tuple[str, Problem | None, int] | None:
    """Read a zone: «Europe/London», «UTC», «New York time».

    Returns (IANA name, problem, index behind), or None when no zone stands here. `after`: a time or a day stands
    before it. An abbreviation is a problem: it means several zones, or one that has another name half of the year.
    """
    token = tokens[index]
    if token.kind == "zone":
        return find_zone(token.text) or "UTC", None, tokens.skip(index + 1, "time")
    if token.kind != "word":
        return None
    if token.text in UNIVERSAL and (after or token.text != "z"):
        return "UTC", None, tokens.skip(index + 1, "time")
    written = tokens.text[token.start : token.end]
    if token.text in ZONE_ABBREVIATIONS and after and (written.isupper() or not tokens.loose):
        city = ZONE_ABBREVIATIONS[token.text]
        problem = Problem(
            AMBIGUOUS,
            f"{written.upper()} is not one zone all year round and everywhere: name a city, like «{city} time».",
            (Fix(token.start, token.end, f"{city} time"),),
        )
        return "UTC", problem, tokens.skip(index + 1, "time")
    return _city(tokens, index) or _single(tokens, index, after)


def _city(tokens: Tokens, index: int) -> tuple[str, Problem | None, int] | None:
    for end in range(index + 1, index + _LONGEST_CITY + 1):
        if tokens.word(end, "time"):
            span = tokens.span(index, end)
            words = " ".join(tokens.text[span[0] : span[1]].split())
            found = find_city(words)
            return None if found is None else (found, None, end + 1)
    return None


def _single(tokens: Tokens, index: int, after: bool) -> tuple[str, Problem | None, int] | None:
    """IANA names without a slash («Japan»); in a sentence they are more likely to mean the country."""
    found = find_zone(tokens[index].text) if after and not tokens.loose else None
    return None if found is None else (found, None, index + 1)
