"""Adopting a database of the earlier scheduler: what stays, what is added, and what is found there."""

from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from tests.adoption import legacy
from tests.store.test_schema import indexes, is_comparable
from tests.support.databases import START

from personal_assistant.ai import AITaskManager
from personal_assistant.store.adoption import adopt, examine
from personal_assistant.store.database import Database
from personal_assistant.store.errors import SchemaError
from personal_assistant.store.people import find_owner
from personal_assistant.store.schema import require_current, revisions, upgrade
from personal_assistant.store.tables import metadata, users
from personal_assistant.timing.clock import ManualClock

_OLD_TABLES = ("roles", "users", "ai_tasks", "grocery_deals")
_FILES = "SELECT relname, pg_relation_filenode(oid) FROM pg_class WHERE relname = ANY(%s) ORDER BY 1"


def test_every_row_keeps_everything_but_the_state_of_those_that_were_cut_off(legacy_db: Database) -> None:
    url = legacy_db.url.render_as_string(hide_password=False)
    before = {table: legacy.rows(url, table) for table in _OLD_TABLES}
    assert adopt(legacy_db, START) is not None
    after = {table: legacy.rows(url, table) for table in _OLD_TABLES}
    changed = {
        old[0]: (old, new) for old, new in zip(before.pop("ai_tasks"), after.pop("ai_tasks"), strict=True) if old != new
    }
    assert after == before
    assert changed.keys() == {"20", "21"}
    for old, new in changed.values():
        different = {(was, now) for was, now in zip(old, new, strict=True) if was != now}
        assert different <= {("processing", "active"), (None, "2026-06-02 12:00:00")}


def test_the_tables_are_then_those_that_the_program_declares(legacy_db: Database, postgres_database: Any) -> None:
    with legacy_db.read() as conn:
        constraints = set(_constraints(conn))
    adopt(legacy_db, START)
    fresh = Database(postgres_database.take())
    with legacy_db.read() as conn:
        assert constraints <= set(_constraints(conn))
        context = MigrationContext.configure(conn, opts={"compare_type": True, "include_object": _declared})
        assert compare_metadata(context, metadata) == []
    assert indexes(fresh).items() - indexes(legacy_db).items() == {
        (name, sql) for name, sql in indexes(fresh).items() if name in _NAMED_OTHERWISE
    }
    fresh.close()


# The earlier scheduler's keys have the names that PostgreSQL gave them.
_NAMED_OTHERWISE = {"pk_roles", "uq_roles_name", "pk_users", "uq_users_email", "uq_users_phone_number", "pk_ai_tasks"}


def _constraints(conn: sa.Connection) -> list[str]:
    return list(conn.execute(sa.text("SELECT conname FROM pg_constraint WHERE contype <> 'n'")).scalars())


