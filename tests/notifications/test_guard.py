"""What a person gave us connects to public addresses only, whatever a name resolves to at that moment."""

import asyncio
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.support.hostile_http import HostileServer, answers

from personal_assistant.notifications.net.guard import PrivateAddressError, guarded

PRIVATE = "127.0.0.1 is a private address; allow it with ASSISTANT_PRIVATE_HOSTS"


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names resolve to these addresses, one after the other; the last for ever."""
    addresses: list[str] = []

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        found = addresses.pop(0) if len(addresses) > 1 else addresses[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, int(port or 0)))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return addresses


def test_a_plain_socket_is_refused_and_nothing_arrives(server: HostileServer) -> None:
    with guarded([]) as guard, socket.socket() as client:
        with pytest.raises(PrivateAddressError):
            client.connect(("127.0.0.1", server.port))
        with pytest.raises(PrivateAddressError):
            client.connect_ex(("127.0.0.1", server.port))
    assert guard.refused == PRIVATE
    assert server.peak == 0


def test_a_datagram_and_a_local_socket_are_refused(tmp_path: Path) -> None:
    with guarded([]), socket.socket(type=socket.SOCK_DGRAM) as datagrams, pytest.raises(PrivateAddressError):
        datagrams.sendto(b"x", ("127.0.0.1", 514))
    with guarded(["127.0.0.1"]), socket.socket(socket.AF_UNIX) as local, pytest.raises(PrivateAddressError):
        local.connect(str(tmp_path / "socket"))


def test_what_is_allowed_and_what_is_not_guarded_connects(server: HostileServer) -> None:
    with guarded(["127.0.0.0/8"]), socket.socket() as client:
        client.connect(("127.0.0.1", server.port))
    with socket.socket() as client:
        client.connect(("127.0.0.1", server.port))


def test_it_ends_with_its_block_and_holds_in_no_other_thread(server: HostileServer) -> None:
    def elsewhere() -> None:
        socket.create_connection(("127.0.0.1", server.port)).close()

    with guarded([]) as guard:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    elsewhere()
    assert guard.refused is None


def test_it_holds_in_a_thread_that_works_for_a_coroutine(server: HostileServer) -> None:
    def fetch() -> None:
        urllib.request.urlopen(server.url, timeout=5).close()

    async def send() -> str | None:
        with guarded([]) as guard:
            with pytest.raises(OSError):
                await asyncio.to_thread(fetch)
            return guard.refused

    assert asyncio.run(send()) == PRIVATE


def test_a_library_that_follows_a_redirect_to_a_private_address_is_refused(server: HostileServer) -> None:
    """The name is allowed; where it sends the library is not."""
    server.behave(answers(302, f"Location: http://127.0.0.1:{server.port}/"))
    with guarded(["localhost"]) as guard, pytest.raises(OSError):
        urllib.request.urlopen(f"http://localhost:{server.port}/", timeout=5)
    assert guard.refused == PRIVATE
    assert len(server.received) == 1


def test_a_name_that_leads_to_a_private_address_gains_nothing(server: HostileServer, resolver: list[str]) -> None:
    resolver.append("127.0.0.1")

    async def send() -> str | None:
        with guarded([], "rebinding.example") as guard:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver())) as it:
                with pytest.raises(aiohttp.ClientConnectorError):
                    await it.get(f"http://rebinding.example:{server.port}/")
            return guard.refused

    assert asyncio.run(send()) == PRIVATE
    assert server.peak == 0
