"""Every route of the application, read off the application itself, so that a new one is found without being told."""

import re
from collections.abc import Iterable, Iterator
from unittest.mock import patch

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from personal_assistant.api import app as application
from personal_assistant.api.live.feed import Feed
from personal_assistant.api.v1.app import PREFIX
from personal_assistant.api.web import app as web
from personal_assistant.workers.runtime import Runtime

# Opens without end where somebody is signed in.
STREAM = "/events"


def pages() -> list[tuple[str, str]]:
    """Method and address of what the dashboard answers under, with ids that nothing has."""
    return [it for it in _each(web.routes()) if it[1] != STREAM]


def forms() -> list[str]:
    """Where the dashboard's forms are sent."""
    return [path for method, path in pages() if method == "POST"]


def everything(runtime: Runtime) -> list[tuple[str, str]]:
    """Method and address of everything that the application answers under."""
    with patch.object(application, "_with_headers", lambda app: app):
        app = application.make_app(runtime, Feed(runtime))
    assert isinstance(app, Starlette)
    mounts = {getattr(it, "path", "") for it in app.routes if not isinstance(it, Route)}
    assert mounts == {PREFIX, "/static/{version}"}, "a new one has to be looked into below"
    api = [("GET", f"{PREFIX}/openapi.json"), ("GET", f"{PREFIX}/me"), ("POST", f"{PREFIX}/ai-tasks")]
    return [*_each(app.routes), *api, ("GET", "/static/x/app.css"), ("GET", "/static/x/none.css")]


def _each(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Route):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, re.sub(r"{\w+}", "999999", route.path)
