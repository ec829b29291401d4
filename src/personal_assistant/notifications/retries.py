"""When a delivery that was not taken is tried again."""

from datetime import datetime, timedelta

_FIRST_DELAYS = (2.0, 8.0, 30.0, 60.0)
_LONGEST_DELAY = 15 * 60.0
# How long the last channel of a message is tried.
_LAST_CHANNEL = timedelta(hours=24)


def next_try(
    attempt: int,
    retry_after: float | None,
    *,
    has_next: bool,
    started_at: datetime,
    now: datetime,
    fallback_seconds: float,
    expires_at: datetime | None = None,
) -> datetime | None:
    """When to try again after attempt number `attempt` (from 1); None when the next channel is to take over.

    The wait is what the service asks for (`retry_after`, seconds), else it grows from 2 s to 15 min. While another
    channel is left, this one has `fallback_seconds` from its beginning; the last one has a day. Nothing is tried after
    the message has expired.
    """
    ends = started_at + (timedelta(seconds=fallback_seconds) if has_next else _LAST_CHANNEL)
    if expires_at is not None:
        ends = min(ends, expires_at)
    wait = _delay(attempt) if retry_after is None else max(retry_after, 0.0)
    # Compared as seconds: a service may ask for more than a date can hold.
    if wait > (ends - now).total_seconds():
        return None
    return now + timedelta(seconds=wait)


def _delay(attempt: int) -> float:
    if attempt <= len(_FIRST_DELAYS):
        return _FIRST_DELAYS[max(attempt, 1) - 1]
    doublings = min(attempt - len(_FIRST_DELAYS), 10)
    return min(_FIRST_DELAYS[-1] * 2.0**doublings, _LONGEST_DELAY)
