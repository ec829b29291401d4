"""What `assistant channels` does, on this machine and on another one."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from personal_assistant.errors import AssistantError
from personal_assistant.notifications import addresses, trying
from personal_assistant.notifications.address_audit import note_change
from personal_assistant.notifications.address_states import AddressState, address_states
from personal_assistant.notifications.addresses import check_host, get_address, pick
from personal_assistant.notifications.model import Address
from personal_assistant.notifications.senders import config_of
from personal_assistant.notifications.trying import Tried
from personal_assistant.store.secrets import vault_of

if TYPE_CHECKING:
    from personal_assistant.cli.remote import Remote
    from personal_assistant.cli.session import Session

_BY = "cli"
_LOOK_EVERY_SECONDS = 0.3
_ENDED = frozenset({"succeeded", "failed", "cancelled", "missed"})


class Desk(Protocol):
    """One person's addresses. Every method raises AssistantError for what cannot be."""

    def local(self, instant: datetime | None) -> str: ...

    def states(self) -> list[AddressState]: ...

    def add(self, channel: str, url: str, name: str | None, secret: str | None) -> tuple[Address, str | None]: ...

    def edit(self, address: str, url: str | None, name: str | None, new_secret: bool) -> tuple[Address, str | None]: ...

    def move(self, address: str, place: int) -> list[Address]: ...

    def switch(self, address: str, enabled: bool) -> Address: ...

    def remove(self, address: str) -> Address: ...

    def test(self, wanted: str | None) -> list[Tried]: ...


def desk() -> Desk:
    """That of the assistant which the environment names, else of the one on this machine."""
    from personal_assistant.cli.remote import remote
    from personal_assistant.cli.session import session

    there = remote()
    return Here(session()) if there is None else There(there)


class Here:
    """On this machine."""

    def __init__(self, session: "Session") -> None:
        self._runtime, self._owner = session.runtime, session.owner
        self.local = session.local

    def states(self) -> list[AddressState]:
        with self._runtime.db.read() as conn:
            return address_states(conn, self._owner.id)

    def add(self, channel: str, url: str, name: str | None, secret: str | None) -> tuple[Address, str | None]:
        settings, now = self._runtime.settings, self._runtime.clock.now()
        check_host(url, config_of(settings).private_hosts)
        with self._runtime.db.write() as conn:
            address, made = addresses.add_address(
                conn, vault_of(settings), self._owner.id, channel, url, name=name, secret=secret, now=now
            )
            note_change(conn, address, "added", now, by=_BY)
        return address, made if secret is None else None

    def edit(self, address: str, url: str | None, name: str | None, new_secret: bool) -> tuple[Address, str | None]:
        settings = self._runtime.settings
        if url is not None:
            check_host(url, config_of(settings).private_hosts)
        with self._runtime.db.write() as conn:
            found = get_address(conn, self._owner.id, address)
            edited, secret = addresses.edit_address(
                conn, vault_of(settings), found, url=url, name=name, new_secret=new_secret
            )
            note_change(conn, edited, "edited", self._runtime.clock.now(), by=_BY)
        return edited, secret

    def move(self, address: str, place: int) -> list[Address]:
        with self._runtime.db.write() as conn:
            return addresses.move(conn, get_address(conn, self._owner.id, address), place)

    def switch(self, address: str, enabled: bool) -> Address:
        with self._runtime.db.write() as conn:
            return addresses.set_enabled(conn, get_address(conn, self._owner.id, address), enabled)

    def remove(self, address: str) -> Address:
        with self._runtime.db.write() as conn:
            found = get_address(conn, self._owner.id, address)
            addresses.remove_address(conn, found, self._runtime.clock.now())
            note_change(conn, found, "removed", self._runtime.clock.now(), by=_BY)
        return found

    def test(self, wanted: str | None) -> list[Tried]:
        """From this process: it needs no worker."""
        settings, clock = self._runtime.settings, self._runtime.clock
        with self._runtime.db.read() as conn:
            chosen = _chosen(addresses.list_addresses(conn, self._owner.id), wanted)
            sealed = trying.sealed_of(conn, chosen)
        chosen = [it for it in chosen if it.id in sealed]
        vault, config = vault_of(settings), config_of(settings)
        tried = trying.try_addresses(chosen, sealed, vault, self._owner, config, clock.now())
        with self._runtime.db.write() as conn:
            trying.note_tried(conn, chosen, tried, clock.now())
        return tried


