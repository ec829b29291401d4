"""`/jobs`: pieces of work and what became of them. With the scope admin everybody's, else your own."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime
from starlette.responses import JSONResponse, Response

from personal_assistant.api.v1.callers import Reader, Running, Writer, whose_jobs
from personal_assistant.api.v1.instants import in_utc
from personal_assistant.api.v1.job_shapes import (
    AttemptShape,
    JobDetail,
    JobShape,
    LogLineShape,
    Refused,
    Replay,
    Replayed,
    State,
    StepShape,
)
from personal_assistant.api.v1.once import Key, once
from personal_assistant.api.v1.paging import Cursor, Limit, Page, after_place, after_text, page_of
from personal_assistant.api.v1.problems import responses
from personal_assistant.api.v1.shapes import Queued
from personal_assistant.jobs.logs import lines_of
from personal_assistant.jobs.model import JobNotFoundError, JobView
from personal_assistant.jobs.queries import errors_of, get_job, list_jobs
from personal_assistant.jobs.replay import REPLAYABLE, replay, replay_many
from personal_assistant.jobs.searching import search_jobs
from personal_assistant.jobs.timeline import timeline
from personal_assistant.people.tokens import ADMIN, Caller
from personal_assistant.store.tables import jobs
from personal_assistant.store.types import fits
from personal_assistant.workers.control import cancel_job
from personal_assistant.workers.liveness import scheduler_alive
from personal_assistant.workers.runtime import Runtime

router = APIRouter(prefix="/jobs", tags=["Jobs"])

_LONGEST_ID = 155
# A transaction of so many keeps others from writing for a moment only.
_TOGETHER = 50
_Id = Annotated[str, Path(max_length=_LONGEST_ID, description="The job's id.")]
_States = Annotated[list[State] | None, Query(max_length=8, description="Only in this state; may be repeated.")]
_Task = Annotated[str | None, Query(max_length=200, description="Only of this task, by its whole name.")]
_Text = Annotated[str | None, Query(min_length=1, max_length=100, description="Found in id, task or error.")]
_Since = Annotated[AwareDatetime | None, Query(description="Made at or after this instant.")]
_Until = Annotated[AwareDatetime | None, Query(description="Made before this instant.")]


@router.get("", response_model=Page[JobShape])
def list_work(
    caller: Reader,
    runtime: Running,
    state: _States = None,
    task: _Task = None,
    text: _Text = None,
    since: _Since = None,
    until: _Until = None,
    ai_task_id: int | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Jobs, the newest first.

    One answer looks at some ten thousand jobs at the most: a page may hold fewer than `limit`, even none, and have a
    `next_cursor` all the same.
    """
    before = after_text(cursor)
    if _has_none(task, text, ai_task_id):
        return page_of([], limit)
    with runtime.db.read() as conn:
        found = search_jobs(
            conn,
            user_id=whose_jobs(caller),
            states=state or (),
            task=task,
            text=text,
            since=since and in_utc(since),
            until=until and in_utc(until),
            ai_task_id=ai_task_id,
            before=before,
            limit=limit,
        )
    items = [JobShape.model_validate(job) for job in found.jobs]
    return page_of(items, limit, onward=found.older or found.unseen)


@router.get("/{job_id}", response_model=JobDetail, responses=responses(404))
def get_work(caller: Reader, runtime: Running, job_id: _Id) -> Response:
    """One job with its failed attempts, its timeline and its progress."""
    with runtime.db.read() as conn:
        return _detail(conn, caller, get_job(conn, _known(job_id), user_id=whose_jobs(caller)))


@router.get("/{job_id}/logs", response_model=Page[LogLineShape], responses=responses(404))
def list_log(caller: Reader, runtime: Running, job_id: _Id, cursor: Cursor = None, limit: Limit = 200) -> Response:
    """What a job logged while it ran, the earliest first. Of one that runs, some seconds late."""
    after = after_place(cursor)
    with runtime.db.read() as conn:
        job = get_job(conn, _known(job_id), user_id=whose_jobs(caller))
        found = lines_of(conn, job.id, after=after, limit=limit + 1)
    return page_of([LogLineShape.model_validate(line) for line in found], limit, key="place")


