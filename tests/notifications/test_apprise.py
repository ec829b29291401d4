"""Services by Apprise URLs: which are offered, what is sent, and what every answer and every failure means."""

import asyncio
import builtins
import inspect
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from apprise import NotificationManager
from tests.support import hostile_http as http
from tests.support.hostile_http import HostileServer, answers, says
from tests.support.parcels import parcel, sending
from tests.support.smtp import mail_server, new_certificate, tls_and_login

from personal_assistant.errors import AssistantError
from personal_assistant.notifications.model import AddressError, Link, Parcel, Refused, TryLater, Unknown
from personal_assistant.notifications.senders import SendingConfig, apprise_url, check_target, threads
from personal_assistant.notifications.senders.apprise_schemas import OFFERED
from personal_assistant.notifications.senders.apprise_text import title_and_body
from personal_assistant.notifications.senders.apprise_url import AppriseSender

TOKEN = "AAFsecretsecretsecretsecretsecretsec"
DISCORD = "discord://123456789012345678/abcdefghijklmnopqrstuvwxyz"
DONE = Link("Done", "https://assistant.example/a/1")


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


def _url(server: HostileServer, more: str = "") -> str:
    return f"json://127.0.0.1:{server.port}/{TOKEN}{more}"


def _send(url: str, config: SendingConfig | None = None, **changes: Any) -> AssistantError | None:
    """Send one; what it raised."""
    return _send_all([parcel("push", url, **changes)], config)[0]


def _send_all(parcels: Sequence[Parcel], config: SendingConfig | None = None) -> list[AssistantError | None]:
    async def one(it: Parcel) -> AssistantError | None:
        try:
            await AppriseSender().send(it, config or sending())
        except (Refused, TryLater, Unknown) as error:
            return error
        return None

    async def everything() -> list[AssistantError | None]:
        return list(await asyncio.gather(*map(one, parcels)))

    return asyncio.run(everything())


def test_a_message_arrives(server: HostileServer) -> None:
    assert _send(_url(server), title="Zähne 🦷\r\nX: y", links=[DONE]) is None
    [request] = server.received
    assert (request.method, request.path) == ("POST", f"/{TOKEN}")
    sent = json.loads(request.body)
    assert sent["title"] == "Zähne 🦷 X: y"
    assert sent["message"] == (
        "Two of them, with water.\n\n"
        "Due: Tuesday, 2 June 2026, 14:00 (Europe/Berlin)\n"
        "Done: https://assistant.example/a/1"
    )


@pytest.mark.parametrize(
    ("behaviour", "kind", "reason"),
    [
        (answers(429, "Retry-After: 30"), TryLater, "it answered 429"),
        (answers(503, "Retry-After: 30"), TryLater, "it answered 503"),
        (answers(500), TryLater, "it answered 500"),
        (answers(408), TryLater, "it answered 408"),
        (answers(504), Unknown, "it answered 504"),
        (answers(401), Refused, "it answered 401"),
        (answers(404), Refused, "it answered 404"),
        (
            answers(302, "Location: http://127.0.0.1/x"),
            Refused,
            "it redirects (302): give the URL that it redirects to",
        ),
        (says(b"SSH-2.0-OpenSSH\r\n"), Unknown, "the connection ended without an answer that can be read"),
        (http.hangs_up, Unknown, "the connection ended without an answer that can be read"),
        (http.hangs, Unknown, "there was no answer in time"),
        (http.endless_headers, Unknown, "the connection ended without an answer that can be read"),
        (http.trickles, Unknown, "the service was not done within 1.4 s"),
    ],
)
def test_what_an_answer_means(server: HostileServer, behaviour: http.Behaviour, kind: type, reason: str) -> None:
    server.behave(behaviour)
    outcome = _send(_url(server), sending(connect_seconds=0.3, reply_seconds=0.4))
    assert (type(outcome), str(outcome)) == (kind, reason)
    assert len(server.received) == 1
    assert TOKEN not in repr(outcome)


