"""What the audit is told of a person's addresses, through whatever they were changed."""

from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from personal_assistant.notifications.model import Address
from personal_assistant.people import audit


def note_change(
    conn: sa.Connection, address: Address, done: Literal["added", "edited", "removed"], now: datetime, *, by: str
) -> None:
    """Note what its person has done with an address. `by` is through what, like `cli`."""
    details = {"channel": address.channel}
    audit.note(conn, address.user_id, f"channel.{done}", f"channel:{address.id}", now, by=by, details=details)
