"""The application under `/api/v1`, and its OpenAPI document."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from personal_assistant import __version__
from personal_assistant.api.fresh import Fresh
from personal_assistant.api.live.feed import Feed
from personal_assistant.api.v1 import (
    ai_tasks,
    calendar,
    channels,
    events,
    jobs,
    notifications,
    problems,
    system,
    timetable,
    tokens,
    users,
    wishes,
)
from personal_assistant.api.v1.gate import Gate
from personal_assistant.workers.runtime import Runtime

PREFIX = "/api/v1"
# So old may be what is told of the whole ledger.
_FRESH_SECONDS = 10.0
_ABOUT = (
    "Your AI tasks, notifications and jobs, and with the scope admin the system. Every request names you by a "
    "personal API token (`assistant tokens add`): `Authorization: Bearer pat_…`. What belongs to somebody else is "
    "answered like what does not exist. What went wrong is told as application/problem+json (RFC 9457). "
    "A token has a number of requests a minute (the headers RateLimit-Policy and RateLimit tell it, and what is left); "
    "beyond it 429 says in Retry-After when to ask again."
)


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = problems.SCHEMA
        return document


def make_api(runtime: Runtime, feed: Feed) -> ASGIApp:
    """The application, serving this runtime's database to those who have a token."""
    api = _Api(
        title="Personal assistant",
        version=__version__,
        description=_ABOUT,
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_name,
        responses=problems.responses(401, 403, 413, 415, 422, 429, 500, 503),
    )
    api.state.runtime, api.state.feed, api.state.fresh = runtime, feed, Fresh(_FRESH_SECONDS)
    problems.add_to(api)
    for part in (calendar, ai_tasks, notifications, channels, wishes, jobs, timetable, system, users, tokens, events):
        api.include_router(part.router)
    return Gate(api, runtime)


def _name(route: APIRoute) -> str:
    return route.name