def test_how_long_a_service_asks_to_wait_is_kept_by_all_messages_to_it(server: HostileServer) -> None:
    server.behave(answers(429, "Retry-After: 30"))

    async def two() -> list[float | None]:
        waits = []
        for key in ("first", "second"):
            with pytest.raises(TryLater) as raised:
                await AppriseSender().send(parcel("push", _url(server), key=key), sending())
            waits.append(raised.value.retry_after)
        return waits

    first, second = asyncio.run(two())
    assert first == 30
    assert second is not None and 25 < second <= 30
    assert len(server.received) == 1


def test_an_endless_answer_is_not_taken_into_memory(server: HostileServer) -> None:
    server.behave(http.endless_body)
    assert _send(_url(server)) is None


def test_nothing_there() -> None:
    url = http.refusing_url().replace("http", "json")
    assert (type(outcome := _send(url)), str(outcome)) == (TryLater, "it cannot be reached")
    with http.never_connects() as url:
        outcome = _send(url.replace("http", "json"), sending(connect_seconds=0.2))
    assert (type(outcome), str(outcome)) == (TryLater, "it could not be reached in time")
    outcome = _send("json://no-such-host.invalid/x")
    assert (type(outcome), str(outcome)) == (TryLater, "it cannot be reached")


def test_a_private_address_is_refused_unless_it_is_allowed(server: HostileServer) -> None:
    outcome = _send(_url(server), sending(private_hosts=()))
    assert isinstance(outcome, Refused)
    assert "127.0.0.1 is a private address; allow it with ASSISTANT_PRIVATE_HOSTS" in str(outcome)
    assert not server.received


def test_a_port_without_tls_gets_nothing(server: HostileServer) -> None:
    outcome = _send(_url(server).replace("json", "jsons"))
    assert isinstance(outcome, TryLater)
    assert str(outcome) == "it does not speak TLS on that port"
    assert not server.received


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with mail_server(ssl_context=tls_and_login(new_certificate(tmp_path))["tls_context"]) as (_, port):
        outcome = _send(f"jsons://localhost:{port}/x")
    assert isinstance(outcome, Refused)
    assert str(outcome) == "its certificate is not valid"


