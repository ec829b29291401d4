"""Writing down how attempts ended. A token that is no longer the newest changes nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Retry, Succeeded, Waiting
from personal_assistant.store.bulk import among, update_rows
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.tables import job_errors, jobs

Finished = tuple[ClaimedJob, Outcome]

MAX_TEXT = 4_000
MAX_TRACEBACK = 20_000


def finish_many(conn: sa.Connection, worker_id: str, finished: Sequence[Finished], now: datetime) -> list[Finished]:
    """Write the outcomes of this worker's attempts.

    Returns those that were written: an attempt that was taken away meanwhile (its lease had ended) is left out.
    """
    held = {job.id for job in still_held(conn, worker_id, [job for job, _ in finished])}
    valid = [(job, outcome) for job, outcome in finished if job.id in held]
    write_outcomes(conn, worker_id, valid, now)
    return valid


def still_held(conn: sa.Connection, worker_id: str, claimed: Sequence[ClaimedJob]) -> list[ClaimedJob]:
    """Those of its jobs that the ledger says this worker still runs, under the same token; locked until the commit."""
    current = _tokens(conn, worker_id, [job.id for job in claimed])
    return [job for job in claimed if current.get(job.id) == job.attempt]


def write_outcomes(conn: sa.Connection, worker_id: str, finished: Sequence[Finished], now: datetime) -> None:
    """Write how jobs ended that this transaction has found `still_held`."""
    groups: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
    for job, outcome in finished:
        values = _changes(job, outcome, now)
        groups[tuple(values)].append([job.id, *values.values()])
    for columns, rows in groups.items():
        update_rows(conn, jobs, "id", columns, rows)
    errors = [
        _error_row(worker_id, job, outcome, now) for job, outcome in finished if isinstance(outcome, Failed | Retry)
    ]
    if errors:
        conn.execute(sa.insert(job_errors), errors)
    if any(isinstance(outcome, Retry) for _, outcome in finished):
        wake_after_commit(conn)


def _tokens(conn: sa.Connection, worker_id: str, ids: Sequence[str]) -> dict[str, int]:
    running = sa.and_(jobs.c.state == sa.literal_column("'running'"), jobs.c.worker_id == worker_id)
    held = sa.select(jobs.c.id, jobs.c.attempt).where(among(conn, jobs.c.id, ids), running).with_for_update()
    return {row.id: row.attempt for row in conn.execute(held).all()}


def _changes(job: ClaimedJob, outcome: Outcome, now: datetime) -> dict[str, Any]:
    match outcome:
        case Succeeded(result):
            changes: dict[str, Any] = {"state": "succeeded", "finished_at": now, "error": None, "error_kind": None}
            return changes if result is None else {**changes, "result": result}
        case Failed(error, kind):
            return {"state": "failed", "finished_at": now, "error": error[:MAX_TEXT], "error_kind": kind}
        case Cancelled():
            return {"state": "cancelled", "finished_at": now}
        case Waiting(reason):
            return {"state": "waiting", "waiting_for": reason[:MAX_TEXT]}
        case Retry():
            return {
                "state": "scheduled" if outcome.run_at > now else "queued",
                "run_at": outcome.run_at,
                "attempt": job.attempt if outcome.counted else job.attempt - 1,
                "error": outcome.error[:MAX_TEXT],
                "error_kind": outcome.kind,
            }


def _error_row(worker_id: str, job: ClaimedJob, outcome: Failed | Retry, now: datetime) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "attempt": job.attempt,
        "at": now,
        "kind": outcome.kind,
        "message": outcome.error[:MAX_TEXT],
        "traceback": outcome.traceback and outcome.traceback[-MAX_TRACEBACK:],
        "worker_id": worker_id,
    }


def write_progress(conn: sa.Connection, worker_id: str, progress: Mapping[str, Any]) -> None:
    """Write how far this worker's running jobs are: job id to a value that JSON can hold."""
    held = _tokens(conn, worker_id, list(progress))
    update_rows(conn, jobs, "id", ("progress",), [[job_id, progress[job_id]] for job_id in held])
