"""One attempt to bring a message over one channel, and what its end means."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from personal_assistant.errors import PermanentError, TransientError
from personal_assistant.notifications.channels import IDEMPOTENT
from personal_assistant.notifications.model import Parcel, Refused, TryLater, Unknown
from personal_assistant.notifications.outbox import Outgoing
from personal_assistant.notifications.retries import next_try
from personal_assistant.notifications.senders import SendingConfig, sender_for

# Senders have limits of their own, which are shorter.
LONGEST_SECONDS = 60.0
_CUT_OFF = "The process that was sending it was ended meanwhile, so it may have arrived."


@dataclass(frozen=True, slots=True)
class Sent:
    """How a try ended when it did not fail. `receipt` is the service's id; `error` why it was not sent for sure."""

    state: str
    error: str | None = None
    receipt: str | None = None


async def attempt(outgoing: Outgoing, number: int, config: SendingConfig, now: datetime) -> Sent:
    """Attempt number `number` (from 1) of a try.

    Raises TransientError when it is to be tried again, PermanentError when it has failed.
    """
    if outgoing.done:
        return Sent("suppressed", "It is done already.")
    if outgoing.expires_at is not None and outgoing.expires_at <= now:
        return Sent("suppressed", "It had expired.")
    if outgoing.parcel is None:
        raise PermanentError(outgoing.obstacle or "It cannot be sent.")
    repeatable = outgoing.parcel.address.channel in IDEMPOTENT
    if number > outgoing.attempts + 1 and not repeatable:
        return Sent("unconfirmed", _CUT_OFF)
    try:
        return Sent("sent", receipt=await _send(outgoing.parcel, config))
    except Refused as error:
        raise PermanentError(_sentence(error)) from None
    except (TryLater, Unknown) as error:
        known = isinstance(error, TryLater)
        again = _again(outgoing, number, config, now, error.retry_after) if known or repeatable else None
        if again is not None:
            raise TransientError(_sentence(error), retry_after=again) from None
        if known:
            raise PermanentError(_sentence(error)) from None
        return Sent("unconfirmed", _sentence(error))


async def _send(parcel: Parcel, config: SendingConfig) -> str | None:
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            return await sender_for(parcel.address.channel, parcel.target.url).send(parcel, config)
    except TimeoutError:
        raise Unknown(f"there was no answer within {LONGEST_SECONDS:g} s") from None


def _again(
    outgoing: Outgoing, number: int, config: SendingConfig, now: datetime, retry_after: float | None
) -> float | None:
    """In how many seconds to try it again; None when that is over."""
    at = next_try(
        number,
        retry_after,
        has_next=outgoing.has_next,
        started_at=outgoing.begun_at,
        now=now,
        fallback_seconds=config.fallback_seconds,
        expires_at=outgoing.expires_at,
    )
    return None if at is None else (at - now).total_seconds()


def _sentence(error: Exception) -> str:
    text = str(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
