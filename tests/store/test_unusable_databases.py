"""Databases that cannot be used: a sentence that says what to do, and nothing half done."""

import socket
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from personal_assistant.store.database import SERVER_LIMITS, Database
from personal_assistant.store.errors import NewerDatabaseError, SchemaError, StoreError
from personal_assistant.store.schema import require_current, revisions, upgrade
from personal_assistant.store.tables import roles


def test_a_database_from_a_newer_version_is_left_alone(db: Database) -> None:
    with db.write() as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabaseError, match="Install the newer version"):
        upgrade(db)
    with db.read() as conn:
        assert conn.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_a_database_without_tables_says_how_to_make_them(empty_url: str) -> None:
    db = Database(empty_url)
    with pytest.raises(SchemaError, match="run `assistant init` or `assistant up` first"):
        require_current(db)
    assert revisions(db).current is None
    db.close()


def test_without_the_driver_the_command_that_brings_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delenv("ASSISTANT_LAUNCHER", raising=False)
    with pytest.raises(StoreError, match=r"needs the module psycopg: install personal-assistant\[postgres\]\.$"):
        Database("postgresql+psycopg://localhost/none")
    monkeypatch.setenv("ASSISTANT_LAUNCHER", "./scripts/assistant")
    root = Path(sys.prefix).parent
    with pytest.raises(StoreError) as told:
        Database("postgresql+psycopg://localhost/none")
    assert f"{root}/.venv-uv/bin/uv pip install --python {sys.executable} -e '{root}[postgres]'" in str(told.value)


def test_a_mistake_of_ours_is_not_blamed_on_the_database(db: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError), db.read() as conn:
        conn.execute(sa.text("SELECT * FROM a_table_that_does_not_exist"))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam, " * 100)
    db = Database(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="is not an SQLite database: restore it from a backup"):
        upgrade(db)
    assert path.read_text().startswith("Dear Sir")
    db.close()


def test_a_full_disk_changes_nothing(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "assistant.db"
    path.write_bytes(sqlite_template.read_bytes())
    db = Database(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="the disk is full: free some space; nothing was changed"), db.write() as conn:
        conn.execute(sa.text("PRAGMA max_page_count = 1"))
        conn.execute(sa.insert(roles).values(id=7, name="r"))
        conn.execute(sa.text("CREATE TABLE big AS SELECT randomblob(10000000)"))
    with db.read() as conn:
        assert conn.execute(sa.select(roles.c.id).where(roles.c.id == 7)).first() is None
    db.close()


def test_a_file_that_may_only_be_read_is_named(sqlite_template: Path) -> None:
    db = Database(f"sqlite:///file:{sqlite_template}?mode=ro&uri=true")
    with pytest.raises(StoreError, match="check the permissions of the file and of its folder"), db.write() as conn:
        conn.execute(sa.insert(roles).values(id=7, name="r"))
    db.close()


@pytest.mark.parametrize("place", ["localhost:1/none", "/none?host=/nowhere", "no.such.host.invalid/none"])
def test_a_server_that_does_not_answer_is_named_without_the_password(place: str) -> None:
    db = Database(f"postgresql+psycopg://me:secret@{place}")
    with pytest.raises(StoreError, match="the server does not answer") as failure, db.read():
        pass
    assert "secret" not in str(failure.value)
    db.close()


@pytest.mark.parametrize("own", ["", "?connect_timeout=2"])
def test_a_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, own: str) -> None:
    monkeypatch.setitem(SERVER_LIMITS, "connect_timeout", 100 if own else 2)
    with socket.create_server(("127.0.0.1", 0)) as hangs:
        db = Database(f"postgresql+psycopg://me@127.0.0.1:{hangs.getsockname()[1]}/none{own}")
        with pytest.raises(StoreError, match="the server does not answer"), db.read():
            pass
        db.close()


@pytest.mark.parametrize("url", ["nonsense", "oracle9://x", "mysql://me@localhost/x", "mssql://x"])
def test_a_url_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="database URL cannot be used"):
        Database(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_url_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="names no file"):
        Database(url)
