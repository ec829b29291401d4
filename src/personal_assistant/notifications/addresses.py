"""Where a person can be reached outside of the assistant: added, named, put in order, opened to send there."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.notifications import signing
from personal_assistant.notifications.model import Address, AddressError, AddressNotFoundError, Target
from personal_assistant.notifications.net.policy import refusal_of_url
from personal_assistant.notifications.senders import check_target
from personal_assistant.store.message_tables import OUTWARD_CHANNELS
from personal_assistant.store.secrets import SecretsError, Vault
from personal_assistant.store.tables import addresses, notification_settings, users

MOST_ADDRESSES = 20
LONGEST_NAME = 60
# Longer than any service's; what a channel takes in detail, its sender says.
LONGEST_URL = 4000
_LONGEST_MASK = 120
_SIGNED = "webhook"


def check_host(url: str, private_hosts: Sequence[str]) -> None:
    """Raises AddressError for a URL whose host is a private address that is not among those."""
    reason = refusal_of_url(url, private_hosts)
    if reason is not None:
        raise AddressError(f"The URL cannot be used: {reason}.", "url")


def add_address(
    conn: sa.Connection,
    vault: Vault,
    user_id: int,
    channel: str,
    url: str,
    *,
    name: str | None = None,
    secret: str | None = None,
    now: datetime,
) -> tuple[Address, str | None]:
    """Add a way to reach a person, after those that there are; returns it and the secret that a webhook signs with.

    The secret is given for a webhook only, where it is made unless it is given; it is not shown again.
    Raises AddressError for what cannot be used, SecretsError where nothing can be sealed.
    """
    masked = _checked(channel, url)
    if secret is not None and channel != _SIGNED:
        raise AddressError(f"Only what goes to a {_SIGNED} is signed: an address of {channel} has no secret.")
    target = Target(url, _secret(secret) if channel == _SIGNED else None)
    hold(conn, user_id)
    there = list_addresses(conn, user_id)
    if len(there) >= MOST_ADDRESSES:
        raise AddressError(f"A person has at most {MOST_ADDRESSES} addresses: remove one first.")
    name = _free(_default_name(channel, there) if name is None else name, there)
    row = {
        "user_id": user_id,
        "channel": channel,
        "name": name,
        "sealed": "",
        "masked": masked,
        "position": max((it.position for it in there), default=-1) + 1,
        "enabled": True,
        "created_at": now,
    }
    made = conn.execute(sa.insert(addresses).values(row).returning(addresses.c.id)).scalar_one()
    _write(conn, made, sealed=_seal(vault, made, target))
    return get_address(conn, user_id, name), target.secret


def hold(conn: sa.Connection, user_id: int) -> None:
    """Have others who change a person's addresses wait: they are to see their number, names and places as they will be.

    To be called before these are read.
    """
    conn.execute(sa.select(users.c.id).where(users.c.id == user_id).with_for_update())


def list_addresses(conn: sa.Connection, user_id: int) -> list[Address]:
    """A person's addresses, in the order in which they are tried."""
    mine = sa.select(*_SHOWN).where(addresses.c.user_id == user_id)
    return [Address(*row) for row in conn.execute(mine.order_by(addresses.c.position, addresses.c.id))]


def get_address(conn: sa.Connection, user_id: int, name: str) -> Address:
    """A person's address by its name, or by its id. Raises AddressNotFoundError."""
    return pick(list_addresses(conn, user_id), name)


def pick(there: Sequence[Address], name: str) -> Address:
    """The one of that name, or of that id. Raises AddressNotFoundError."""
    found = [it for it in there if it.name == name] or [it for it in there if str(it.id) == name]
    if not found:
        names = ", ".join(it.name for it in there) or "none yet: `assistant channels add` makes one"
        raise AddressNotFoundError(f"There is no address {name[:LONGEST_NAME]!r}. Yours: {names}.")
    return found[0]


def edit_address(
    conn: sa.Connection,
    vault: Vault,
    address: Address,
    *,
    url: str | None = None,
    name: str | None = None,
    new_secret: bool = False,
) -> tuple[Address, str | None]:
    """Give an address another URL, another name, or a new secret to sign with; returns it and that secret.

    Raises AddressError for what cannot be used, SecretsError where it cannot be opened or sealed.
    """
    if new_secret and address.channel != _SIGNED:
        raise AddressError(f"Only what goes to a {_SIGNED} is signed: {address.name} has no secret.")
    changes: dict[str, Any] = {}
    secret = signing.new_secret() if new_secret else None
    if url is not None or new_secret:
        changes = _retargeted(conn, vault, address, url, secret)
    if name is not None and name != address.name:
        hold(conn, address.user_id)
        changes["name"] = _free(name, list_addresses(conn, address.user_id))
    if changes:
        _write(conn, address.id, **changes)
    return get_address(conn, address.user_id, changes.get("name", address.name)), secret


