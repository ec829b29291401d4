"""The title of a sentence: what is left of it without the time."""

import re

_OUTER = ".,;:!?-–—‐‑‒―−…\"'“”„‘’‚«»‹›()[]{}"
_NEGATIVE = re.compile(r"[-−]\d")
_PAIRS = {"(": ")", "[": "]", "{": "}", '"': '"', "“": "”", "„": "“", "«": "»", "‹": "›", "‘": "’"}


def title_around(before: str, after: str) -> str:
    """The text on both sides of the time, as written, without «remind me (to)» and outer punctuation."""
    before, after = before.strip(), after.strip()
    while before and after and _PAIRS.get(before[-1]) == after[0]:
        before, after = before[:-1].rstrip(), after[1:].lstrip()
    rest = " ".join(part for part in (before, after) if part)
    return without_outer(_without_lead(without_outer(rest)))


def _without_lead(text: str) -> str:
    words = text.split(None, 2)
    if [word.strip(_OUTER).lower() for word in words[:2]] != ["remind", "me"]:
        return text
    rest = without_outer(words[2]) if len(words) > 2 else ""
    first, _, behind = rest.partition(" ")
    return behind.lstrip() if first.lower() == "to" else rest


def without_outer(text: str) -> str:
    """The text without punctuation and spaces around it; brackets and quotes that belong to its words stay, and the
    minus sign of a number at its start.
    """
    while text and (text[0].isspace() or text[0] in _OUTER) and not _NEGATIVE.match(text):
        partner = text.find(_PAIRS.get(text[0], "\n"), 1)
        if 0 < partner < len(text) - 1:
            break
        text = text[1:-1] if partner > 0 else text[1:]
    while text and (text[-1].isspace() or (text[-1] in _OUTER and not _closes(text))):
        text = text[:-1]
    return text


def _closes(text: str) -> bool:
    """Whether the last character closes what was opened inside."""
    last = text[-1]
    if last == '"':
        return text.count(last) % 2 == 0
    opened = sum(text.count(opening) for opening, closing in _PAIRS.items() if closing == last and opening != last)
    return opened >= text.count(last) and opened > 0
