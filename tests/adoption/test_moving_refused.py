"""Copies that are refused, before a row is written or after all."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from tests.adoption import legacy
from tests.adoption.moving import assert_untouched

from personal_assistant.errors import AssistantError
from personal_assistant.jobs import leases, signals
from personal_assistant.settings import Settings
from personal_assistant.store.database import Database
from personal_assistant.store.schema import upgrade
from personal_assistant.store.tables import metadata, users
from personal_assistant.timing.clock import utc_now
from personal_assistant.workers.moving import Move, move


def test_a_target_with_rows_is_refused(
    full: Database, database_url: str, other_url: str, copy: Callable[..., Move]
) -> None:
    other = Database(other_url)
    upgrade(other)
    with other.write() as conn:
        conn.execute(sa.insert(users).values(email="a@example.org", hashed_password="!"))
    with pytest.raises(AssistantError, match=r"is not empty \(rows: 1 in users\): copying needs an empty one"):
        copy(database_url, other_url)
    with other.write() as conn:
        conn.execute(sa.delete(users))
    assert copy(database_url, other_url).tables
    other.close()


def test_the_same_database_is_refused(database_url: str, copy: Callable[..., Move], tmp_path: Path) -> None:
    again = database_url
    if database_url.startswith("sqlite"):
        (tmp_path / "link.db").symlink_to(tmp_path / "assistant.db")
        again = f"sqlite:///{tmp_path / 'link.db'}"
    for target in (database_url, again):
        with pytest.raises(AssistantError, match="name the same database"):
            copy(database_url, target)


@pytest.mark.parametrize(
    ("revision", "sentence"), [("9999", "Install the newer version"), (None, "There is no assistant in")]
)
def test_a_source_of_another_version_is_refused(
    db: Database, database_url: str, other_url: str, copy: Callable[..., Move], revision: str | None, sentence: str
) -> None:
    source = database_url
    if revision is None:
        with db.write() as conn:
            metadata.drop_all(conn)
            conn.execute(sa.text("DROP TABLE alembic_version"))
    else:
        with db.write() as conn:
            conn.execute(sa.text("UPDATE alembic_version SET version_num = :new"), {"new": revision})
    with pytest.raises(AssistantError, match=sentence):
        copy(source, other_url)
    assert_untouched(other_url)


def test_a_running_assistant_is_refused(
    full: Database, database_url: str, other_url: str, copy: Callable[..., Move]
) -> None:
    listener = signals.listen(full, "alive")
    now = utc_now()
    with full.write() as conn:
        leases.register(conn, leases.Worker("alive", "here", 4711, "0", True, True, now, now, None, False))
    with pytest.raises(AssistantError, match=r"is running on .* \(process 4711 on here\): stop it first"):
        copy(database_url, other_url)
    assert_untouched(other_url)
    listener.close()


def test_one_that_starts_meanwhile_undoes_the_copy(
    full: Database, database_url: str, other_url: str, settings: Settings
) -> None:
    opened: list[signals.Listener] = []

    def start(text: str) -> None:
        if not opened and text.startswith("comparing"):
            opened.append(signals.listen(full, "alive"))
            now = utc_now()
            with full.write() as conn:
                leases.register(conn, leases.Worker("alive", "here", 4711, "0", True, True, now, now, None, False))

    with pytest.raises(AssistantError, match="stop it first"):
        move(database_url, other_url, settings, start)
    assert_untouched(other_url)
    opened[0].close()


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("sqlite:///{folder}/none.db", "There is no database .*none.db: correct what follows --from"),
        ("sqlite://", "A database in memory cannot be copied"),
        ("nonsense", "The database URL cannot be used"),
        ("postgresql:///none?host={folder}", "cannot be used"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_source_that_is_not_there_is_named_and_not_made(
    copy: Callable[..., Move], tmp_path: Path, source: str, sentence: str
) -> None:
    with pytest.raises(AssistantError, match=sentence):
        copy(source.format(folder=tmp_path), f"sqlite:///{tmp_path / 'new.db'}")
    assert not (tmp_path / "none.db").exists()
    assert not (tmp_path / "new.db").exists()


def test_a_source_of_the_earlier_scheduler_is_to_be_adopted_first(legacy_url: str, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]
    with pytest.raises(AssistantError, match="is a database of the earlier scheduler"):
        move(legacy_url, f"sqlite:///{tmp_path / 'new.db'}", settings, lambda text: None)


def test_the_servers_own_errors_are_sentences(postgres: str, tmp_path: Path, settings: Settings) -> None:
    missing = postgres.format("there_is_no_such_database")
    with pytest.raises(psycopg.OperationalError):
        legacy.connect(missing)
    with pytest.raises(AssistantError, match="it does not exist on that server: create it"):
        move(settings.url, missing, settings, lambda text: None)
