"""`/ai-tasks`: what is scheduled."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from personal_assistant.ai import AITaskManager, acting, formatting, rows
from personal_assistant.ai.model import AITask, AITaskError
from personal_assistant.api.v1.callers import Reader, Running, Writer
from personal_assistant.api.v1.etags import IfMatch, revision_of
from personal_assistant.api.v1.once import Key, once
from personal_assistant.api.v1.paging import Cursor, Limit, Page, after_id, after_text, page_of
from personal_assistant.api.v1.problems import responses
from personal_assistant.api.v1.shapes import (
    AITaskShape,
    ChangedAITask,
    Meaning,
    NewAITask,
    Occurrence,
    PutOff,
    Queued,
    Text,
    Until,
)
from personal_assistant.api.v1.until import instant_of
from personal_assistant.jobs.queries import list_jobs
from personal_assistant.store.people import get_person
from personal_assistant.timing.language import TimeRefused, understand, understand_sentence
from personal_assistant.timing.zones import UnknownZoneError
from personal_assistant.workers.liveness import scheduler_alive
from personal_assistant.workers.runtime import Runtime

router = APIRouter(prefix="/ai-tasks", tags=["AI tasks"])


def _manager(runtime: Runtime) -> AITaskManager:
    return AITaskManager(runtime.db, runtime.clock)


@router.get("", response_model=Page[AITaskShape])
def list_ai_tasks(
    caller: Reader, runtime: Running, state: str | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Your AI tasks, the newest first, of one state where it is given."""
    before = after_id(cursor)
    with runtime.db.read() as conn:
        found = rows.page(conn, caller.user_id, status=state, before=before, limit=limit + 1)
    return page_of([AITaskShape.of(*it) for it in found], limit)


@router.post("", status_code=201, response_model=AITaskShape, responses=responses(409))
def create_ai_task(caller: Writer, runtime: Running, request: Request, body: NewAITask, key: Key = None) -> Response:
    """Schedule something, from a sentence or from a title and a time."""

    def act() -> Response:
        task = _create(_manager(runtime), caller.user_id, body)
        return _scheduled(runtime, task, 201, {"Location": f"/api/v1/ai-tasks/{task.id}"})

    return once(runtime, caller.user_id, key, request, body.model_dump_json(), act)


@router.post("/preview")
def preview_ai_task(caller: Reader, runtime: Running, body: Text) -> Meaning:
    """What a text means, and its next occurrences. Nothing is scheduled."""
    text = body.words if body.words is not None else body.when
    if text is None or (body.words is not None and body.when is not None):
        raise AITaskError("Give `words`, a sentence with a title and a time, or `when`, a time alone.")
    with runtime.db.read() as conn:
        zone = body.zone or get_person(conn, caller.user_id).zone
    read = understand_sentence if body.words is not None else understand
    try:
        meant = read(text, now=runtime.clock.now(), zone=zone)
    except TimeRefused as refused:
        raise AITaskError(formatting.refusal(refused)) from refused
    except UnknownZoneError as error:
        raise AITaskError(str(error)) from error
    return Meaning(title=meant.title, kind=meant.kind, understood=meant.words, zone=meant.zone, next=meant.next)


@router.get("/{ai_task_id}", response_model=AITaskShape, responses=responses(404))
def get_ai_task(caller: Reader, runtime: Running, ai_task_id: int) -> Response:
    """One AI task. Its ETag is its revision."""
    with runtime.db.read() as conn:
        task, extras = rows.find_with_extras(conn, ai_task_id, caller.user_id)
    return _shown(task, AITaskShape.of(task, extras))


@router.patch("/{ai_task_id}", response_model=AITaskShape, responses=responses(404, 412))
def change_ai_task(
    caller: Writer, runtime: Running, ai_task_id: int, body: ChangedAITask, if_match: IfMatch = None
) -> Response:
    """Change the fields that are given. A changed time plans anew."""
    manager = _manager(runtime)
    wished = body.wished()
    changes = {name: getattr(body, name) for name in body.model_fields_set - wished.keys()}
    when = changes.pop("when", None)
    if when is not None:
        if "schedule_type" in changes or "schedule_config" in changes:
            raise AITaskError("Give a time in words (`when`) or a schedule, not both.")
        old = manager.get_task(ai_task_id, caller.user_id)
        changes |= manager.schedule_from_words(when, changes.get("zone") or old.zone)
    if not changes and not wished:
        raise AITaskError("Say what to change: give at least one field.")
    task = manager.update_task(
        ai_task_id, caller.user_id, if_revision=revision_of(if_match), extras=wished, **_settable(changes)
    )
    return _answer(runtime, task)


@router.delete("/{ai_task_id}", status_code=204, responses=responses(404, 412))
def remove_ai_task(caller: Writer, runtime: Running, ai_task_id: int, if_match: IfMatch = None) -> None:
    """Remove it. What has happened stays in the history."""
    _manager(runtime).delete_task(ai_task_id, caller.user_id, if_revision=revision_of(if_match))


@router.post("/{ai_task_id}/pause", response_model=AITaskShape, responses=responses(404))
def pause_ai_task(caller: Writer, runtime: Running, ai_task_id: int, body: Until | None = None) -> Response:
    """Let it rest until it is resumed, or until the time in the body, if there is one."""
    until = None
    if body is not None:
        with runtime.db.read() as conn:
            rows.find(conn, ai_task_id, caller.user_id)
            until = instant_of(conn, caller.user_id, body, runtime.clock.now())
    return _answer(runtime, _manager(runtime).pause_task(ai_task_id, caller.user_id, until=until))