def _retargeted(
    conn: sa.Connection, vault: Vault, address: Address, url: str | None, secret: str | None
) -> dict[str, Any]:
    masked = address.masked if url is None else _checked(address.channel, url)
    if url is None or (secret is None and address.channel == _SIGNED):
        sealed = conn.execute(sa.select(addresses.c.sealed).where(addresses.c.id == address.id)).scalar_one()
        old = open_target(vault, address.id, sealed)
    else:
        old = Target(url, None)
    target = replace(old, url=old.url if url is None else url, secret=old.secret if secret is None else secret)
    # What went wrong at the old one says nothing about the new one.
    forgotten = {} if url is None else {"last_error": None, "last_error_at": None, "last_sent_at": None}
    return {"sealed": _seal(vault, address.id, target), "masked": masked, **forgotten}


def set_enabled(conn: sa.Connection, address: Address, enabled: bool) -> Address:
    """Have an address used, or passed over."""
    _write(conn, address.id, enabled=enabled)
    return replace(address, enabled=enabled)


def move(conn: sa.Connection, address: Address, place: int) -> list[Address]:
    """Put an address at a place among the person's, counted from 1; the rest close up. Returns all, in order.

    Raises AddressError for a place that there is not.
    """
    hold(conn, address.user_id)
    there = list_addresses(conn, address.user_id)
    if not 1 <= place <= len(there):
        raise AddressError(f"There is no place {place}: there are {len(there)}, counted from 1.")
    others = [it for it in there if it.id != address.id]
    others.insert(place - 1, address)
    for position, it in enumerate(others):
        _write(conn, it.id, position=position)
    return list_addresses(conn, address.user_id)


def remove_address(conn: sa.Connection, address: Address, now: datetime) -> None:
    """Forget an address. What was sent there stays in the history; routes that name it go on without it.

    A route that named nothing else is gone with it: the kind goes to all addresses again, rather than to none.
    """
    mine = notification_settings.c.user_id == address.user_id
    routes = conn.execute(sa.select(notification_settings.c.routes).where(mine).with_for_update()).scalar_one_or_none()
    if any(address.id in ids for ids in (routes or {}).values()):
        kept = _without(routes or {}, address.id)
        conn.execute(sa.update(notification_settings).where(mine).values(routes=kept, updated_at=now))
    conn.execute(sa.delete(addresses).where(addresses.c.id == address.id))


def _without(routes: dict[str, list[int]], address_id: int) -> dict[str, list[int]]:
    return {kind: [it for it in ids if it != address_id] for kind, ids in routes.items() if ids != [address_id]}


def open_target(vault: Vault, address_id: int, sealed: str) -> Target:
    """Where an address leads, from its row's `sealed`. Raises SecretsError."""
    about = about_address(address_id)
    try:
        opened = json.loads(vault.open(sealed, about))
        return Target(opened["url"], opened["secret"])
    except (ValueError, KeyError, TypeError):
        raise SecretsError(f"The secret of {about} makes no sense to this version: give it anew.") from None


def about_address(address_id: int) -> str:
    """What the secret of an address is bound to."""
    return f"addresses:{address_id}"


_SHOWN = tuple(addresses.c[name] for name in ("id", "user_id", "channel", "name", "masked", "position", "enabled"))


def _seal(vault: Vault, address_id: int, target: Target) -> str:
    return vault.seal(json.dumps({"url": target.url, "secret": target.secret}), about_address(address_id))


def _write(conn: sa.Connection, address_id: int, **changes: Any) -> None:
    conn.execute(sa.update(addresses).where(addresses.c.id == address_id).values(changes))


def _checked(channel: str, url: str) -> str:
    """What may be shown of the URL. Raises AddressError for one that cannot be used."""
    if channel not in OUTWARD_CHANNELS:
        named = ", ".join(OUTWARD_CHANNELS)
        raise AddressError(f"There are no addresses of {channel[:LONGEST_NAME]!r}: name {named}.", "channel")
    if not url.strip():
        raise AddressError(f"An address of {channel} needs a URL.", "url")
    if len(url) > LONGEST_URL or not url.isprintable():
        raise AddressError(f"A URL has at most {LONGEST_URL:,} characters, without control characters.", "url")
    try:
        return check_target(channel, url)[:_LONGEST_MASK]
    except AddressError as error:
        error.field = "url"
        raise


def _secret(given: str | None) -> str:
    if given is None:
        return signing.new_secret()
    signing.key_of(given)
    return given


def _default_name(channel: str, there: Sequence[Address]) -> str:
    taken = {it.name for it in there}
    names = [channel, *(f"{channel}-{number}" for number in range(2, MOST_ADDRESSES + 2))]
    return next(name for name in names if name not in taken)


def _free(name: str, there: Sequence[Address]) -> str:
    """The name, where it can be used and no other address has it. Raises AddressError."""
    name = name.strip()
    if not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
        raise AddressError(f"A name has 1 to {LONGEST_NAME} printable characters.", "name")
    if name.isdecimal():
        raise AddressError("A name of digits alone would be taken for an id: add a letter.", "name")
    if any(it.name == name for it in there):
        raise AddressError(f"There is an address {name!r} already: choose another name.", "name")
    return name