def _declared(thing: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    if kind == "table" and name == "grocery_deals":
        return False
    if kind in ("unique_constraint", "foreign_key_constraint") and thing.table.name in legacy.TABLES_OF_OLD:
        return False
    return is_comparable(thing, name, kind, reflected, other)


def test_no_row_of_the_old_tables_is_written_anew_for_the_new_columns(legacy_db: Database, legacy_url: str) -> None:
    with legacy.connect(legacy_url) as conn:
        before = conn.execute(_FILES, [list(_OLD_TABLES)]).fetchall()
        adopt(legacy_db, START)
        assert conn.execute(_FILES, [list(_OLD_TABLES)]).fetchall() == before


def test_adopting_again_changes_nothing(legacy_db: Database, legacy_url: str) -> None:
    adopt(legacy_db, START)
    with legacy.connect(legacy_url) as conn:
        before = [conn.execute(f"SELECT *, xmin FROM {table}".encode()).fetchall() for table in metadata.tables]
        assert adopt(legacy_db, START) is None
        assert upgrade(legacy_db).up_to_date
        assert [conn.execute(f"SELECT *, xmin FROM {table}".encode()).fetchall() for table in metadata.tables] == before


def test_looking_at_it_first_says_the_same_and_changes_nothing(legacy_db: Database, legacy_url: str) -> None:
    with legacy.connect(legacy_url) as conn:
        shape = "SELECT relname, relnatts, relchecks FROM pg_class ORDER BY oid"
        before = conn.execute(shape).fetchall(), legacy.rows(legacy_url, "ai_tasks")
        foreseen = examine(legacy_db)
        assert (conn.execute(shape).fetchall(), legacy.rows(legacy_url, "ai_tasks")) == before
    assert foreseen is not None
    assert foreseen == adopt(legacy_db, START)


def test_what_it_finds_is_named(legacy_db: Database) -> None:
    found = examine(legacy_db)
    assert found is not None
    assert (found.people, found.ai_tasks) == (4, len(legacy.ROWS))
    assert {"users.zone", "users.is_owner", "ai_tasks.problem", "ai_tasks.missed_policy"} <= set(found.columns)
    assert {"jobs", "schedules", "deliveries", "alembic_version"} <= set(found.tables)
    assert {"roles", "users", "ai_tasks"}.isdisjoint(found.tables)
    assert [task.id for task in found.due_again] == [20, 21]
    reasons = {task.id: task.reason or "" for task in found.cannot_fire}
    assert reasons.keys() == legacy.CANNOT_FIRE
    assert reasons[24] == "It has no state, so it rests."
    assert reasons[25] == "It is active and has no next instant."
    assert reasons[26].startswith("Its schedule cannot be read: ")
    assert "'hourly'" in reasons[27]
    assert reasons[28] == "There is no state 'snoozed', so it rests."
    assert [(person.id, person.active_tasks) for person in found.closed_people] == [(5, 1)]
    assert found.owner is not None and found.owner.id == 8


def test_numbers_go_on_above_the_highest_also_where_the_sequence_was_behind(legacy_db: Database) -> None:
    adopt(legacy_db, START)
    task = AITaskManager(legacy_db, ManualClock(START)).create_task(3, "New", "daily")
    assert task.id == max(legacy.ROWS) + 1
    with legacy_db.write() as conn:
        new = sa.insert(users).values(email="new@example.org", hashed_password="!").returning(users.c.id)
        assert conn.execute(new).scalar_one() == 10


@pytest.mark.parametrize(
    ("change", "owner"),
    [
        ("UPDATE users SET full_name = full_name", 8),
        ("UPDATE users SET default_role_id = 1", 3),
        ("UPDATE users SET default_role_id = NULL", 3),
        ("UPDATE roles SET name = 'Admin' WHERE id = 2", 8),
        ("UPDATE users SET is_active = (id = 3)", 3),
        ("UPDATE users SET is_active = false", 5),
    ],
)
def test_the_owner_is_an_administrator_with_an_open_account_where_there_is_one(
    legacy_db: Database, change: str, owner: int
) -> None:
    with legacy_db.write() as conn:
        conn.execute(sa.text(change))
    adopt(legacy_db, START)
    with legacy_db.read() as conn:
        found = find_owner(conn)
    assert found is not None
    assert (found.id, found.zone) == (owner, "UTC")


def test_an_empty_one_is_adopted_without_an_owner(legacy_db: Database) -> None:
    with legacy_db.write() as conn:
        conn.execute(sa.text("TRUNCATE ai_tasks, users, roles"))
    found = adopt(legacy_db, START)
    assert found is not None and found.owner is None
    require_current(legacy_db)


def test_a_revision_of_another_program_stays_where_it_is(legacy_db: Database) -> None:
    with legacy_db.write() as conn:
        conn.execute(sa.text("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)"))
        conn.execute(sa.text("INSERT INTO alembic_version VALUES ('1f0c9a7d3e52')"))
    found = adopt(legacy_db, START)
    assert found is not None and "assistant_version" in found.tables
    assert revisions(legacy_db).up_to_date
    with legacy_db.read() as conn:
        assert conn.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one() == "1f0c9a7d3e52"
    assert adopt(legacy_db, START) is None
    assert upgrade(legacy_db).up_to_date


def test_starting_does_not_adopt_unasked(legacy_db: Database) -> None:
    for start in (upgrade, require_current):
        with pytest.raises(SchemaError, match="`assistant migrate --dry-run` says what adopting it would change"):
            start(legacy_db)
    assert examine(legacy_db) is not None


@pytest.mark.parametrize(
    "change", ["CREATE TABLE jobs (id integer)", "ALTER TABLE users DROP COLUMN hashed_password", "DROP TABLE ai_tasks"]
)
def test_tables_of_another_program_are_left_alone(legacy_db: Database, change: str) -> None:
    with legacy_db.write() as conn:
        conn.execute(sa.text(change))
    assert adopt(legacy_db, START) is None
    with pytest.raises(SchemaError, match="holds tables of another program"):
        upgrade(legacy_db)
    with legacy_db.read() as conn:
        assert "deliveries" not in sa.inspect(conn).get_table_names()
