"""Adopting as a role that owns the scheduler's tables and has no right to anything else."""

from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from tests.adoption import legacy
from tests.support.databases import START

from personal_assistant.ai import AITaskManager
from personal_assistant.store.adoption import adopt, examine
from personal_assistant.store.database import Database
from personal_assistant.store.errors import StoreError
from personal_assistant.timing.clock import ManualClock

_ROLE = "earlier_scheduler"


@pytest.fixture
def modest(legacy_url: str) -> Iterator[Database]:
    """The database as that role opens it."""
    with legacy.connect(legacy_url) as conn:
        conn.execute(f"CREATE ROLE {_ROLE} LOGIN".encode())
        for table in legacy.TABLES_OF_OLD:
            conn.execute(f"ALTER TABLE {table} OWNER TO {_ROLE}".encode())
    db = Database(legacy_url.replace("postgres@", f"{_ROLE}@"))
    yield db
    db.close()
    with legacy.connect(legacy_url) as conn:
        conn.execute(f"REASSIGN OWNED BY {_ROLE} TO postgres; DROP OWNED BY {_ROLE}; DROP ROLE {_ROLE}".encode())


def _grant(url: str, right: str) -> None:
    with legacy.connect(url) as conn:
        conn.execute(f"GRANT {right} TO {_ROLE}".encode())


def test_no_right_to_unrelated_tables_is_needed(modest: Database, legacy_url: str) -> None:
    _grant(legacy_url, "CREATE ON SCHEMA public")
    with legacy.connect(modest.url.render_as_string()) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("SELECT * FROM grocery_deals")
    assert adopt(modest, START) is not None
    assert examine(modest) is None
    assert AITaskManager(modest, ManualClock(START)).create_task(3, "New", "daily").id == max(legacy.ROWS) + 1


def test_a_right_that_is_missing_is_named(modest: Database) -> None:
    with pytest.raises(StoreError, match=r"permission denied for schema public\): use the role that owns the tables"):
        adopt(modest, START)
    with modest.read() as conn:
        assert not sa.inspect(conn).has_table("jobs")


def test_a_role_that_does_not_own_the_tables_is_told(legacy_db: Database, legacy_url: str, modest: Database) -> None:
    _grant(legacy_url, "CREATE ON SCHEMA public")
    with legacy.connect(legacy_url) as conn:
        conn.execute("ALTER TABLE users OWNER TO postgres")
        conn.execute(f"GRANT SELECT ON users TO {_ROLE}".encode())
    with pytest.raises(StoreError, match="must be owner of table users"):
        adopt(modest, START)
    assert examine(legacy_db) is not None
