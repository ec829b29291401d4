"""Why a text is refused."""

from collections.abc import Iterable
from dataclasses import dataclass

NOT_UNDERSTOOD = "not_understood"
IMPOSSIBLE = "impossible"
TOO_FREQUENT = "too_frequent"
AMBIGUOUS = "ambiguous"
PAST = "past"
# Of several reasons the first of these is given.
REASONS = (NOT_UNDERSTOOD, IMPOSSIBLE, TOO_FREQUENT, AMBIGUOUS, PAST)


class TimeRefused(ValueError):  # noqa: N818 - a refusal is an answer, not a failure
    """A time text that is not taken.

    reason: one of REASONS. message: a sentence for the person. suggestion: a nearby text that is understood, or None.
    """

    def __init__(self, reason: str, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.suggestion = suggestion


@dataclass(frozen=True, slots=True)
class Fix:
    """A replacement of the characters `start` to `end` of the text that might make it good."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a text, and fixes to try, the likeliest first."""

    reason: str
    message: str
    fixes: tuple[Fix, ...] = ()


class RefusedError(Exception):
    """Carries problems out of the depths of the grammar."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


def gravest(problems: Iterable[Problem]) -> Problem:
    """The problem whose reason comes first."""
    return min(problems, key=lambda problem: REASONS.index(problem.reason))
