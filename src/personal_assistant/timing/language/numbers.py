"""Numbers in digits and words, and amounts of time."""

from dataclasses import dataclass
from fractions import Fraction

from personal_assistant.timing.language.tokens import Tokens
from personal_assistant.timing.language.vocabulary import ORDINALS, SMALL_NUMBERS, TENS, UNITS

HALF = Fraction(1, 2)
_ELAPSED = ("second", "minute", "hour")


@dataclass(frozen=True, slots=True)
class Quantity:
    """So much of one unit: a value of UNITS."""

    amount: Fraction
    unit: str

    @property
    def is_elapsed(self) -> bool:
        """Whether it is time on a stopwatch rather than on the calendar."""
        return self.unit in _ELAPSED


def number(tokens: Tokens, index: int) -> tuple[Fraction, int] | None:
    """A number in digits («1.5»), or a whole one in words («forty-five»)."""
    if tokens[index].kind == "number":
        return Fraction(tokens[index].text), index + 1
    found = whole_words(tokens, index)
    return None if found is None else (Fraction(found[0]), found[1])


def whole_words(tokens: Tokens, index: int) -> tuple[int, int] | None:
    """A whole number in words, up to ninety-nine."""
    token = tokens[index]
    if token.kind != "word":
        return None
    if token.text in SMALL_NUMBERS:
        return SMALL_NUMBERS[token.text], index + 1
    if token.text not in TENS:
        return None
    behind = _behind_tens(tokens, index + 1)
    ones = SMALL_NUMBERS.get(tokens[behind].text, 0)
    return (TENS[token.text] + ones, behind + 1) if 1 <= ones <= 9 else (TENS[token.text], index + 1)


def ordinal(tokens: Tokens, index: int) -> tuple[int, int] | None:
    """An ordinal number: «3rd», «third», «twenty-first»."""
    token = tokens[index]
    if token.kind == "ordinal":
        return int(token.text[:-2]), index + 1
    if token.kind != "word":
        return None
    if token.text in ORDINALS:
        return ORDINALS[token.text], index + 1
    behind = _behind_tens(tokens, index + 1)
    ones = ORDINALS.get(tokens[behind].text, 0)
    return (TENS[token.text] + ones, behind + 1) if token.text in TENS and 1 <= ones <= 9 else None


def _behind_tens(tokens: Tokens, index: int) -> int:
    return index + 1 if tokens.symbol(index, "-") else index


def quantity(tokens: Tokens, index: int) -> tuple[Quantity, int] | None:
    """An amount of one unit: «20 minutes», «half an hour», «two and a half hours», «an hour and a half»."""
    for read in (_part_of, _counted):
        found = read(tokens, index)
        if found is not None:
            return found
    return None


def _part_of(tokens: Tokens, index: int) -> tuple[Quantity, int] | None:
    """«half an hour», «a half hour», «a quarter of an hour», «three quarters of an hour», «a couple of days»."""
    start = tokens.skip(index, "a", "one")
    if tokens.word(start, "half"):
        return _unit_of(tokens, tokens.skip(start + 1, "of"), HALF)
    if tokens.word(start, "couple"):
        return _unit_of(tokens, tokens.skip(start + 1, "of"), Fraction(2))
    quarters = 3 if tokens.phrase(index, "three quarters") else 1
    start = index + 1 if quarters == 3 else start
    if not tokens.word(start, "quarter", "quarters"):
        return None
    behind = tokens.skip(start + 1, "of")
    if behind == start + 1 and not tokens.word(behind, "hour"):
        return None
    return _unit_of(tokens, behind, Fraction(quarters, 4))


def _unit_of(tokens: Tokens, index: int, amount: Fraction) -> tuple[Quantity, int] | None:
    index = tokens.skip(index, "a", "an")
    unit = UNITS.get(tokens[index].text)
    return None if unit is None else (Quantity(amount, unit), index + 1)


def _counted(tokens: Tokens, index: int) -> tuple[Quantity, int] | None:
    negative = tokens.symbol(index, "-") and tokens.joined(index + 1)
    index += negative
    counted = (Fraction(1), index + 1) if tokens.word(index, "a", "an") else number(tokens, index)
    if counted is None:
        return None
    amount, index = counted
    halves = tokens.phrase(index, "and a half")
    unit = UNITS.get(tokens[halves or index].text)
    if unit is None:
        return None
    index = (halves or index) + 1
    behind = None if halves else tokens.phrase(index, "and a half")
    amount += HALF if halves or behind else 0
    return Quantity(-amount if negative else amount, unit), behind or index


def quantities(tokens: Tokens, index: int) -> tuple[tuple[Quantity, ...], int] | None:
    """Several amounts in a row: «1 day and 2 hours», «2h 30m», «1h30»."""
    found = quantity(tokens, index)
    if found is None:
        return None
    amounts = [found[0]]
    index = found[1]
    while (following := _following(tokens, index, amounts[-1])) is not None:
        amounts.append(following[0])
        index = following[1]
    return tuple(amounts), index


def _following(tokens: Tokens, index: int, last: Quantity) -> tuple[Quantity, int] | None:
    start = index + 1 if tokens.symbol(index, ",", "&") else index
    start = tokens.skip(start, "and")
    found = quantity(tokens, start)
    if found is None and last.unit == "hour" and start == index and tokens.joined(index):
        minutes = tokens[index]
        if minutes.kind == "number" and minutes.text.isdecimal():
            return Quantity(Fraction(minutes.text), "minute"), index + 1
    return found if found is not None and found[0].unit != last.unit else None
