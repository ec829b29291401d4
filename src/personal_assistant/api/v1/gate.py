"""What every request passes before anything else looks at it: who asks, and a body of a bounded size in JSON."""

import json
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from personal_assistant.api.v1.problems import failed, problem
from personal_assistant.api.v1.rates import Rates
from personal_assistant.people.tokens import Caller, authenticate, note_use
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.runtime import Runtime

MAX_BODY = 256 * 1024
_OPEN_TO_ALL = frozenset({"/openapi.json"})
_LONGEST_HEADER = 300
_DEEPEST = 32
_TOO_MANY = "This token asks too often. Ask again after the seconds of Retry-After."


class Gate:
    """Lets requests with a token through to an application, which finds the caller in `request.state.caller`."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self._app, self._runtime = app, runtime
        self._rates = Rates(runtime.settings.api_requests_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                told = getattr(request.state, "allowance", None)
                more = {} if told is None else told.headers
                message["headers"] = [*message["headers"], *((k.lower().encode(), v.encode()) for k, v in more.items())]
            await send(message)

        try:
            answer, body = await self._look(request)
            if answer is not None:
                await answer(scope, receive, noting)
            else:
                await self._app(scope, _replaying(body, receive), noting)
        except ClientDisconnect:
            pass
        except Exception as error:
            # The application has answered and logged what is its own; nothing of it goes further.
            if not begun:
                await (await failed(request, error))(scope, receive, send)

    async def _look(self, request: Request) -> tuple[Response | None, bytes]:
        """The answer to a request that must not pass, else its body."""
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        if path not in _OPEN_TO_ALL:
            try:
                caller = await run_in_threadpool(self._caller, request.headers)
            except StoreError:
                return problem(
                    503, "The database cannot be used now. Try again in a moment.", {"Retry-After": "5"}
                ), b""
            if caller is None:
                return _unknown("authorization" in request.headers), b""
            request.state.caller = caller
            allowed = request.state.allowance = self._rates.take(caller.token_id)
            if allowed.wait_seconds:
                return problem(429, _TOO_MANY, {"Retry-After": str(allowed.wait_seconds)}), b""
        body = await _read(request)
        if body is None:
            return problem(413, f"A body has at most {MAX_BODY} bytes.", {"Connection": "close"}), b""
        if body and not _is_json(request.headers):
            return problem(415, "A body is JSON: send it with Content-Type: application/json."), b""
        if body and not _is_readable(body):
            return problem(422, "The body is no JSON that can be kept: UTF-8, not deeply nested, without NaN."), b""
        return None, body

    def _caller(self, headers: Headers) -> Caller | None:
        kind, _, secret = headers.get("authorization", "")[:_LONGEST_HEADER].partition(" ")
        if kind.lower() != "bearer":
            return None
        now = self._runtime.clock.now()
        with self._runtime.db.read() as conn:
            caller = authenticate(conn, secret.strip(), now)
        if caller is not None and caller.note_due:
            with self._runtime.db.write() as conn:
                note_use(conn, caller.token_id, now)
        return caller


def _unknown(tried: bool) -> Response:
    detail = "This token is not known, was removed, or has expired." if tried else "Send a token."
    error = ', error="invalid_token"' if tried else ""
    how = " `assistant tokens add` makes one; send it as Authorization: Bearer pat_…"
    return problem(401, detail + how, {"WWW-Authenticate": f'Bearer realm="assistant"{error}'})


async def _read(request: Request) -> bytes | None:
    """The body; None for one that is too large, of which no more is read."""
    announced = request.headers.get("content-length", "0")
    if not announced.isascii() or not announced.isdecimal() or len(announced) > 20 or int(announced) > MAX_BODY:
        return None
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _is_json(headers: Mapping[str, str]) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _is_readable(body: bytes) -> bool:
    try:
        value = json.loads(body.decode(), parse_constant=_refuse)
        return _is_shallow(value, _DEEPEST) and bool(json.dumps(value, ensure_ascii=False).encode())
    except (ValueError, RecursionError):
        return False


def _is_shallow(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_shallow(it, levels - 1) for it in inner)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _replaying(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
