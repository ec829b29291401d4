"""What holds over TLS only. The proxy in front is told by the name of the public URL."""

from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from tests.api.rest import token_of
from tests.api.support import Client, server

from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PATHS = (
    "/login",
    "/",
    "/health/live",
    "/metrics",
    "/a/x",
    "/calendar/x.ics",
    "/static/x/app.css",
    "/api/v1/me",
    "/api/v1/openapi.json",
    "/nothing",
    "/events",
)


def _served(runtime: Runtime, public_url: str) -> AbstractContextManager[Client]:
    return server(replace(runtime, settings=runtime.settings.model_copy(update={"public_url": public_url})))


def _told(client: Client, host: str) -> set[str | None]:
    return {client(path, headers={"Host": host}).headers.get("strict-transport-security") for path in PATHS}


@SQLITE
def test_every_answer_over_tls_has_browsers_keep_to_it_and_no_other(runtime: Runtime) -> None:
    with _served(runtime, "https://a.example.org") as client:
        for host in ("a.example.org", "a.example.org:443", "A.Example.ORG"):
            assert _told(client, host) == {"max-age=31536000; includeSubDomains"}, host
        for host in ("127.0.0.1:8400", "localhost", "evil.example", "[a.example.org", "a.example.org:x"):
            assert _told(client, host) == {None}, host
        mine = {"Host": "a.example.org", "Authorization": f"Bearer {token_of(runtime)}"}
        assert "strict-transport-security" in client("/api/v1/me", headers=mine).headers


@SQLITE
def test_without_tls_nothing_of_it_is_said(runtime: Runtime) -> None:
    with _served(runtime, "http://a.example.org") as client:
        assert _told(client, "a.example.org") == {None}
