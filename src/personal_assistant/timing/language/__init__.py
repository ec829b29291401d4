"""Times in words: what a text means, or why it is refused. Code decides, never a language model."""

from dataclasses import dataclass
from datetime import datetime

from personal_assistant.timing.language.problems import NOT_UNDERSTOOD, TimeRefused
from personal_assistant.timing.recurrence import Schedule

__all__ = ["TimeRefused", "Understood", "understand", "understand_sentence"]


@dataclass(frozen=True, slots=True)
class Understood:
    kind: str
    title: str | None
    words: str
    zone: str
    next: list[datetime]
    schedule: Schedule


def understand(text: str, *, now: datetime, zone: str) -> Understood:
    raise TimeRefused(NOT_UNDERSTOOD, "x")


def understand_sentence(text: str, *, now: datetime, zone: str) -> Understood:
    raise TimeRefused(NOT_UNDERSTOOD, "x")
