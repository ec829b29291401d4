"""The ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from personal_assistant.api import calendar, health, links, metrics
from personal_assistant.api.live.feed import Feed
from personal_assistant.api.v1.app import PREFIX, make_api
from personal_assistant.api.v1.problems import problem
from personal_assistant.api.web import app as web
from personal_assistant.api.web.access import over_tls
from personal_assistant.api.web.troubles import trouble
from personal_assistant.workers.runtime import Runtime

# More do not answer sooner: they take turns in one interpreter, and hold each other up.
_THREADS = 8
# For every answer: nothing is loaded, framed, kept, indexed, or told to other sites.
_HEADERS = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    b"cache-control": b"no-store",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"x-robots-tag": b"noindex, nofollow",
}
# For every answer over TLS, and for no other: a browser that knows it uses TLS only, for a year.
_TLS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


def make_app(runtime: Runtime, feed: Feed) -> ASGIApp:
    """The application, serving this runtime's database and the news of `feed`."""
    app = Starlette(
        routes=[
            *health.ROUTES,
            *calendar.ROUTES,
            *links.ROUTES,
            *metrics.ROUTES,
            Mount(PREFIX, make_api(runtime, feed)),
            *web.routes(),
        ],
        lifespan=_lasting,
        exception_handlers={404: _not_found, 405: _not_allowed, 500: _failed},
    )
    # The address that a slash too many is led from would be made of the request's own Host.
    app.router.redirect_slashes = False
    app.state.runtime, app.state.feed, app.state.metrics = runtime, feed, metrics.Metrics(runtime)
    return _with_headers(app)


@asynccontextmanager
async def _lasting(app: Starlette) -> AsyncIterator[None]:
    del app
    current_default_thread_limiter().total_tokens = _THREADS
    yield


def _with_headers(app: ASGIApp) -> ASGIApp:
    async def headed(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] += [item for item in _HEADERS.items() if item[0] not in own]
                if over_tls(Request(scope)):
                    message["headers"].append(_TLS_ONLY)
            await send(message)

        await app(scope, receive, send_headed)

    return headed


async def _not_found(request: Request, error: Exception) -> Response:
    del error
    if request.url.path.startswith(f"{PREFIX}/"):  # with a line break in it, a path is not taken for the API's
        return problem(404, "There is nothing here.")
    return trouble(request, 404, "There is nothing here.")


async def _not_allowed(request: Request, error: Exception) -> Response:
    headers = error.headers if isinstance(error, HTTPException) else None
    return trouble(request, 405, "This address cannot be used like that.", headers)


async def _failed(request: Request, error: Exception) -> Response:
    del error
    return trouble(request, 500, "This did not work. Try again in a moment.")
