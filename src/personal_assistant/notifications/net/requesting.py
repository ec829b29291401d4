"""One HTTP request, and what can be said about whether it was taken when there is no reply."""

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from personal_assistant.errors import AssistantError
from personal_assistant.notifications.model import Refused, TryLater, Unknown
from personal_assistant.notifications.net.guard import Guard, guarded
from personal_assistant.notifications.net.http import Progress, session
from personal_assistant.notifications.senders import SendingConfig

# How long a request may wait for one of the connections that there are.
_WAIT_SECONDS = 30.0
# What is read of a reply's body, and for how long: its status has said what matters.
_BODY_BYTES = 16_384
_BODY_SECONDS = 1.0
_TEXT_LENGTH = 300
# How many kept connections may turn out to be closed, one after the other, before one of them counts as a failure.
_STALE = 2


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered. `text` is the beginning of its body, on one line of printable characters."""

    status: int
    headers: Mapping[str, str]
    text: str


async def request(
    method: str,
    url: str,
    config: SendingConfig,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    trusted: bool = False,
) -> Reply:
    """Send one request and return the reply, whatever its status; redirects are not followed.

    It has to be one that may be repeated: it is, at once, when a connection that was kept turns out to be closed.
    trusted: the URL is the operator's, and may lead to any address.
    Raises Refused for an address that is not allowed or a certificate that is not valid, TryLater when the request was
    certainly not taken, Unknown when it was on its way and no reply came that can be read.
    """
    connections = await session(config.connections, trusted=trusted)
    connecting = aiohttp.ClientTimeout(total=None, sock_connect=config.connect_seconds)
    with nullcontext() if trusted else guarded(config.private_hosts, urlsplit(url).hostname) as guard:
        for tries_left in reversed(range(_STALE + 1)):
            limit = asyncio.timeout(_WAIT_SECONDS)
            progress = Progress(limit, config.reply_seconds)
            try:
                async with limit:
                    response = await connections.request(
                        method,
                        url,
                        data=body,
                        headers=headers,
                        allow_redirects=False,
                        timeout=connecting,
                        trace_request_ctx=progress,
                    )
                return await _read(response)
            except (aiohttp.ClientError, OSError) as error:
                if not (tries_left and progress.reused and _hung_up(error)):
                    # Without its cause, whose text may hold the URL.
                    raise _meaning(error, progress, guard, config) from None
    raise AssertionError("the last try returns or raises")


def _hung_up(error: Exception) -> bool:
    return isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)


def _meaning(error: Exception, progress: Progress, guard: Guard | None, config: SendingConfig) -> AssistantError:
    if guard is not None and guard.refused and not progress.sent:
        return Refused(guard.refused)
    if isinstance(error, aiohttp.InvalidURL):
        return Refused("its URL cannot be used")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Refused(f"its certificate is not valid: {getattr(error.certificate_error, 'verify_message', '?')}")
    if progress.sent:
        return Unknown(_unanswered(error, config))
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return TryLater(f"it could not be reached within {config.connect_seconds:g} s")
    if isinstance(error, TimeoutError):
        return TryLater(f"no connection was free for {_WAIT_SECONDS:g} s")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return TryLater("its name cannot be found")
    return TryLater(f"it cannot be reached: {getattr(error, 'strerror', None) or 'the connection ended'}")


def _unanswered(error: Exception, config: SendingConfig) -> str:
    if isinstance(error, TimeoutError):
        return f"there was no answer within {config.reply_seconds:g} s"
    if _hung_up(error):
        return "the connection ended without an answer"
    return "what it answered cannot be read as HTTP"


async def _read(response: aiohttp.ClientResponse) -> Reply:
    body = b""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while len(body) < _BODY_BYTES and not response.content.at_eof():
                body += await response.content.read(_BODY_BYTES - len(body))
    except (aiohttp.ClientError, OSError):
        pass  # what has come is enough
    finally:
        # A connection with something left on it is not used again.
        (response.release if response.content.at_eof() else response.close)()
    return Reply(response.status, response.headers, _printable(body))


def _printable(body: bytes) -> str:
    """The beginning of a reply as it can be shown: services put the reason there. Compressed ones are not unpacked."""
    text = body[: 4 * _TEXT_LENGTH].decode("utf-8", "replace")
    return " ".join("".join(it if it.isprintable() else " " for it in text).split())[:_TEXT_LENGTH]
