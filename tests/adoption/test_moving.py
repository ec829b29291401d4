"""Copying a whole assistant from one kind of database to the other, and what is refused before a row is copied."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from tests.adoption import legacy
from tests.support.databases import START, new_postgres
from tests.support.ledger import FAILED, Ledger

from personal_assistant.ai import AITaskManager
from personal_assistant.errors import AssistantError
from personal_assistant.jobs import leases, signals
from personal_assistant.notifications.deliveries import Message, deliver
from personal_assistant.settings import Settings
from personal_assistant.store import fingerprint, sequences, transfer
from personal_assistant.store.adoption import adopt
from personal_assistant.store.database import Database
from personal_assistant.store.schema import require_current, upgrade
from personal_assistant.store.tables import ai_tasks, job_stats, metadata, schedules, users
from personal_assistant.timing.clock import ManualClock, utc_now
from personal_assistant.workers.moving import Move, move
from personal_assistant.workers.runtime import Runtime


@pytest.fixture
def other_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database of the other kind than the test's own."""
    if not database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'other.db'}"
        return
    with new_postgres(request.getfixturevalue("postgres")) as url:
        yield url


@pytest.fixture
def copy(settings: Settings) -> Callable[..., Move]:
    """Copies one database into another; what it tells meanwhile is kept in `told`."""
    return lambda source, target, told=None, **options: move(
        source, target, settings, (told if told is not None else []).append, **options
    )


@pytest.fixture
def full(runtime: Runtime, ledger: Ledger, clock: ManualClock) -> Database:
    """The test's database with something in every table."""
    manager = AITaskManager(runtime.db, clock)
    task = manager.create_task(1, "Straße 🙂", "weekly", {"weekdays": [3, 0], "hour": 9})
    manager.create_task(1, "Removed", "daily")
    manager.delete_task(task.id + 1)
    for number in range(7):
        ledger.add(args=({"n": number, "f": 0.1 + number, "t": True, "x": None},), kwargs={"é": [1, 1.0]})
    ledger.run(ledger.add(max_attempts=3), ledger.retry())
    failed = ledger.run(ledger.add(), FAILED)
    worker = leases.Worker("gone", "far", 1, "0", True, True, START, START, None, False)
    statistics = dict.fromkeys(("run_seconds", "longest_run_seconds", "wait_seconds", "longest_wait_seconds"), 1 / 3)
    schedule = {"name": "s", "task": "t", "schedule_type": "daily", "zone": "UTC", "created_at": START}
    with runtime.db.write() as conn:
        leases.register(conn, worker)
        deliver(conn, [Message("k", 1, "reminder", "Title", None, ["email"], job_id=failed.id, due_at=START)], START)
        conn.execute(sa.insert(schedules).values(updated_at=START, **schedule))
        hour = {"hour": START, "task": "t", "state": "failed", "error_kind": "", "count": 2}
        conn.execute(sa.insert(job_stats).values(**hour, **statistics))
        # The lower id points to the higher one, which comes later.
        conn.execute(sa.insert(users).values(id=40, email="b@example.org", hashed_password=legacy.PASSWORD))
        conn.execute(sa.update(users).where(users.c.id == 1).values(role_assigned_by=40))
    return runtime.db


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
    _assert_untouched(other_url)
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
    _assert_untouched(other_url)


def _assert_untouched(url: str) -> None:
    if url.startswith("sqlite"):
        assert not Path(url.removeprefix("sqlite:///")).exists()
        return
    with legacy.connect(url) as conn:
        assert conn.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_dry_run_counts_and_makes_nothing(
    full: Database, database_url: str, other_url: str, copy: Callable[..., Move]
) -> None:
    report = copy(database_url, other_url, dry_run=True)
    assert report.dry_run
    assert {table.name: table.rows for table in report.tables} == {k: len(v) for k, v in everything(full).items()}
    _assert_untouched(other_url)


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
    _assert_untouched(other_url)


def test_a_running_assistant_is_refused(
    full: Database, database_url: str, other_url: str, copy: Callable[..., Move]
) -> None:
    listener = signals.listen(full, "alive")
    now = utc_now()
    with full.write() as conn:
        leases.register(conn, leases.Worker("alive", "here", 4711, "0", True, True, now, now, None, False))
    with pytest.raises(AssistantError, match=r"is running on .* \(process 4711 on here\): stop it first"):
        copy(database_url, other_url)
    _assert_untouched(other_url)
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
    _assert_untouched(other_url)
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


def test_the_servers_own_errors_are_sentences(postgres: str, tmp_path: Path, settings: Settings) -> None:
    missing = postgres.format("there_is_no_such_database")
    with pytest.raises(psycopg.OperationalError):
        legacy.connect(missing)
    with pytest.raises(AssistantError, match="it does not exist on that server: create it"):
        move(settings.url, missing, settings, lambda text: None)
