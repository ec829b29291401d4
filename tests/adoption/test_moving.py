"""Copying a whole assistant from one kind of database to the other, and what is refused before a row is copied."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.adoption import legacy
from tests.adoption.moving import assert_untouched
from tests.support.databases import START, new_postgres

from personal_assistant.ai import AITaskManager
from personal_assistant.errors import AssistantError
from personal_assistant.settings import Settings
from personal_assistant.store import fingerprint, sequences, transfer
from personal_assistant.store.adoption import adopt
from personal_assistant.store.database import Database
from personal_assistant.store.schema import require_current
from personal_assistant.store.tables import ai_tasks, metadata, users
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.moving import Move, move
from personal_assistant.workers.runtime import Runtime


def everything(db: Database) -> dict[str, list[Any]]:
    """Every row of every table."""
    with db.read() as conn:
        return {
            table.name: sorted(map(tuple, conn.execute(sa.select(table)).all()), key=repr)
            for table in metadata.sorted_tables
        }


def test_every_row_of_every_table_is_there_and_the_source_unchanged(
    full: Database, database_url: str, other_url: str, copy: Callable[..., Move]
) -> None:
    before = everything(full)
    assert all(before.values())
    told: list[str] = []
    report = copy(database_url, other_url, told)
    other = Database(other_url)
    assert everything(other) == before == everything(full)
    assert {table.name: table.rows for table in report.tables} == {name: len(rows) for name, rows in before.items()}
    assert any(line.startswith("copying jobs: 9 of 9") for line in told)
    assert any(line.startswith("comparing jobs") for line in told)
    require_current(other)
    other.close()


def test_numbers_go_on_where_the_source_had_come(
    full: Database, database_url: str, other_url: str, copy: Callable[..., Move]
) -> None:
    with full.read() as conn:
        highest = conn.execute(sa.select(sa.func.max(ai_tasks.c.id))).scalar_one()
    copy(database_url, other_url)
    other = Database(other_url)
    # The number after the highest was given to one that was removed, and is not given again.
    assert AITaskManager(other, ManualClock(START)).create_task(1, "New", "daily").id == highest + 2
    with other.write() as conn:
        added = sa.insert(users).values(email="c@example.org", hashed_password="!").returning(users.c.id)
        assert conn.execute(added).scalar_one() == 41
    other.close()


def test_there_and_back_gives_the_same_checksums(
    full: Database, database_url: str, other_url: str, copy: Callable[..., Move], postgres: str, tmp_path: Path
) -> None:
    there = copy(database_url, other_url)
    with new_postgres(postgres) as server:
        back = copy(other_url, server if database_url.startswith("postgres") else f"sqlite:///{tmp_path / 'back.db'}")
    assert back.tables == there.tables


def test_an_adopted_database_goes_to_sqlite_without_what_is_not_the_assistants(
    legacy_db: Database, legacy_url: str, tmp_path: Path
) -> None:
    adopt(legacy_db, START)
    with legacy_db.write() as conn:
        conn.execute(sa.text("DELETE FROM ai_tasks WHERE id IN (27, 28)"))
        conn.execute(sa.text("ALTER TABLE users ADD COLUMN favourite_colour text"))
    settings = Settings(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]
    report = move(legacy_url, f"sqlite:///{tmp_path / 'copy.db'}", settings, lambda text: None)
    assert report.left_behind == ("grocery_deals", "users.favourite_colour")
    copied = Database(f"sqlite:///{tmp_path / 'copy.db'}")
    assert legacy.states(copied) == legacy.states(legacy_db)
    copied.close()


def test_a_row_that_the_other_database_cannot_hold_is_named_and_nothing_is_kept(
    legacy_db: Database, legacy_url: str, tmp_path: Path
) -> None:
    adopt(legacy_db, START)
    settings = Settings(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]
    with pytest.raises(AssistantError, match="The row 27 of ai_tasks cannot be kept in the other database: CHECK"):
        move(legacy_url, f"sqlite:///{tmp_path / 'copy.db'}", settings, lambda text: None)
    assert not list(tmp_path.glob("copy.db*"))


def test_a_failure_in_the_middle_leaves_the_target_as_it_was(
    full: Database, database_url: str, other_url: str, copy: Callable[..., Move], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(sequences, "go_on_above", lambda *given: 1 // 0)
        copy(database_url, other_url)
    assert_untouched(other_url)
    copy(database_url, other_url)


def test_a_difference_undoes_the_copy(
    full: Database, database_url: str, other_url: str, copy: Callable[..., Move], monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = fingerprint.content_of

    def damaged(conn: sa.Connection, table: sa.Table) -> Any:
        if table.name == "jobs":
            conn.execute(sa.text("UPDATE jobs SET priority = 7 WHERE id = (SELECT max(id) FROM jobs)"))
        return compare(conn, table)

    monkeypatch.setattr(transfer, "content_of", damaged)
    with pytest.raises(AssistantError, match="The table jobs is not the same after copying"):
        copy(database_url, other_url)
    assert_untouched(other_url)


def test_a_dry_run_counts_and_makes_nothing(
    full: Database, database_url: str, other_url: str, copy: Callable[..., Move]
) -> None:
    report = copy(database_url, other_url, dry_run=True)
    assert report.dry_run
    assert {table.name: table.rows for table in report.tables} == {k: len(v) for k, v in everything(full).items()}
    assert_untouched(other_url)


def test_many_rows_are_copied_in_chunks(
    runtime: Runtime, database_url: str, other_url: str, copy: Callable[..., Move], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    insert = transfer._insert

    def counted(conn: sa.Connection, table: sa.Table, rows: Any) -> None:
        sizes.append(len(rows))
        insert(conn, table, rows)

    monkeypatch.setattr(transfer, "_insert", counted)
    with runtime.db.write() as conn:
        new = {"user_id": 1, "title": "T", "task_type": "reminder", "schedule_type": "daily"}
        conn.execute(sa.insert(ai_tasks), [new] * 2500)
    report = copy(database_url, other_url)
    assert next(table.rows for table in report.tables if table.name == "ai_tasks") == 2500
    assert [size for size in sizes if size >= 500] == [1000, 1000, 500]
