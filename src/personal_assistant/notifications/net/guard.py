"""Keeps what a person gave us, a webhook or the URL of a service, away from addresses that are not public.

The check is made by the interpreter's audit hook at the moment of connecting, on the address that is connected to: a
name that resolves differently the second time gains nothing, and it holds for every library that uses Python's sockets.
"""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from personal_assistant.notifications.net.policy import Allowed, allowed, refusal

_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_RESOLVING = "socket.getaddrinfo"


@dataclass(slots=True)
class Guard:
    """One guarded stretch of work. `refused` is why a connection was refused, None while none was."""

    allow: Allowed
    host: str | None
    refused: str | None = None


class PrivateAddressError(OSError):
    """What a library sees when a connection is refused: one more address that cannot be reached."""


_current: ContextVar[Guard | None] = ContextVar("guard", default=None)
_installing = threading.Lock()
_installed = False


@contextmanager
def guarded(private_hosts: Sequence[str], host: str | None = None) -> Iterator[Guard]:
    """Until the block ends this task or thread, and what it starts by asyncio, may connect to public addresses only.

    Besides those it may connect to what `private_hosts` names. `host` is whose addresses are going to be connected to;
    for a library that looks names up itself, in the thread that connects, each look-up sets it.
    """
    _install()
    guard = Guard(allowed(private_hosts), host)
    token = _current.set(guard)
    try:
        yield guard
    finally:
        _current.reset(token)


def _install() -> None:
    global _installed
    with _installing:
        if not _installed:
            sys.addaudithook(_audit)
            _installed = True


def _audit(event: str, args: tuple[Any, ...]) -> None:
    # Called for every audited event of the process, so the first line is what it costs.
    if event not in _CONNECTING and event != _RESOLVING:
        return
    guard = _current.get()
    if guard is None:
        return
    if event == _RESOLVING:
        guard.host = _text(args[0])
        return
    reason = _refusal(guard, args[1])
    if reason is not None:
        guard.refused = reason
        raise PrivateAddressError(reason)


def _refusal(guard: Guard, address: object) -> str | None:
    if address is None:  # a datagram on a socket that is connected
        return None
    if not isinstance(address, tuple) or len(address) < 2:
        return "only addresses on the internet can be connected to"
    if guard.host is not None and guard.allow.has_name(guard.host):
        return None
    return refusal(str(address[0]), int(address[1]), guard.allow)


def _text(host: object) -> str | None:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else host if isinstance(host, str) else None
