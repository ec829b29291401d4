"""The numbers that tables give to new rows: how far they have come, and moving them on."""

import sqlalchemy as sa


def position(conn: sa.Connection, table: sa.Table) -> int:
    """The highest number that was ever given in `table`, as far as the database knows; 0 for none."""
    highest = int(conn.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0))).scalar_one())
    if conn.dialect.name == "postgresql":
        sequence = _sequence(conn, table)
        if sequence is None:
            return highest
        given = f"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {sequence}"  # noqa: S608
        return max(highest, int(conn.execute(sa.text(given)).scalar_one()))
    if not sa.inspect(conn).has_table("sqlite_sequence"):
        return highest
    seq = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return max(highest, int(conn.execute(seq, {"name": table.name}).scalar_one_or_none() or 0))


def go_on_above(conn: sa.Connection, table: sa.Table, number: int) -> None:
    """Have new rows of `table` get numbers above `number`, and above all that were given already."""
    number = max(number, position(conn, table))
    if number == 0:
        return
    if conn.dialect.name == "postgresql":
        sequence = _sequence(conn, table)
        if sequence is not None:
            conn.execute(sa.select(sa.func.setval(sa.cast(sequence, sa.Text), number)))
        return
    changed = conn.execute(
        sa.text("UPDATE sqlite_sequence SET seq = :number WHERE name = :name"), {"name": table.name, "number": number}
    )
    if changed.rowcount == 0 and table.dialect_options["sqlite"]["autoincrement"]:
        conn.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"),
            {"name": table.name, "number": number},
        )


def numbered(table: sa.Table) -> bool:
    """Whether the database numbers the rows of `table` itself."""
    return "id" in table.c and isinstance(table.c.id.type, sa.Integer)


def _sequence(conn: sa.Connection, table: sa.Table) -> str | None:
    """The PostgreSQL sequence behind `table`'s ids, as SQL names it; None where there is none."""
    found: str | None = conn.execute(sa.select(sa.func.pg_get_serial_sequence(table.name, "id"))).scalar_one()
    return found