class There:
    """On another machine, over REST."""

    def __init__(self, there: "Remote") -> None:
        self._client, self._user_id = there.client, there.owner.id
        self.local = there.local

    def states(self) -> list[AddressState]:
        from personal_assistant.cli.remote import made

        return [made(AddressState, {**it, "address": self._address(it)}) for it in self._client.list_channels()]

    def add(self, channel: str, url: str, name: str | None, secret: str | None) -> tuple[Address, str | None]:
        given = {"name": name, "secret": secret}
        wished = {key: value for key, value in given.items() if value is not None}
        found = self._client.add_channel(channel=channel, url=url, **wished)
        return self._address(found), found["secret"]

    def edit(self, address: str, url: str | None, name: str | None, new_secret: bool) -> tuple[Address, str | None]:
        found = self._client.change_channel(self._find(address).id, url=url, name=name, new_secret=new_secret)
        return self._address(found), found["secret"]

    def move(self, address: str, place: int) -> list[Address]:
        self._client.change_channel(self._find(address).id, position=place)
        return self._all()

    def switch(self, address: str, enabled: bool) -> Address:
        there = self._find(address).id
        return self._address(self._client.resume_channel(there) if enabled else self._client.pause_channel(there))

    def remove(self, address: str) -> Address:
        found = self._find(address)
        self._client.remove_channel(found.id)
        return found

    def test(self, wanted: str | None) -> list[Tried]:
        """By its workers. Raises AssistantError where nothing is there that would start them."""
        asked = [(it, self._client.test_channel(it.id)) for it in _chosen(self._all(), wanted)]
        if not all(job["scheduler_alive"] for _, job in asked):
            raise AssistantError("No scheduler is alive there: the test messages are sent once one is.")
        return [self._tried(it, job["job_id"]) for it, job in asked]

    def _tried(self, address: Address, job_id: str) -> Tried:
        end = time.monotonic() + trying.LONGEST_SECONDS
        while (job := self._client.get_job(job_id))["state"] not in _ENDED:
            if time.monotonic() > end:
                reason = f"it is not over; see `assistant jobs show {job_id}`"
                return Tried(address.name, address.channel, address.masked, "unconfirmed", reason)
            time.sleep(_LOOK_EVERY_SECONDS)
        if job["result"] is None:
            return Tried(address.name, address.channel, address.masked, "failed", job["error"])
        return Tried(**job["result"])

    def _all(self) -> list[Address]:
        return [self._address(it) for it in self._client.list_channels()]

    def _find(self, address: str) -> Address:
        return pick(self._all(), address)

    def _address(self, found: dict[str, Any]) -> Address:
        from personal_assistant.cli.remote import made

        return made(Address, {**found, "user_id": self._user_id, "position": found["position"] - 1})


def _chosen(there: Sequence[Address], wanted: str | None) -> Sequence[Address]:
    if not there:
        raise AssistantError("You have no addresses yet. Add one: `assistant channels add email ada@example.org`.")
    enabled = [it for it in there if it.enabled]
    if wanted is None:
        if not enabled:
            raise AssistantError("All your addresses are paused: name one, or resume it.")
        return enabled
    # A name comes first: the first address of a channel is called like it.
    named = any(wanted in (it.name, str(it.id)) for it in there)
    of_channel = [] if named else [it for it in enabled if it.channel == wanted]
    return of_channel or [pick(there, wanted)]
