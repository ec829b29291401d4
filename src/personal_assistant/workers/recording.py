"""Writing down how attempts ended, so that one which cannot be written does not hold up the others."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.jobs.finish import Finished, finish_many
from personal_assistant.jobs.outcomes import Failed
from personal_assistant.workers.logs import get_logger
from personal_assistant.workers.tasks import Registry
from personal_assistant.workers.utils.task_monitoring import settle

log = get_logger(__name__)

# The database is away: everything is written later.
_AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError)


def record(
    conn: sa.Connection, registry: Registry, worker_id: str, finished: Sequence[Finished], now: datetime
) -> None:
    """Write outcomes and tell their tasks; one that cannot be written becomes a failure that says so."""
    settle(conn, registry, _together(conn, worker_id, finished, now))


def _together(conn: sa.Connection, worker_id: str, finished: Sequence[Finished], now: datetime) -> list[Finished]:
    try:
        with conn.begin_nested():
            return finish_many(conn, worker_id, finished, now)
    except _AWAY:
        raise
    except Exception:
        log.exception("outcomes cannot be written together; writing them one by one", count=len(finished))
        return [written for one in finished for written in _alone(conn, worker_id, one, now)]


def _alone(conn: sa.Connection, worker_id: str, one: Finished, now: datetime) -> list[Finished]:
    try:
        with conn.begin_nested():
            return finish_many(conn, worker_id, [one], now)
    except _AWAY:
        raise
    except Exception as error:
        failed = Failed(f"How it ended cannot be written down: {type(error).__name__}.", "bug")
        return finish_many(conn, worker_id, [(one[0], failed)], now)
