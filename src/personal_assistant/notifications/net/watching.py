"""What becomes of the requests that a library makes with `requests`: watched, held to a time, and cut to size.

Such a library tells its caller yes or no. Here is noted what decides about another attempt: the status, how long the
service asks to wait, and whether a request was on its way at all.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, RequestException, SSLError
from urllib3.exceptions import HTTPError, NewConnectionError

_BODY_BYTES = 65_536
_CHUNK = 16_384


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: its status, or why there is none. `sent`: whether it may have reached the service."""

    sent: bool
    status: int | None = None
    wait: str | None = None
    error: str | None = None
    bad_certificate: bool = False


@dataclass(slots=True)
class Watch:
    """The requests of one stretch of work, in order. None begins after `deadline` (of time.monotonic)."""

    deadline: float
    connect_seconds: float
    reply_seconds: float
    seen: list[Seen] = field(default_factory=list)


_current: ContextVar[Watch | None] = ContextVar("watch", default=None)
_installing = threading.Lock()
_original: Callable[..., Response] | None = None


@contextmanager
def watched(seconds: float, connect_seconds: float, reply_seconds: float) -> Iterator[Watch]:
    """Watch what this thread requests until the block ends. Proxies of the environment are not used meanwhile."""
    _install()
    watch = Watch(time.monotonic() + seconds, connect_seconds, reply_seconds)
    token = _current.set(watch)
    try:
        yield watch
    finally:
        _current.reset(token)


def _install() -> None:
    """`requests` can be watched in one place only, the method that all requests go through."""
    global _original
    with _installing:
        if _original is None:
            _original = HTTPAdapter.send
            HTTPAdapter.send = _send  # type: ignore[method-assign,assignment]


def _send(
    adapter: HTTPAdapter,
    request: PreparedRequest,
    stream: bool = False,
    timeout: Any = None,
    verify: bool | str = True,
    cert: Any = None,
    proxies: dict[str, str] | None = None,
) -> Response:
    assert _original is not None
    watch = _current.get()
    if watch is None:
        return _original(adapter, request, stream, timeout, verify, cert, proxies)
    left = watch.deadline - time.monotonic()
    if left <= 0:
        watch.seen.append(Seen(sent=False, error="it took too long"))
        raise ConnectTimeout("no time is left", request=request)
    limits = (min(watch.connect_seconds, left), min(watch.reply_seconds, left))
    try:
        response = _original(adapter, request, True, limits, verify, cert, None)
    except (RequestException, HTTPError, OSError) as error:
        watch.seen.append(_failed(error))
        raise
    watch.seen.append(Seen(True, response.status_code, response.headers.get("Retry-After")))
    _read(response, watch.deadline)
    return response


def _failed(error: Exception) -> Seen:
    reasons = set(map(type, _reasons(error)))
    text = str(error)
    if isinstance(error, SSLError) and ("CERTIFICATE_VERIFY" in text or "doesn't match" in text):
        return Seen(sent=False, error="its certificate is not valid", bad_certificate=True)
    if isinstance(error, SSLError) and "WRONG_VERSION_NUMBER" in text:
        return Seen(sent=False, error="it does not speak TLS on that port")
    if isinstance(error, ConnectTimeout):
        return Seen(sent=False, error="it could not be reached in time")
    if any(issubclass(it, NewConnectionError) for it in reasons):
        return Seen(sent=False, error="it cannot be reached")
    if "timed out" in text:
        return Seen(sent=True, error="there was no answer in time")
    return Seen(sent=True, error="the connection ended without an answer that can be read")


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """The error and what it wraps, as urllib3 and requests do it: in `args` or `reason`."""
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        found = getattr(inner, "reason", None) or next(iter(inner.args), None)
        inner = found if isinstance(found, BaseException) and found is not inner else None


def _read(response: Response, deadline: float) -> None:
    """Take the beginning of the body; without this `requests` would take all of it, however long."""
    body = b""
    with suppress(HTTPError, OSError, ValueError):
        while len(body) < _BODY_BYTES and time.monotonic() < deadline:
            if not (more := response.raw.read1(_CHUNK, decode_content=True)):
                break
            body += more
    response._content = body
    response._content_consumed = True
    response.raw.close()
