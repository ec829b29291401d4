"""Messages on their way to people outside of the assistant."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.context import current_job
from personal_assistant.jobs.finish import Finished
from personal_assistant.jobs.outcomes import Cancelled, Failed, Retry, Succeeded
from personal_assistant.notifications import trying
from personal_assistant.notifications.addresses import get_address
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import QUEUE, Address
from personal_assistant.notifications.outbox import Outgoing, load_outgoing
from personal_assistant.notifications.outcomes import Ended, note
from personal_assistant.notifications.planning import ATTEMPTS
from personal_assistant.notifications.senders import config_of
from personal_assistant.notifications.sending import LONGEST_SECONDS, attempt
from personal_assistant.store.people import Person, get_person
from personal_assistant.store.secrets import vault_of
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.tasks import task
from personal_assistant.workers.utils.gathering import Gathering

# Nobody's fault: whether it was sent is told by its next attempt.
_INTERRUPTED = "interrupted"
_SENT: dict[str, Any] = {"state": "sent"}


def _load(ids: Sequence[int]) -> Mapping[int, Outgoing]:
    settings = runtime().settings
    with runtime().db.read() as conn:
        return load_outgoing(conn, ids, vault_of(settings), config_of(settings), runtime().clock.now())


_outgoing = Gathering(_load)


def _note(conn: sa.Connection, finished: Sequence[Finished]) -> None:
    now = runtime().clock.now()
    ended = [_ended(int(job.args[0]), job.attempt, outcome) for job, outcome in finished if job.args]
    deliver(conn, note(conn, [it for it in ended if it is not None], now), now)


def _ended(delivery_id: int, number: int, outcome: Any) -> Ended | None:
    match outcome:
        case Succeeded(result):
            said = result or _SENT
            state, error, receipt = said["state"], said.get("error"), said.get("receipt")
            return None if state == "gone" else Ended(delivery_id, number, state, error, receipt)
        case Retry(kind=kind) if kind == _INTERRUPTED:
            return None
        case Retry(error=error):
            return Ended(delivery_id, number, "pending", error)
        case Failed(error):
            return Ended(delivery_id, number, "failed", error)
        case Cancelled():
            return Ended(delivery_id, number, "suppressed", "It was cancelled.")
    return None


@task(queue=QUEUE, attempts=ATTEMPTS, time_limit=LONGEST_SECONDS + 30, written=_note)
async def deliver_message(delivery_id: int) -> dict[str, Any] | None:
    """Bring a message to one address; returns how it ended where that is not simply `sent`."""
    outgoing = await _outgoing.get(delivery_id)
    if outgoing is None or not outgoing.is_open:
        return {"state": "gone"}
    sent = await attempt(outgoing, current_job().attempt, config_of(runtime().settings), runtime().clock.now())
    if sent.state == "sent" and sent.receipt is None:
        return None
    said = {"state": sent.state, "error": sent.error, "receipt": sent.receipt}
    return {name: value for name, value in said.items() if value is not None}


@task(queue=QUEUE, at_most_once=True, time_limit=trying.LONGEST_SECONDS + 30)
async def test_channel(user_id: int, address_id: int) -> dict[str, Any]:
    """Send a test message to one of a person's addresses; returns what came of it."""
    address, sealed, person = await asyncio.to_thread(_opened, user_id, address_id)
    settings, now = runtime().settings, runtime().clock.now()
    tried = await trying.try_address(address, sealed, vault_of(settings), person, config_of(settings), now)
    await asyncio.to_thread(_note_tried, address, tried)
    return {name: value for name, value in asdict(tried).items() if value is not None}


def _opened(user_id: int, address_id: int) -> tuple[Address, str, Person]:
    with runtime().db.read() as conn:
        address = get_address(conn, user_id, str(address_id))
        return address, trying.sealed_of(conn, [address])[address.id], get_person(conn, user_id)


def _note_tried(address: Address, tried: trying.Tried) -> None:
    with runtime().db.write() as conn:
        trying.note_tried(conn, [address], [tried], runtime().clock.now())
