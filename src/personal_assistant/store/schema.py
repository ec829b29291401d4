"""Which revision the schema is at, and bringing it up to date."""

import re
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from personal_assistant.store.database import Database
from personal_assistant.store.errors import NewerDatabaseError, SchemaError

_MIGRATIONS = Path(__file__).parent / "migrations"
# Held while revisions run, so that two programs started together do not both create the tables.
_ADVISORY_LOCK = 0x61737374


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
    if not sa.inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def require_current(db: Database) -> None:
    """Raise SchemaError, which says what to do, unless the schema is this version's."""
    # Asking a file that is not there would make it.
    state = revisions(db) if db.exists else None
    if state is None or state.current is None:
        raise SchemaError(f"There is no assistant in {db.where} yet: run `assistant init` or `assistant up` first.")
    if not state.up_to_date:
        raise SchemaError(
            f"The database {db.where} is at revision {state.current} and this version needs {state.newest}: "
            "run `assistant migrate`."
        )


def upgrade(db: Database) -> Revisions:
    """Run the revisions that are missing, all in one transaction. Returns the state before."""
    before = revisions(db)
    if before.up_to_date:
        return before
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with db.write() as conn:
        if not db.is_sqlite:
            conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
    return before
