"""A text cut into tokens that remember where they stood."""

import re
from dataclasses import dataclass
from unicodedata import category

from personal_assistant.timing.zones import find_zone

_DASHES = "‐‑‒–—―−﹣-"
_APOSTROPHES = "’‘ʼ´`＇"
# Punctuation that says nothing about time.
_IGNORED = frozenset(".;:!?\"'()[]{}…«»„“”‚‹›*¡¿·•")
_TOKEN = re.compile(
    r"""
    (?P<iso>\d{4}-\d{1,2}-\d{1,2})
  | (?P<date>\d{4}/\d{1,2}/\d{1,2}|\d{1,4}/\d{1,4}(?:/\d{1,4})?|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}-\d{1,2}-\d{4})(?![\d/])
  | (?P<time>\d{1,4}:\d{1,4}(?::\d{1,4}(?:[.,]\d+)?)?)
  | (?P<ordinal>\d+(?:st|nd|rd|th)(?![a-z]))
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<half>[ap](?:\.[ ]?m\.?|m)(?![^\W\d_]))
  | (?P<clock>o'?[ ]?clock(?![^\W\d_]))
  | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)
  | (?P<symbol>[-,&@+/])
    """,
    re.VERBOSE,
)


_ZONE = re.compile(r"[a-z]+(?:/[a-z0-9_+-]+)+")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is a group of the pattern above, `zone` or `junk`; `start` and `end` are places in the text as written."""

    kind: str
    text: str
    start: int
    end: int


class Tokens:
    """The tokens of a text. Indices past the end give a token of no kind."""

    def __init__(self, text: str, tokens: list[Token], *, loose: bool) -> None:
        self.text = text
        self.loose = loose
        self._tokens = tokens
        self._end = Token("", "", len(text), len(text))

    def __len__(self) -> int:
        return len(self._tokens)

    def __getitem__(self, index: int) -> Token:
        return self._tokens[index] if index < len(self._tokens) else self._end

    def word(self, index: int, *words: str) -> bool:
        """Whether the token there is one of the words."""
        token = self[index]
        return token.kind == "word" and token.text in words

    def symbol(self, index: int, *symbols: str) -> bool:
        token = self[index]
        return token.kind == "symbol" and token.text in symbols

    def skip(self, index: int, *words: str) -> int:
        """The index after an optional word."""
        return index + 1 if self.word(index, *words) else index

    def phrase(self, index: int, words: str) -> int | None:
        """The index after these words in a row, or None."""
        parts = words.split()
        if all(self.word(index + offset, part) for offset, part in enumerate(parts)):
            return index + len(parts)
        return None

    def joined(self, index: int) -> bool:
        """Whether no space stands between this token and the one before."""
        return index > 0 and index < len(self) and self[index].start == self[index - 1].end

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The characters from one token to before another."""
        return self[start].start, self[end - 1].end

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.text, self._tokens + other._tokens, loose=self.loose)

    def part(self, start: int, end: int) -> "Tokens":
        """Some of them, as they stand in the whole text."""
        return Tokens(self.text, self._tokens[start:end], loose=self.loose)


def tokenize(text: str, *, loose: bool) -> Tokens:
    """Cut a text up. `loose` is for sentences, where bare numbers and single letters mean other things than times."""
    plain = "".join(_plain(char) for char in text)
    tokens: list[Token] = []
    position = 0
    while position < len(plain):
        token = _zone_at(plain, position) or _token_at(plain, position)
        if token is not None:
            tokens.append(token)
            position = token.end
            continue
        char = plain[position]
        if not char.isspace() and char not in _IGNORED and category(char) not in ("Mn", "Cf"):
            tokens.append(Token("junk", char, position, position + 1))
        position += 1
    return Tokens(text, tokens, loose=loose)


def _token_at(plain: str, position: int) -> Token | None:
    found = _TOKEN.match(plain, position)
    return found and Token(found.lastgroup or "", found.group(), position, found.end())


def _zone_at(plain: str, position: int) -> Token | None:
    found = _ZONE.match(plain, position)
    if found is None or find_zone(found.group()) is None:
        return None
    return Token("zone", found.group(), position, found.end())


def _plain(char: str) -> str:
    """One character for one, so that places in the text stay the same."""
    if char in _DASHES:
        return "-"
    if char in _APOSTROPHES:
        return "'"
    if char.isspace():
        return " "
    lower = char.lower()
    return lower if len(lower) == 1 else char
