"""Which revision the schema is at, and bringing it up to date."""

import re
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from personal_assistant.settings import get_settings
from personal_assistant.store.database import Database
from personal_assistant.store.errors import NewerDatabaseError, SchemaError
from personal_assistant.store.legacy import refuse_other_tables

_MIGRATIONS = Path(__file__).parent / "migrations"
# Held while revisions run, so that two programs started together do not both create the tables.
_ADVISORY_LOCK = 0x61737374
_VERSION_TABLE = "alembic_version"
# For a database in which another program keeps its own revision under the usual name.
_OWN_VERSION_TABLE = "assistant_version"
_OUR_REVISION = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Revisions:
    """Where the schema stands: the database's revision (None when it has no tables) and the program's newest."""

    current: str | None
    newest: str
    known: tuple[str, ...]

    @property
    def up_to_date(self) -> bool:
        return self.current == self.newest

    @property
    def pending(self) -> tuple[str, ...]:
        """The revisions still to run, oldest first."""
        done = self.known.index(self.current) + 1 if self.current in self.known else 0
        return self.known[done:]


def revisions(db: Database) -> Revisions:
    """Compare database and program. Raises NewerDatabaseError for a database from a newer version."""
    # Read from the file names: importing Alembic costs more than half a second, and is needed for changes only.
    known = tuple(
        sorted(
            match[1]
            for path in (_MIGRATIONS / "versions").iterdir()
            if (match := re.match(r"(\d{4})_\w+\.py$", path.name))
        )
    )
    with db.read() as conn:
        current = _current(conn)
    if current is not None and current not in known:
        raise NewerDatabaseError(
            f"The database {db.where} is at revision {current}, which this version does not know "
            f"(its newest is {known[-1]}). Install the newer version of personal_assistant; nothing was changed."
        )
    return Revisions(current, known[-1], known)


def _current(conn: sa.Connection) -> str | None:
    return _version(conn)[1]


def _version(conn: sa.Connection) -> tuple[str, str | None]:
    """The table that holds our revision, and the revision in it."""
    tables = sa.inspect(conn).get_table_names()
    for table in (_OWN_VERSION_TABLE, _VERSION_TABLE):
        if table in tables:
            chosen = sa.select(sa.column("version_num", sa.String)).select_from(sa.table(table))
            found = conn.execute(chosen).scalars().all()
            if not found or (len(found) == 1 and _OUR_REVISION.fullmatch(found[0])):
                return table, found[0] if found else None
    return (_OWN_VERSION_TABLE if _VERSION_TABLE in tables else _VERSION_TABLE), None


def require_current(db: Database) -> None:
    """Raise SchemaError, which says what to do, unless the schema is this version's."""
    # Asking a file that is not there would make it.
    state = revisions(db) if db.exists else None
    if state is None or state.current is None:
        if db.exists:
            with db.read() as conn:
                refuse_other_tables(conn, db.where)
        # Who has a broker means a server: this shell does not know of it.
        other = ", or set DATABASE_URL" if db.is_sqlite and get_settings().broker_url else ""
        raise SchemaError(
            f"There is no assistant in {db.where} yet: run `assistant init` or `assistant up` first{other}."
        )
    if not state.up_to_date:
        raise SchemaError(
            f"The database {db.where} is at revision {state.current} and this version needs {state.newest}: "
            "run `assistant migrate`."
        )


def upgrade(db: Database) -> Revisions:
    """Run the revisions that are missing, all in one transaction. Returns the state before.

    Raises SchemaError for a database that holds other tables of our names: adopting one of the earlier scheduler is a
    decision of its own (`store.adoption`).
    """
    before = revisions(db)
    if not before.up_to_date:
        with db.write() as conn:
            lock(conn)
            if _current(conn) is None:
                refuse_other_tables(conn, db.where)
            run_revisions(conn)
    return before


def version_table(conn: sa.Connection) -> str:
    """The table that holds our revision, or will do so."""
    return _version(conn)[0]


def lock(conn: sa.Connection) -> None:
    """Keep other programs from changing the schema until this transaction ends."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))


def run_revisions(conn: sa.Connection) -> None:
    """Run the revisions that are missing in the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes.update(connection=conn, version_table=version_table(conn))
    command.upgrade(config, "head")
