"""Instants that are given: with an offset, and within what can be kept."""

from datetime import UTC, datetime

from personal_assistant.errors import AssistantError


class InstantError(AssistantError):
    """An instant that cannot be kept."""


def in_utc(instant: datetime) -> datetime:
    """The same instant in UTC. Raises InstantError where its year has no four digits there."""
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise InstantError("This instant lies outside of what can be kept.") from error
