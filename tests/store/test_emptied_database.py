"""The PostgreSQL database of the tests is emptied for the next one: making one anew takes thirty times as long."""

from contextlib import closing

import sqlalchemy as sa
from tests.support.databases import START, ReusedDatabase

from personal_assistant.people.audit import note
from personal_assistant.store.database import Database
from personal_assistant.store.tables import metadata, users


def test_the_next_test_gets_the_same_database_without_the_rows(postgres_database: ReusedDatabase) -> None:
    url = postgres_database.take()
    with closing(Database(url)) as db, db.write() as conn:
        (owner,) = conn.execute(sa.select(users)).all()
        note(conn, owner.id, "user.changed", f"user:{owner.id}", START, by="test")
        conn.execute(sa.update(users).values(full_name="Somebody else"))
    assert postgres_database.take() == url
    with closing(Database(url)) as db, db.read() as conn:
        assert conn.execute(sa.select(users)).all() == [owner]
        full = {table.name for table in metadata.sorted_tables if conn.execute(sa.select(table)).first()}
    assert full == {"roles", "users"}


def test_one_whose_tables_a_test_has_changed_is_not_used_again(postgres_database: ReusedDatabase) -> None:
    url = postgres_database.take()
    with closing(Database(url)) as db, db.write() as conn:
        conn.execute(sa.text("ALTER TABLE jobs ADD COLUMN further text"))
    assert postgres_database.take() != url
