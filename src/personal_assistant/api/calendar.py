"""`/calendar/{token}.ics`: a person's calendar feed, for whoever knows its secret URL."""

from hashlib import sha256
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from personal_assistant.ai.ics.feed import feed
from personal_assistant.ai.ics.writing import DOMAIN
from personal_assistant.notifications.feed_token import whose
from personal_assistant.workers.runtime import Runtime


def calendar(request: Request) -> Response:
    runtime: Runtime = request.app.state.runtime
    domain = urlsplit(runtime.settings.public_url).hostname or DOMAIN
    with runtime.db.read() as conn:
        user_id = whose(conn, request.path_params["token"])
        if user_id is None:
            return PlainTextResponse("There is no calendar with this address. A new address may have been made.\n", 404)
        body = feed(conn, user_id, runtime.clock.now(), domain)
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    # Calendar programs may keep it, and ask whether it is still the same.
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


def _tags(header: str) -> set[str]:
    return {part.strip().removeprefix("W/") for part in header[:2000].split(",")}


ROUTES = [Route("/calendar/{token}.ics", calendar)]
