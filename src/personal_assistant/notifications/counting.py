"""How many deliveries there are."""

import sqlalchemy as sa

from personal_assistant.store.tables import deliveries


def count_deliveries(conn: sa.Connection) -> dict[tuple[str, str], int]:
    """By channel and state."""
    rows = conn.execute(
        sa.select(deliveries.c.channel, deliveries.c.state, sa.func.count().label("number")).group_by(
            deliveries.c.channel, deliveries.c.state
        )
    )
    return {(row.channel, row.state): row.number for row in rows}
