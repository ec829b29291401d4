"""The routes of the dashboard, and what holds for all of them."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from personal_assistant.api.web import events, sign_in
from personal_assistant.api.web.access import form_of, has_token, is_known_host, is_same_origin, session_of
from personal_assistant.api.web.registry import Page, all_pages
from personal_assistant.api.web.troubles import HEADERS, trouble
from personal_assistant.api.web.visit import Visit
from personal_assistant.errors import AssistantError
from personal_assistant.people.accounts import get_account
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.runtime import Runtime

_STATIC = Path(__file__).parent / "static"
_log = structlog.get_logger(__name__)
_Endpoint = Callable[[Request, dict[str, str]], Response]


class _Cached(StaticFiles):
    """Files whose address changes with the version."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        answer = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


def routes() -> list[BaseRoute]:
    """Everything under which the dashboard answers."""
    return [
        Mount("/static/{version}", _Cached(directory=_STATIC)),
        *(Route(path, _guarded(handler), methods=list(methods)) for path, methods, handler in sign_in.ROUTES),
        Route("/events", events.stream),
        *(Route(page.path, _guarded(partial(_answer, page)), methods=list(page.methods)) for page in all_pages()),
    ]


def _guarded(endpoint: _Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """Refuse what comes under a strange name, from a strange page, or is too long; the rest is done in a thread."""

    async def guarded(request: Request) -> Response:
        if not is_known_host(request):
            return trouble(request, 421, "This server is not known by that name: see ASSISTANT_PUBLIC_URL.")
        if request.method == "POST" and not is_same_origin(request):
            return trouble(request, 403, "This form comes from another site.")
        try:
            form = await form_of(request) if request.method == "POST" else {}
        except ClientDisconnect:
            return Response(status_code=400)
        if form is None:
            return trouble(request, 413, "This form is too long.")
        try:
            answer = await run_in_threadpool(endpoint, request, form)
        except StoreError as error:
            _log.warning("the database cannot be used", error=type(error).__name__)
            return trouble(request, 503, "The database cannot be used now.", {"Retry-After": "5"})
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    return guarded


def _answer(page: Page, request: Request, form: dict[str, str]) -> Response:
    runtime: Runtime = request.app.state.runtime
    session = session_of(request)
    if session is None:
        return _to_sign_in(request)
    with runtime.db.read() as conn:
        account = get_account(conn, session.user_id)
    visit = Visit(request, runtime, account, session, runtime.clock.now(), form)
    if page.admin and not account.is_admin:
        return visit.render("missing.html", 404)
    if request.method == "POST" and not has_token(session, form):
        return visit.render("refused.html", 403, reason="This page was open for too long. Open it again.")
    try:
        return page.handler(visit)
    except StoreError:
        raise
    except AssistantError as error:
        if type(error).__name__.endswith("NotFoundError"):
            return visit.render("missing.html", 404)
        return visit.refuse(error)


def _to_sign_in(request: Request) -> Response:
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    return RedirectResponse("/login", 303)
