"""The migrated schema and the tables that the program works with."""

import warnings
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from personal_assistant.store.database import Database
from personal_assistant.store.schema import revisions, upgrade
from personal_assistant.store.tables import metadata

_INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
}


def test_migrations_lead_to_the_declared_tables(db: Database) -> None:
    with db.read() as conn:
        options = {"compare_type": True, "include_object": is_comparable}
        context = MigrationContext.configure(conn, opts=options)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
            warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression-based index")
            assert compare_metadata(context, metadata) == []


def is_comparable(thing: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    """Alembic cannot compare an index with a descending column, nor on SQLite a reference that came with its column.

    The test below can.
    """
    del thing, reflected, other
    if kind == "foreign_key_constraint":
        return False
    return kind != "index" or name not in {"ix_jobs_queued", "ix_jobs_unpublished", "ix_jobs_line"}


def test_migrations_lead_to_the_declared_checks_references_and_indexes(empty_url: str) -> None:
    db = Database(empty_url)
    with db.write() as conn:
        metadata.create_all(conn)
    declared = checks(db), references(db), indexes(db)
    with db.write() as conn:
        metadata.drop_all(conn)
    upgrade(db)
    migrated = checks(db), references(db), indexes(db)
    db.close()
    assert migrated == declared


def checks(db: Database) -> dict[str, dict[str | None, str]]:
    """The conditions of each table's CHECK constraints, by name."""
    with db.read() as conn:
        look = sa.inspect(conn)
        return {
            table: {check["name"]: check["sqltext"] for check in look.get_check_constraints(table)}
            for table in metadata.tables
        }


def references(db: Database) -> dict[str, list[str]]:
    """What the columns of each table point to, and what a deletion there does to them."""
    with db.read() as conn:
        if db.is_sqlite:
            wanted = """SELECT "from", "table", "to", on_delete FROM pragma_foreign_key_list(:table)"""
        else:
            wanted = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = CAST(:table AS regclass)"
        return {
            table: sorted(str(tuple(row)) for row in conn.execute(sa.text(wanted), {"table": table}))
            for table in metadata.tables
        }


def indexes(db: Database) -> dict[str, str]:
    """The definition of each index, by name, without that of Alembic's own table."""
    with db.read() as conn:
        rows = conn.execute(sa.text(_INDEXES[conn.dialect.name]))
        return {name: " ".join(sql.split()) for name, sql in rows if not name.startswith("alembic")}


def test_upgrading_again_changes_nothing(db: Database) -> None:
    assert upgrade(db).up_to_date
    assert revisions(db).pending == ()
