"""What persons have wished of their messages, and where they can be reached."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time

import sqlalchemy as sa

from personal_assistant.store.bulk import among
from personal_assistant.store.tables import addresses, notification_settings, users
from personal_assistant.timing.quiet import QuietHours


@dataclass(frozen=True, slots=True)
class Wishes:
    """One person's. `addresses` are the enabled ones in their order, as pairs of id and channel.

    routes: kind of message to ids of addresses, in order.
    caps: channel to the most messages in a day of `zone`.
    """

    zone: str = "UTC"
    addresses: Sequence[tuple[int, str]] = ()
    routes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    quiet: QuietHours | None = None
    caps: Mapping[str, int] = field(default_factory=dict)


def wishes_of(conn: sa.Connection, user_ids: Collection[int]) -> dict[int, Wishes]:
    """Person to wishes, of those who can be reached outside of the assistant; others are left out."""
    enabled = (
        sa.select(addresses.c.user_id, addresses.c.id, addresses.c.channel)
        .where(among(conn, addresses.c.user_id, user_ids), addresses.c.enabled)
        .order_by(addresses.c.user_id, addresses.c.position, addresses.c.id)
    )
    reached: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for row in conn.execute(enabled):
        reached[row.user_id].append((row.id, row.channel))
    if not reached:
        return {}
    chosen = (
        sa.select(users.c.id, sa.func.coalesce(users.c.zone, "UTC").label("zone"), *_WISHED)
        .outerjoin(notification_settings, notification_settings.c.user_id == users.c.id)
        .where(among(conn, users.c.id, list(reached)))
    )
    return {
        row.id: Wishes(
            row.zone,
            tuple(reached[row.id]),
            row.routes or {},
            _quiet(row.quiet_from, row.quiet_to, row.zone),
            row.caps or {},
        )
        for row in conn.execute(chosen)
    }


_WISHED = tuple(notification_settings.c[name] for name in ("quiet_from", "quiet_to", "routes", "caps"))


def _quiet(start: str | None, end: str | None, zone: str) -> QuietHours | None:
    if start is None or end is None:
        return None
    return QuietHours(time.fromisoformat(start), time.fromisoformat(end), zone)