def test_proxies_of_the_environment_are_not_used(server: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", http.refusing_url())
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert _send(_url(server)) is None


def test_other_requests_of_the_process_go_on_as_before(server: HostileServer) -> None:
    _send(_url(server))
    server.behave(answers(200, body=b"x" * 200_000))
    assert len(requests.get(server.url, timeout=5).content) == 200_000


def test_services_that_hang_take_a_bounded_number_of_threads(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "_THREADS", 2)
    monkeypatch.setattr(threads, "_WAIT_SECONDS", 0.2)
    server.behave(http.hangs)
    config = sending(connect_seconds=0.5, reply_seconds=0.5)
    outcomes = _send_all([parcel("push", _url(server), key=str(number)) for number in range(4)], config)
    assert [type(it) for it in outcomes] == [Unknown, Unknown, TryLater, TryLater]
    assert "threads" not in str(outcomes[2]) and "too many services" in str(outcomes[2])
    assert server.peak == 2


def test_many_at_once_all_arrive(server: HostileServer) -> None:
    outcomes = _send_all([parcel("push", _url(server), key=str(number)) for number in range(100)])
    assert outcomes == [None] * 100
    assert len(server.received) == 100
    assert server.peak <= 16


def test_tokens_are_in_no_log(server: HostileServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.behave(answers(500))
    _send(_url(server))
    with pytest.raises(AddressError):
        check_target("push", f"tgram://{TOKEN}")
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"tgram://123456789:{TOKEN}/12345", "Telegram tgram://…"),
        ("ntfys://topic", "ntfy ntfys://…"),
        (f"  {DISCORD}", "Discord discord://…"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "Slack slack://…"),
        (f"twilio://AC{'a' * 32}:{'b' * 32}@+15551234567/+15557654321", "Twilio twilio://…"),
    ],
)
def test_the_service_is_all_that_is_shown_of_a_url(url: str, shown: str) -> None:
    assert check_target("push", url) == shown


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("tgrm://x/y", "There is no service tgrm://. Did you mean tgram://"),
        ("Twillio://x", "Did you mean twilio://?"),
        ("nosuchservice://x", "There is no service nosuchservice://."),
        ("ntfys", "begins with its name"),
        ("://x", "begins with its name"),
        (f"{TOKEN}{TOKEN}://x", "begins with its name"),
        (f"tgram://{TOKEN}", "That is no URL of Telegram. It has to look like tgram://{bot_token}"),
        ("mailto://ada:secret@example.org", "Mail has a channel of its own"),
        ("https://example.org/hook", "No service is known for that URL"),
        ("ntfys://ntfy.example/one/two", "goes to several at once"),
        (f"{DISCORD}?template=/etc/passwd", "names a file to read"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template=file:///etc/passwd", "names a file to read"),
        ("ntfys://topic\r\nX-Evil: 1", "without control characters"),
        ("jsons://" + "a" * 2000, "at most 2,000 characters"),
        *(
            (f"{it}://localhost/x", "is not offered")
            for it in ("syslog", "dbus", "file", "windows", "mqtt", "xmpp", "fcm")
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(AddressError) as raised:
        check_target("push", url)
    assert reason in str(raised.value)
    assert TOKEN not in str(raised.value) and "secret@" not in str(raised.value)


def _plugins() -> Any:
    return NotificationManager()  # type: ignore[no-untyped-call]


def test_every_service_that_is_offered_is_there_and_goes_by_requests() -> None:
    """Fails when a later Apprise drops one, or moves one to another way of connecting."""
    known = _plugins()
    assert sorted(OFFERED - set(known.schemas())) == []
    for schema in OFFERED:
        module = sys.modules[known[schema].__module__]
        others = {"socket", "subprocess", "smtplib", "websocket", "paho", "httpx", "aiohttp", "concurrent"}
        assert not others & set(vars(module)), schema
        # A thread of its own would be out of sight of what keeps it away from private addresses.
        assert "Thread(" not in inspect.getsource(module), schema


def test_what_stumbles_is_refused_and_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    service = _plugins()["json"]

    def stumbles(*_: object, **__: object) -> bool:
        raise KeyError(TOKEN)

    monkeypatch.setattr(service, "send", stumbles)
    outcome = _send("json://127.0.0.1/x")
    assert isinstance(outcome, Refused) and TOKEN not in str(outcome)


def test_an_address_that_is_no_longer_offered_is_refused() -> None:
    outcome = _send("syslog://")
    assert isinstance(outcome, Refused) and "not offered" in str(outcome)


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any) -> Any:
        if name == "apprise":
            raise ImportError(name)
        return real(name, *args)

    apprise_url._apprise.cache_clear()
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(AddressError, match=r"pip install 'personal-assistant\[apprise\]'"):
        check_target("sms", "ntfys://topic")


@pytest.mark.parametrize(("most_title", "most_body"), [(0, 160), (100, 160), (0, 70), (250, 32_768), (0, 10)])
def test_a_message_fits_whatever_the_service_takes(most_title: int, most_body: int) -> None:
    title, body = title_and_body(parcel("sms", "", body="word " * 100_000, links=[DONE]), most_title, most_body)
    assert len(body) + (0 if most_title else len(title) + 2) <= max(most_body, len(title) + 3)
    assert "…" in body
    assert ("Due:" in body) == (most_body >= 160)
    assert DONE.url in body or most_body < 32_768


def test_a_message_of_nothing_but_a_title_has_it_as_its_text() -> None:
    assert title_and_body(parcel("sms", "", body=None, due_at=None), 250, 1000) == ("", "Take the pill")
