"""Writing down how attempts ended. A token that is no longer the newest changes nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Retry, Succeeded, Waiting
from personal_assistant.jobs.waiting import release, release_from_ended
from personal_assistant.store.bulk import among, unindexed, update_rows
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.plain import plain_text
from personal_assistant.store.tables import job_errors, jobs

Finished = tuple[ClaimedJob, Outcome]

_DONE = Succeeded(None)

MAX_TEXT = 4_000
MAX_TRACEBACK = 20_000
MAX_KIND = 20


def finish_many(conn: sa.Connection, worker_id: str, finished: Sequence[Finished], now: datetime) -> list[Finished]:
    """Write the outcomes of this worker's attempts.

    Returns what was written: an attempt that was taken away meanwhile (its lease had ended) is left out, as is a second
    outcome of one attempt.
    """
    outcomes = {(job.id, job.attempt): outcome for job, outcome in reversed(finished)}
    done = {job.id: job for job, _ in finished if outcomes[job.id, job.attempt] == _DONE}
    others = [job for job, _ in finished if outcomes[job.id, job.attempt] != _DONE]
    written = _write_done(conn, worker_id, done, now)
    held = still_held(conn, worker_id, others)
    return written + write_outcomes(conn, worker_id, [(job, outcomes[job.id, job.attempt]) for job in held], now)


def _write_done(conn: sa.Connection, worker_id: str, done: Mapping[str, ClaimedJob], now: datetime) -> list[Finished]:
    """The usual ending, by statements that look at the token themselves instead of asking for it first."""
    by_token: dict[int, list[str]] = defaultdict(list)
    for job in done.values():
        by_token[job.attempt].append(job.id)
    written: list[str] = []
    for attempt, ids in by_token.items():
        ended = sa.update(jobs).where(_running(conn, worker_id, ids), jobs.c.attempt == attempt)
        changes = _changes(done[ids[0]], _DONE, now)
        written += conn.execute(ended.values(changes).returning(jobs.c.id)).scalars()
    if any(done[job_id].concurrency_key is not None for job_id in written):
        wake_after_commit(conn)
    release(conn, written, now)
    return [(done[job_id], _DONE) for job_id in written]


def still_held(conn: sa.Connection, worker_id: str, claimed: Sequence[ClaimedJob]) -> list[ClaimedJob]:
    """Those of its jobs that the ledger says this worker still runs, under the same token; locked until the commit."""
    current = _tokens(conn, worker_id, [job.id for job in claimed])
    return list({job.id: job for job in claimed if current.get(job.id) == job.attempt}.values())


def write_outcomes(conn: sa.Connection, worker_id: str, finished: Sequence[Finished], now: datetime) -> list[Finished]:
    """Write how jobs ended that this transaction has found `still_held`; returns what was written.

    A job that is to stop is not tried again, nor is one whose attempts are used up, whatever its outcome says.
    """
    stopping = _to_stop(conn, [job.id for job, outcome in finished if isinstance(outcome, Retry | Waiting)])
    decided = [(job, _decided(job, outcome, job.id in stopping)) for job, outcome in finished]
    groups: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
    for job, outcome in decided:
        values = _changes(job, outcome, now)
        groups[tuple(values)].append([job.id, *values.values()])
    for columns, rows in groups.items():
        update_rows(conn, jobs, "id", columns, rows)
    errors = [
        _error_row(worker_id, job, outcome, now) for job, outcome in decided if isinstance(outcome, Failed | Retry)
    ]
    if errors:
        conn.execute(sa.insert(job_errors), errors)
    if any(isinstance(outcome, Retry) or job.concurrency_key is not None for job, outcome in decided):
        wake_after_commit(conn)
    release(conn, [job.id for job, outcome in decided if isinstance(outcome, Succeeded | Failed | Cancelled)], now)
    awaited = {outcome.for_job for _, outcome in decided if isinstance(outcome, Waiting) and outcome.for_job}
    release_from_ended(conn, awaited, now)
    return decided


def _to_stop(conn: sa.Connection, ids: Sequence[str]) -> set[str]:
    """Those of these jobs that somebody wants stopped."""
    if not ids:
        return set()
    asked = sa.and_(among(conn, jobs.c.id, ids), jobs.c.cancel_requested_at.is_not(None))
    return set(conn.execute(sa.select(jobs.c.id).where(asked)).scalars())


def _decided(job: ClaimedJob, outcome: Outcome, stopping: bool) -> Outcome:
    match outcome:
        case Retry() | Waiting() if stopping:
            return Cancelled()
        case Retry(counted=True) if job.attempt >= job.max_attempts:
            return Failed(outcome.error, outcome.kind, outcome.traceback)
        case Waiting(for_job=job.id):
            return Failed("It waits for itself, so it would wait for ever.", "bug")
    return outcome


def _tokens(conn: sa.Connection, worker_id: str, ids: Sequence[str]) -> dict[str, int]:
    if not ids:
        return {}
    held = sa.select(jobs.c.id, jobs.c.attempt).where(_running(conn, worker_id, ids)).with_for_update()
    return {row.id: row.attempt for row in conn.execute(held).all()}


def _running(conn: sa.Connection, worker_id: str, ids: Sequence[str]) -> sa.ColumnElement[bool]:
    """That one of these jobs is still this worker's."""
    return sa.and_(among(conn, jobs.c.id, ids), unindexed(jobs.c.state) == "running", jobs.c.worker_id == worker_id)


def _changes(job: ClaimedJob, outcome: Outcome, now: datetime) -> dict[str, Any]:
    match outcome:
        case Succeeded(result):
            changes: dict[str, Any] = {"state": "succeeded", "finished_at": now, "error": None, "error_kind": None}
            return changes if result is None else {**changes, "result": result}
        case Failed(error, kind):
            return {"state": "failed", "finished_at": now, "error": _text(error), "error_kind": kind[:MAX_KIND]}
        case Cancelled():
            return {"state": "cancelled", "finished_at": now}
        case Waiting(reason, for_job):
            return {"state": "waiting", "waiting_for": _text(reason), "waits_for_job_id": for_job}
        case Retry():
            queued = outcome.run_at <= now
            # A job that is only given back keeps its slot: its rate has been spent on it, and it is ready at once.
            return {
                "state": "queued" if queued else "scheduled",
                **({"slot": "asks"} if queued and outcome.counted and job.concurrency_key is not None else {}),
                "run_at": outcome.run_at,
                # An attempt that does not count is made good by another one: a token is never given twice.
                "max_attempts": job.max_attempts if outcome.counted else job.max_attempts + 1,
                "error": _text(outcome.error),
                "error_kind": outcome.kind[:MAX_KIND],
                "published_at": None,
            }


def _error_row(worker_id: str, job: ClaimedJob, outcome: Failed | Retry, now: datetime) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "attempt": job.attempt,
        "at": now,
        "kind": outcome.kind[:MAX_KIND],
        "message": _text(outcome.error),
        "traceback": outcome.traceback and plain_text(outcome.traceback[-MAX_TRACEBACK:]),
        "worker_id": worker_id,
    }


def _text(text: str) -> str:
    return plain_text(text[:MAX_TEXT])


def write_progress(conn: sa.Connection, worker_id: str, progress: Mapping[str, Any]) -> None:
    """Write how far this worker's running jobs are: job id to a value that JSON can hold."""
    held = _tokens(conn, worker_id, list(progress))
    update_rows(conn, jobs, "id", ("progress",), [[job_id, progress[job_id]] for job_id in held])
