"""How many messages a channel may carry in a day of its person, and the warning when that is used up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.notifications.model import Message
from personal_assistant.store.bulk import among
from personal_assistant.store.tables import deliveries, notification_settings, users
from personal_assistant.timing.zones import get_zone

# What was passed over, or failed before a service took it, costs nothing.
_COUNTED = ("pending", "sent", "unconfirmed")


@dataclass(slots=True)
class Cap:
    """What is left of one today."""

    channel: str
    most: int
    left: int
    day: str

    @property
    def reached(self) -> str:
        return f"The cap of {self.most} messages a day by {self.channel} is reached."

    def warning(self, user_id: int) -> Message:
        """What its person is told, once a day."""
        return Message(
            f"cap:{user_id}:{self.channel}:{self.day}",
            user_id,
            "alert",
            f"⚠️ No more messages by {self.channel} today",
            f"{self.reached} Further ones take the next channel until midnight. "
            f"`assistant notifications cap {self.channel} NUMBER` changes it.",
            None,
            topic="cap",
        )


def caps_of(conn: sa.Connection, user_ids: Collection[int], now: datetime) -> dict[tuple[int, str], Cap]:
    """Person and channel to what is left of the cap. Whoever counts waits for who counts already, to the commit."""
    chosen = (
        sa.select(notification_settings.c.user_id, notification_settings.c.caps)
        .where(among(conn, notification_settings.c.user_id, user_ids), notification_settings.c.caps.is_not(None))
        .order_by(notification_settings.c.user_id)
        .with_for_update()
    )
    wished = {row.user_id: row.caps for row in conn.execute(chosen)}
    if not wished:
        return {}
    zones = sa.select(users.c.id, sa.func.coalesce(users.c.zone, "UTC").label("zone"))
    found: dict[tuple[int, str], Cap] = {}
    for person in conn.execute(zones.where(among(conn, users.c.id, list(wished)))).all():
        midnight = now.astimezone(get_zone(person.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        counted = (
            sa.select(deliveries.c.channel, sa.func.count().label("number"))
            .where(
                deliveries.c.user_id == person.id,
                deliveries.c.channel.in_(list(wished[person.id])),
                deliveries.c.created_at >= midnight,
                deliveries.c.created_at < midnight + timedelta(days=2),
                deliveries.c.state.in_(_COUNTED),
            )
            .group_by(deliveries.c.channel)
        )
        numbers = {row.channel: row.number for row in conn.execute(counted)}
        for channel, most in wished[person.id].items():
            found[person.id, channel] = Cap(channel, most, most - numbers.get(channel, 0), f"{midnight:%Y-%m-%d}")
    return found
