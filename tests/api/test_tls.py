"""What holds over TLS only. The proxy in front is told by the name of the public URL."""

from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from tests.api.rest import token_of
from tests.api.support import Client, server

from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PATHS = ("/login", "/", "/health/live", "/metrics", "/a/x", "/static/x/app.css", "/api/v1/me", "/nothing", "/events")


def _served(runtime: Runtime, public_url: str) -> AbstractContextManager[Client]:
    return server(replace(runtime, settings=runtime.settings.model_copy(update={"public_url": public_url})))


def _told(client: Client, host: str, *paths: str) -> set[str | None]:
    answers = [client(path, headers={"Host": host}) for path in paths or PATHS]
    return {it.headers.get("strict-transport-security") for it in answers}


@SQLITE
def test_every_answer_over_tls_has_browsers_keep_to_it_and_no_other(runtime: Runtime) -> None:
    with _served(runtime, "https://a.example.org") as client:
        assert _told(client, "a.example.org") == {"max-age=31536000; includeSubDomains"}
        for host in ("a.example.org:443", "A.Example.ORG"):
            assert _told(client, host, "/login") == {"max-age=31536000; includeSubDomains"}, host
        assert _told(client, "127.0.0.1:8400") == {None}
        for host in ("localhost", "evil.example", "[a.example.org", "a.example.org:x"):
            assert _told(client, host, "/login", "/health/live") == {None}, host
        mine = {"Host": "a.example.org", "Authorization": f"Bearer {token_of(runtime)}"}
        assert "strict-transport-security" in client("/api/v1/me", headers=mine).headers


@SQLITE
def test_without_tls_nothing_of_it_is_said(runtime: Runtime) -> None:
    with _served(runtime, "http://a.example.org") as client:
        assert _told(client, "a.example.org") == {None}
