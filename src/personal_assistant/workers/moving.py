"""Moving an assistant to another database: what has to hold first, the copy, and nothing half done."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.settings import Settings, with_driver
from personal_assistant.store.database import Database
from personal_assistant.store.fingerprint import TableContent
from personal_assistant.store.legacy import refuse_other_tables
from personal_assistant.store.schema import lock, require_current, revisions, run_revisions, version_table
from personal_assistant.store.transfer import Progress, copy_all, others, row_counts
from personal_assistant.workers.liveness import living
from personal_assistant.workers.runtime import Runtime

# One database in one server: what two URLs that look different may both lead to.
_IDENTITY = sa.text(
    "SELECT system_identifier, oid FROM pg_control_system(), pg_database WHERE datname = current_database()"
)


class MoveError(AssistantError):
    """The databases are not such that one could be copied into the other."""


@dataclass(frozen=True, slots=True)
class Move:
    """What was copied, or would be. `left_behind` names what the source holds that is not the assistant's."""

    source: str
    target: str
    dry_run: bool
    tables: tuple[TableContent, ...]
    left_behind: tuple[str, ...]


def move(from_url: str, to_url: str, settings: Settings, progress: Progress, *, dry_run: bool = False) -> Move:
    """Copy the assistant in one database into another, empty one, and compare every table.

    The target's tables, rows and numbering are one transaction. Raises AssistantError when the source is not of this
    version, the target is not empty, both are one, or an assistant runs on either.
    """
    source_path, target_path = _file(from_url), _file(to_url)
    if source_path is not None and not source_path.exists():
        raise MoveError(f"There is no database {source_path}: correct what follows --from.")
    _refuse_same_file(source_path, target_path)
    with closing(Database(with_driver(from_url))) as source:
        require_current(source)
        _refuse_running(source, settings)
        with _removed_unless_kept(target_path, dry_run), closing(Database(with_driver(to_url))) as target:
            if dry_run and target_path is not None and not target_path.exists():
                return _planned(source, target)
            _refuse_same_server(source, target)
            _check_target(target, settings)
            if dry_run:
                return _planned(source, target)
            return _copy(source, target, settings, progress)


def _copy(source: Database, target: Database, settings: Settings, progress: Progress) -> Move:
    with _snapshot(source) as reading, target.write() as writing:
        lock(writing)
        run_revisions(writing)
        if any(row_counts(writing).values()):
            raise MoveError(f"The database {target.where} is not empty any more: another program has begun to use it.")
        tables = copy_all(reading, writing, progress)
        left_behind = others(reading, version_table(reading))
        # Whoever started meanwhile goes on in a database that is about to be left.
        _refuse_running(source, settings)
    return Move(source.where, target.where, False, tuple(tables), tuple(left_behind))


def _planned(source: Database, target: Database) -> Move:
    with source.read() as conn:
        tables = tuple(TableContent(name, count, "") for name, count in row_counts(conn).items())
        return Move(source.where, target.where, True, tables, tuple(others(conn, version_table(conn))))


def _file(url: str) -> Path | None:
    """The file of an SQLite URL; None for a server. Raises MoveError for a database in memory."""
    scheme, _, path = url.partition("?")[0].partition("://")
    if scheme.startswith("sqlite") and path.strip("/") in ("", ":memory:"):
        raise MoveError("A database in memory cannot be copied: write sqlite:/// and the path of a file.")
    with closing(Database(with_driver(url))) as db:
        return db.folder / Path(str(db.url.database)).name if db.folder is not None else None


def _refuse_same_file(source: Path | None, target: Path | None) -> None:
    if source is not None and target is not None and target.exists() and source.samefile(target):
        raise MoveError("--from and --to name the same database: there is nothing to copy.")


def _refuse_same_server(source: Database, target: Database) -> None:
    if source.is_sqlite or target.is_sqlite:
        return
    with source.read() as one, target.read() as other:
        if one.execute(_IDENTITY).one() == other.execute(_IDENTITY).one():
            raise MoveError("--from and --to name the same database: there is nothing to copy.")


def _check_target(target: Database, settings: Settings) -> None:
    if revisions(target).current is None:
        with target.read() as conn:
            refuse_other_tables(conn, target.where)
        return
    with target.read() as conn:
        filled = [f"{count} in {table}" for table, count in row_counts(conn).items() if count]
    if filled:
        _refuse_running(target, settings)
        raise MoveError(
            f"The database {target.where} is not empty (rows: {', '.join(filled)}): copying needs an empty one. "
            "Name another one after --to."
        )


def _refuse_running(db: Database, settings: Settings) -> None:
    with db.read() as conn:
        alive = living(Runtime(settings, db), conn)
    if alive:
        pids = ", ".join(f"process {worker.pid} on {worker.host}" for worker in alive)
        raise MoveError(
            f"An assistant is running on {db.where} ({pids}): stop it first. One that was killed counts as running for "
            f"{settings.lease_seconds:g} seconds."
        )


@contextmanager
def _snapshot(db: Database) -> Iterator[sa.Connection]:
    """One state of the source for the whole copy, whatever is written meanwhile."""
    with db.read() as conn:
        if not db.is_sqlite:
            conn.execution_options(isolation_level="REPEATABLE READ")
        yield conn


@contextmanager
def _removed_unless_kept(path: Path | None, dry_run: bool) -> Iterator[None]:
    """Remove the file that this run has made when it does not come to its end."""
    new = path is not None and not path.exists()
    try:
        yield
    except BaseException:
        if path is not None and new and not dry_run:
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)
        raise