@router.post("/{job_id}/cancel", response_model=JobDetail, responses=responses(404, 409))
def cancel_work(caller: Writer, runtime: Running, job_id: _Id) -> Response:
    """Cancel a job that has not ended. One that runs is asked to stop: it is still `running` in the answer."""
    job = cancel_job(runtime, _known(job_id), user_id=whose_jobs(caller))
    with runtime.db.read() as conn:
        return _detail(conn, caller, job)


@router.post("/{job_id}/retry", status_code=202, response_model=Queued, responses=responses(404, 409))
def retry_work(caller: Writer, runtime: Running, request: Request, job_id: _Id, key: Key = None) -> Response:
    """Queue a failed, cancelled, missed or waiting job again."""

    def act() -> Response:
        with runtime.db.write() as conn:
            job = replay(conn, _known(job_id), runtime.clock.now(), user_id=whose_jobs(caller))
        return JSONResponse({"job_id": job.id, "scheduler_alive": scheduler_alive(runtime)}, 202)

    return once(runtime, caller.user_id, key, request, "", act)


@router.post("/replay", response_model=Replayed, responses=responses(409))
def replay_work(caller: Writer, runtime: Running, request: Request, body: Replay, key: Key = None) -> Response:
    """Queue many again: at most 500 in one request. What cannot be queued again is told, and stops nothing else."""

    def act() -> Response:
        ids, more = (body.ids, False) if body.ids is not None else _matching(runtime, caller, body)
        again: list[str] = []
        refused: dict[str, str] = {job_id: _missing(job_id) for job_id in ids if not _can_be_id(job_id)}
        ids = [job_id for job_id in ids if job_id not in refused]
        for start in range(0, len(ids), _TOGETHER):
            with runtime.db.write() as conn:
                some = ids[start : start + _TOGETHER]
                done, left = replay_many(conn, some, runtime.clock.now(), user_id=whose_jobs(caller))
            again += done
            refused |= left
        answer = Replayed(
            replayed=len(again),
            ids=again,
            refused=[Refused(id=job_id, why=why.partition(". `")[0]) for job_id, why in refused.items()],
            more=more,
            scheduler_alive=scheduler_alive(runtime),
        )
        return Response(answer.model_dump_json(), media_type="application/json")

    return once(runtime, caller.user_id, key, request, body.model_dump_json(), act)


def _matching(runtime: Runtime, caller: Caller, body: Replay) -> tuple[list[str], bool]:
    if _has_none(body.task, None, body.ai_task_id):
        return [], False
    with runtime.db.read() as conn:
        found = list_jobs(
            conn,
            user_id=whose_jobs(caller),
            states=[body.state] if body.state is not None else REPLAYABLE,
            task=body.task,
            ai_task_id=body.ai_task_id,
            since=body.since and in_utc(body.since),
            until=body.until and in_utc(body.until),
            limit=body.limit + 1,
        )
    return [job.id for job in found[: body.limit]], len(found) > body.limit


def _has_none(task: str | None, text: str | None, ai_task_id: int | None) -> bool:
    """Whether no job can match, as the database cannot even be asked."""
    return "\0" in f"{task}{text}" or (ai_task_id is not None and not fits(jobs.c.ai_task_id, ai_task_id))


def _can_be_id(job_id: str) -> bool:
    return job_id.isprintable() and job_id.isascii() and 0 < len(job_id) <= _LONGEST_ID


def _missing(job_id: str) -> str:
    return f"There is no job {job_id[:60]}."


def _known(job_id: str) -> str:
    """Raises JobNotFoundError for what no id can be: not every database can be asked about it."""
    if not _can_be_id(job_id):
        raise JobNotFoundError(_missing(job_id))
    return job_id


def _detail(conn: sa.Connection, caller: Caller, job: JobView) -> Response:
    errors = errors_of(conn, job.id)
    detail = JobDetail.model_validate(job)
    detail.attempts = [AttemptShape.model_validate(it) for it in errors]
    if ADMIN not in caller.scopes:
        for attempt in detail.attempts:
            attempt.traceback = None
    detail.timeline = [StepShape.model_validate(it) for it in timeline(job, errors)]
    return Response(detail.model_dump_json(), media_type="application/json")
