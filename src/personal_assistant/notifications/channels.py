"""The ways to reach a person, and which of them a message takes."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.notifications.model import Message
from personal_assistant.notifications.wishes import Wishes, wishes_of
from personal_assistant.store.tables import CHANNELS

IN_APP = "in_app"
# Channels whose services take a key and pass over what they have taken under it already.
IDEMPOTENT = frozenset({"webhook"})


class UnknownChannelError(AssistantError):
    """No channel has that name."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message goes after it is stored in the in-app list.

    addresses: ids, in the order in which they take over.
    not_set_up: channels that were asked for and have no address.
    unknown: what was asked for and is no channel.
    """

    addresses: tuple[int, ...] = ()
    not_set_up: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def check_channels(names: Sequence[str] | None) -> list[str]:
    """The names as they are to be stored, each once; none for the person's own order. Raises UnknownChannelError."""
    names = [names] if isinstance(names, str) else names or ()
    for name in names:
        if name not in CHANNELS:
            raise UnknownChannelError(f"There is no channel {name[:60]!r}. The channels are {', '.join(CHANNELS)}.")
    return list(dict.fromkeys(names))


def not_set_up(conn: sa.Connection, user_id: int, names: Sequence[str]) -> tuple[str, ...]:
    """Those among the names whose messages will only be found in the in-app list."""
    asked = [name for name in dict.fromkeys(map(str, names)) if name != IN_APP]
    wishes = wishes_of(conn, [user_id]).get(user_id, Wishes()) if asked else Wishes()
    there = {channel for _, channel in wishes.addresses}
    return tuple(name for name in asked if name not in there)


def route_of(message: Message, wishes: Wishes | None) -> Route:
    """The way of a message to a person with these wishes; None for one who cannot be reached outside."""
    wishes = wishes or Wishes()
    if message.channels is None and message.route is None:
        return Route(_wished(message, wishes) if message.outward else ())
    if message.channels is None:
        known = {address_id for address_id, _ in wishes.addresses}
        return Route(tuple(it for it in dict.fromkeys(message.route or ()) if it in known))
    asked = [name for name in dict.fromkeys(map(str, message.channels)) if name != IN_APP]
    by_channel = {name: [it for it, channel in wishes.addresses if channel == name] for name in asked}
    found = tuple(it for name in asked for it in by_channel[name])
    return Route(
        found if message.outward else (),
        tuple(name for name in asked if name in CHANNELS and not by_channel[name]),
        tuple(name for name in asked if name not in CHANNELS),
    )


def _wished(message: Message, wishes: Wishes) -> tuple[int, ...]:
    enabled = [address_id for address_id, _ in wishes.addresses]
    chosen = wishes.routes.get(message.kind)
    return tuple(enabled if chosen is None else (it for it in chosen if it in enabled))
