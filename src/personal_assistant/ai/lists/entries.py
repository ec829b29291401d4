"""What the lists are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

# To come: planned, or put off. Come: it asks to be done, or was read, or done. Not come: failed, missed, skipped by its
# person, or late because nothing ran.
PLANNED, SNOOZED, OPEN, READ, DONE, SKIPPED, LATE = "planned", "snoozed", "open", "read", "done", "skipped", "late"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list.

    at: when it is to come, or was to (aware, UTC); in the list of what is done, when that was said.
    late_seconds: how long ago that was, of what is overdue.
    note: why it failed or was missed, how it was said to be done, or how a thing goes on of which no more lines follow.
    """

    at: datetime
    state: str
    title: str
    ai_task_id: int | None
    message_id: int | None = None
    late_seconds: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list, and whether it would be longer without its limit."""

    entries: Sequence[Entry]
    more: bool


def limited(entries: Sequence[Entry], limit: int) -> Listing:
    """The first of these."""
    return Listing(tuple(entries[:limit]), len(entries) > limit)