@router.post("/{ai_task_id}/resume", response_model=AITaskShape, responses=responses(404))
def resume_ai_task(caller: Writer, runtime: Running, ai_task_id: int) -> Response:
    """Go on with the next occurrence after now."""
    return _scheduled(runtime, _manager(runtime).resume_task(ai_task_id, caller.user_id))


@router.post("/{ai_task_id}/cancel", response_model=AITaskShape, responses=responses(404))
def cancel_ai_task(caller: Writer, runtime: Running, ai_task_id: int) -> Response:
    """Let it not happen again, and keep it in the list."""
    return _answer(runtime, _manager(runtime).cancel_task(ai_task_id, caller.user_id))


@router.post("/{ai_task_id}/done", response_model=AITaskShape, responses=responses(404))
def finish_ai_task(caller: Writer, runtime: Running, ai_task_id: int) -> Response:
    """Say that its newest occurrence is done, or that it is before it came where it happens once."""
    with runtime.db.write() as conn:
        task = acting.done_task(conn, caller.user_id, ai_task_id, runtime.clock.now(), "api")
    return _answer(runtime, task)


@router.post("/{ai_task_id}/snooze", responses=responses(404))
def snooze_ai_task(caller: Writer, runtime: Running, ai_task_id: int, body: Until) -> PutOff:
    """Have its newest occurrence come again later: `words` like «for 20 minutes», or `until` an instant."""
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        rows.find(conn, ai_task_id, caller.user_id)
        until = instant_of(conn, caller.user_id, body, now)
        thread = acting.snooze_task(conn, caller.user_id, ai_task_id, until, now)
    return PutOff(title=thread.title, until=until)


@router.post("/{ai_task_id}/skip", response_model=AITaskShape, responses=responses(404, 409))
def skip_ai_task(caller: Writer, runtime: Running, request: Request, ai_task_id: int, key: Key = None) -> Response:
    """Leave out its next time. Asking twice leaves out two, unless both have the same key."""

    def act() -> Response:
        with runtime.db.write() as conn:
            task = acting.skip_next(conn, caller.user_id, ai_task_id, runtime.clock.now())
        return _scheduled(runtime, task)

    return once(runtime, caller.user_id, key, request, "", act)


@router.post("/{ai_task_id}/run", status_code=202, response_model=Queued, responses=responses(404, 409))
def run_ai_task(caller: Writer, runtime: Running, request: Request, ai_task_id: int, key: Key = None) -> Response:
    """Run it once now, beside its schedule."""

    def act() -> Response:
        job_id = _manager(runtime).run_now(ai_task_id, caller.user_id)
        return JSONResponse({"job_id": job_id, "scheduler_alive": scheduler_alive(runtime)}, 202)

    return once(runtime, caller.user_id, key, request, "", act)


@router.get("/{ai_task_id}/occurrences", response_model=Page[Occurrence], responses=responses(404))
def list_occurrences(
    caller: Reader, runtime: Running, ai_task_id: int, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """What has become of its occurrences, the newest first."""
    before = after_text(cursor)
    with runtime.db.read() as conn:
        task = rows.find(conn, ai_task_id, caller.user_id)
        found = list_jobs(conn, ai_task_id=task.id, before=before, limit=limit + 1)
    return page_of([Occurrence.model_validate(job) for job in found], limit)


def _create(manager: AITaskManager, user_id: int, body: NewAITask) -> AITask:
    options = {**body.given(), "extras": {name: wish for name, wish in body.wished().items() if wish is not None}}
    by_schedule = body.schedule_type is not None or body.schedule_config is not None
    if body.words is not None and body.title is None and body.when is None and not by_schedule:
        return manager.create_from_words(user_id, body.words, **options)
    if body.title is not None and body.words is None:
        if body.when is not None and not by_schedule:
            return manager.create_from_words(user_id, body.title, when=body.when, **options)
        if body.when is None and body.schedule_type is not None:
            return manager.create_task(user_id, body.title, body.schedule_type, body.schedule_config, **options)
    raise AITaskError("Give `words`, a sentence; or a `title`, and with it `when` in words or a `schedule_type`.")


_MAY_BE_EMPTY = frozenset({"description", "ai_context", "max_lateness_seconds", "schedule_config"})


def _settable(changes: dict[str, Any]) -> dict[str, Any]:
    """Raises AITaskError for a null where something must be."""
    for name, value in changes.items():
        if value is None and name not in _MAY_BE_EMPTY:
            raise AITaskError(f"{name} cannot be null. Leave it out to keep what it is.")
    return changes


def _scheduled(runtime: Runtime, task: AITask, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return _answer(runtime, task, status, headers, scheduler_alive=scheduler_alive(runtime))


def _answer(
    runtime: Runtime, task: AITask, status: int = 200, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    shape = AITaskShape.of(task, _manager(runtime).extras_of(task.id))
    return _shown(task, shape.model_copy(update=more), status, headers)


def _shown(task: AITask, shape: AITaskShape, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    named = {"ETag": f'"{task.revision}"', **(headers or {})}
    return Response(shape.model_dump_json(), status, named, "application/json")
