"""What went wrong, as RFC 9457 has it (application/problem+json), and which errors mean which status."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from traceback import extract_tb
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import compile_path

from personal_assistant.ai.model import AITaskChangedError, AITaskNotFoundError
from personal_assistant.api.v1.etags import ChangedMeanwhileError
from personal_assistant.errors import AssistantError
from personal_assistant.jobs.model import JobNotFoundError, JobStateError
from personal_assistant.notifications.inbox import NotificationNotFoundError
from personal_assistant.notifications.model import AddressNotFoundError
from personal_assistant.people.accounts import AccountChangedError, AccountExistsError, AccountNotFoundError
from personal_assistant.people.idempotency import KeyInUseError
from personal_assistant.people.tokens import TokenNotFoundError
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.schedulers.timetable import ScheduleNotFoundError
from personal_assistant.workers.tasks import UnknownTaskError

MEDIA_TYPE = "application/problem+json"
_MOST_ERRORS = 20
_LONGEST_NAME = 100
_MOST_PLACES = 8
_STATUS: Mapping[type[AssistantError], int] = {
    AITaskNotFoundError: 404,
    NotificationNotFoundError: 404,
    AddressNotFoundError: 404,
    JobNotFoundError: 404,
    ScheduleNotFoundError: 404,
    UnknownTaskError: 404,
    JobStateError: 409,
    AITaskChangedError: 412,
    ChangedMeanwhileError: 412,
    KeyInUseError: 409,
    AccountNotFoundError: 404,
    AccountExistsError: 409,
    AccountChangedError: 412,
    TokenNotFoundError: 404,
    StoreError: 503,
}
_SAID = {404: "There is nothing here.", 405: "This cannot be done here: the OpenAPI document says what can."}
_log = structlog.get_logger(__name__)

# The schema of all problems, for the OpenAPI document.
SCHEMA = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence that says what to do."},
        "errors": {
            "type": "array",
            "description": "The places of a request that cannot be read.",
            "items": {
                "type": "object",
                "required": ["where", "why"],
                "properties": {"where": {"type": "string"}, "why": {"type": "string"}},
            },
        },
    },
    "examples": [{"type": "about:blank", "title": "Not Found", "status": 404, "detail": "There is no AI task 5."}],
}


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> JSONResponse:
    """An answer that says what went wrong."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, dict(headers or {}), MEDIA_TYPE)


def unusable() -> JSONResponse:
    """For a database that does not answer. What it said is for the log only."""
    return problem(503, "The database cannot be used now. Try again in a moment.", {"Retry-After": "5"})


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These problems, for the OpenAPI document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def add_to(app: FastAPI) -> None:
    """Have every error of an application answered as a problem."""
    app.add_exception_handler(AssistantError, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, failed)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    del request
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 422)
    if status == HTTPStatus.NOT_FOUND:  # what follows the first sentence names a command
        return problem(status, str(error).partition(". ")[0].removesuffix(".") + ".")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        _log.warning("the database cannot be used", error=type(error).__name__)
        return unusable()
    return problem(status, str(error))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return problem(error.status_code, _SAID.get(error.status_code) or error.detail, headers)


def _methods(request: Request) -> set[str]:
    """What can be done at the path of a request: the framework names the methods of one of its routes only."""
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    there = (verbs for known, verbs in request.app.openapi()["paths"].items() if compile_path(known)[0].match(path))
    return {verb.upper() for verbs in there for verb in verbs}


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    del request
    assert isinstance(error, RequestValidationError)
    places = [
        {"where": ".".join(str(part)[:_LONGEST_NAME] for part in it["loc"]), "why": str(it["msg"])}
        for it in error.errors()[:_MOST_ERRORS]
    ]
    first = places[0]
    return problem(422, f"The request cannot be read: {first['where']}: {first['why']}.", errors=places)


async def failed(request: Request, error: Exception) -> JSONResponse:
    """For an error that is our own mistake. The answer tells nothing of it."""
    del request
    # Places only: what was said or held there may be somebody's text.
    places = [
        f"{Path(it.filename).name}:{it.lineno} {it.name}" for it in extract_tb(error.__traceback__)[-_MOST_PLACES:]
    ]
    _log.error("a request failed", error=type(error).__name__, at=places)
    return problem(500, "This did not work. Try again in a moment.")
