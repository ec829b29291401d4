"""A test message to addresses, from this process or by a worker, and what came of it at each."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.model import NewJob
from personal_assistant.notifications.address_states import note_failed, note_sent
from personal_assistant.notifications.addresses import open_target
from personal_assistant.notifications.model import QUEUE, Address, Parcel, Unknown
from personal_assistant.notifications.senders import SendingConfig, sender_for
from personal_assistant.store.bulk import among
from personal_assistant.store.people import Person
from personal_assistant.store.plain import plain_text
from personal_assistant.store.secrets import Vault
from personal_assistant.store.tables import addresses

# Beyond every sender's own limits: a person waits for it.
LONGEST_SECONDS = 90.0
TASK = "personal_assistant.workers.tasks.notification_tasks.test_channel"
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a test message. `reason` is why it was not sent, or why that is not known."""

    name: str
    channel: str
    masked: str
    outcome: Literal["sent", "unconfirmed", "failed"]
    reason: str | None = None
    receipt: str | None = None


def sealed_of(conn: sa.Connection, chosen: Sequence[Address]) -> dict[int, str]:
    """The sealed secrets of these addresses."""
    found = sa.select(addresses.c.id, addresses.c.sealed).where(among(conn, addresses.c.id, [it.id for it in chosen]))
    return {row.id: row.sealed for row in conn.execute(found)}


def try_addresses(
    chosen: Sequence[Address],
    sealed: dict[int, str],
    vault: Vault,
    person: Person,
    config: SendingConfig,
    now: datetime,
) -> list[Tried]:
    """Send a test message to each, all at the same time; what came of it, in their order. Takes up to 90 s."""

    async def all_of_them() -> list[Tried]:
        each = (try_address(it, sealed[it.id], vault, person, config, now) for it in chosen)
        return list(await asyncio.gather(*each))

    return asyncio.run(all_of_them())


def note_tried(conn: sa.Connection, chosen: Sequence[Address], tried: Sequence[Tried], now: datetime) -> None:
    """Keep with each address what came of it."""
    for address, it in zip(chosen, tried, strict=True):
        if it.outcome == "sent":
            note_sent(conn, address.id, now)
        elif it.outcome == "failed":
            note_failed(conn, address.id, it.reason or "", now)


def ask_for_test(conn: sa.Connection, address: Address, now: datetime) -> str:
    """Have a worker send a test message to an address; returns the job's id, while one waits already that one's."""
    job = NewJob(
        task=TASK,
        queue=QUEUE,
        args=(address.user_id, address.id),
        at_most_once=True,
        unique_key=f"channel_test:{address.id}",
        user_id=address.user_id,
    )
    return enqueue(conn, job, now=now)


async def try_address(
    address: Address, sealed: str, vault: Vault, person: Person, config: SendingConfig, now: datetime
) -> Tried:
    """Send a test message to one; what came of it. Takes up to 90 s."""
    shown = (address.name, address.channel, address.masked)
    try:
        parcel = _parcel(address, sealed, vault, person, now)
        async with asyncio.timeout(LONGEST_SECONDS):
            receipt = await sender_for(address.channel, parcel.target.url).send(parcel, config)
    except TimeoutError:
        return Tried(*shown, "unconfirmed", f"there was no answer within {LONGEST_SECONDS:g} s")
    except Unknown as error:
        return Tried(*shown, "unconfirmed", _reason(error))
    except AssistantError as error:
        return Tried(*shown, "failed", _reason(error))
    return Tried(*shown, "sent", receipt=receipt)


def _parcel(address: Address, sealed: str, vault: Vault, person: Person, now: datetime) -> Parcel:
    return Parcel(
        key=f"test:{address.id}:{uuid.uuid4()}",
        attempt=1,
        address=address,
        target=open_target(vault, address.id, sealed),
        message_id=0,
        kind="alert",
        topic="test",
        title="Test message",
        body=f"Your assistant reaches you here. This address is called {address.name}.",
        urgent=False,
        due_at=None,
        created_at=now,
        zone=person.zone,
        person=person.full_name or "",
    )


def _reason(error: Exception) -> str:
    return plain_text(" ".join(str(error).split()))[:_LONGEST_REASON]
