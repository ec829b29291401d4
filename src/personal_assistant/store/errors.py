"""What can be wrong with a database, as sentences."""

import sqlalchemy as sa

from personal_assistant.errors import AssistantError


class StoreError(AssistantError):
    """The database cannot be used as it is."""


class NewerDatabaseError(StoreError):
    """The database was written by a newer version of the program."""


class SchemaError(StoreError):
    """The database has no tables yet, or older ones than this version needs."""


class NestedWriteError(AssertionError):
    """A mistake in the code: a write transaction was begun inside another one of the same thread."""


# SQLSTATE insufficient_privilege (PostgreSQL, Appendix A).
_NOT_ALLOWED = "42501"
_SILENT = "the server does not answer: check that it runs and that the URL is right"
_REMEDIES = (
    ("readonly database", "it cannot be written: check the permissions of the file and of its folder"),
    ("unable to open", "it cannot be opened: check that the folder exists and that you may write in it"),
    ("disk is full", "the disk is full: free some space; nothing was changed"),
    ("disk i/o error", "the disk reports an error: check free space and the disk's health"),
    ("not a database", "the file is not an SQLite database: restore it from a backup or name another one"),
    ("image is malformed", "the file is damaged: restore it from a backup"),
    ("database is locked", "another program has kept it locked for too long: try again, or stop that program"),
    ("connection refused", _SILENT),
    ("timeout expired", _SILENT),
    ("is the server running", _SILENT),
    ("could not translate host name", _SILENT),
    ("failed to resolve host", _SILENT),
    ("password authentication", "the server refused the name or the password in the URL"),
    ("lock timeout", "another program holds a lock on it for too long: end that program's transaction and try again"),
    ("does not exist", "it does not exist on that server: create it or correct the URL"),
)


def explain(error: sa.exc.DBAPIError, where: str) -> StoreError | None:
    """A database error that a person can mend, as a sentence; None for one that is our own mistake."""
    if getattr(error.orig, "sqlstate", None) == _NOT_ALLOWED:
        said = str(error.orig).strip().splitlines()[0]
        return StoreError(
            f"The database {where} does not let this role do that ({said}): use the role that owns the tables, "
            "or grant it what it lacks."
        )
    if isinstance(error, sa.exc.ProgrammingError | sa.exc.IntegrityError | sa.exc.DataError):
        return None
    text = str(error.orig).strip().lower()
    for sign, remedy in _REMEDIES:
        if sign in text:
            return StoreError(f"The database {where} cannot be used: {remedy}.")
    if isinstance(error, sa.exc.OperationalError) and "no such" not in text:
        return StoreError(f"The database {where} cannot be used: {str(error.orig).strip().splitlines()[0]}.")
    return None
