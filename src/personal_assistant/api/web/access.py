"""Who is looking: the session's cookie, and what a form has to prove."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from personal_assistant.people.sessions import LONGEST, Session, end_session, find_session, is_csrf, note_use
from personal_assistant.workers.runtime import Runtime

CSRF = "csrf"
MAX_FORM = 65_536
_MOST_FIELDS = 100
_COOKIE, _SECURE_COOKIE = "session", "__Host-session"


def over_tls(request: Request) -> bool:
    """Whether the browser speaks TLS, with this server or with the proxy at the public URL."""
    public = urlsplit(_runtime(request).settings.public_url)
    return request.url.scheme == "https" or (public.scheme == "https" and request.url.hostname == public.hostname)


def is_known_host(request: Request) -> bool:
    """Whether the Host header names this server: by an address, as localhost, or by the public URL.

    A page elsewhere whose name is made to lead here is refused by it (DNS rebinding).
    """
    # Where a name has odd characters, the URL is made of this server's own address instead.
    if request.headers.get("host", request.url.netloc) != request.url.netloc:
        return False
    host = (request.url.hostname or "").rstrip(".").lower()
    if host == "localhost" or host == (urlsplit(_runtime(request).settings.public_url).hostname or "localhost"):
        return True
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def session_of(request: Request) -> Session | None:
    """The session of the request's cookie; its use is noted once a minute."""
    secret = request.cookies.get(_SECURE_COOKIE if over_tls(request) else _COOKIE, "")
    runtime = _runtime(request)
    now = runtime.clock.now()
    with runtime.db.read() as conn:
        session = find_session(conn, secret, now)
    if session is not None and session.note_due:
        with runtime.db.write() as conn:
            note_use(conn, session.id, now)
    return session


def sign_in(response: Response, request: Request, secret: str) -> Response:
    """Sign a browser in by a session's secret. The session that it had before ends."""
    before = session_of(request)
    if before is not None:
        with _runtime(request).db.write() as conn:
            end_session(conn, before.user_id, before.id)
    return keep(response, request, secret)


def keep(response: Response, request: Request, secret: str) -> Response:
    """Have the browser keep a session's secret."""
    secure = over_tls(request)
    name = _SECURE_COOKIE if secure else _COOKIE
    seconds = int(LONGEST.total_seconds())
    response.set_cookie(name, secret, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")
    return response


def sign_out(response: Response) -> Response:
    """Have the browser forget it."""
    response.delete_cookie(_COOKIE, path="/", httponly=True, samesite="lax")
    response.delete_cookie(_SECURE_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


def is_same_origin(request: Request) -> bool:
    """Whether a form was sent by a page of this server, as far as the browser tells."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


def has_token(session: Session, form: Mapping[str, str]) -> bool:
    """Whether a form holds its session's token."""
    return is_csrf(session, form.get(CSRF, ""))


async def form_of(request: Request) -> dict[str, str] | None:
    """The fields of a posted form, the first of each name; None for what is too large or no form."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            return None
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    return dict(reversed(pairs))


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime
