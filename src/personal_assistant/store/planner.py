"""What the planner of the database knows of its tables."""

from personal_assistant.store.database import Database

_MOST_ROWS = 10_000


def refresh_planner(db: Database) -> None:
    """Have SQLite look at samples of its indexes, which takes some milliseconds; PostgreSQL does so by itself.

    A connection plans by what it knew when it was opened; those of a pool are opened anew each hour.
    """
    if not db.is_sqlite:
        return
    with db.write() as conn:
        conn.exec_driver_sql(f"PRAGMA analysis_limit = {_MOST_ROWS}")
        conn.exec_driver_sql("ANALYZE")
