"""Webhooks: what is sent, and what every answer and every failure of a service means."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import aiohttp
import pytest
from tests.support import hostile_http as http
from tests.support.hostile_http import HostileServer, answers, says
from tests.support.parcels import SECRET, parcel, sending

from personal_assistant.errors import AssistantError
from personal_assistant.notifications.model import AddressError, Link, Parcel, Refused, Target, TryLater, Unknown
from personal_assistant.notifications.net import http as sessions
from personal_assistant.notifications.net.requesting import request
from personal_assistant.notifications.senders import SendingConfig, check_target
from personal_assistant.notifications.senders.webhook import WebhookSender

SENDER = WebhookSender()


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


def _send(url: str, config: SendingConfig | None = None, **changes: Any) -> AssistantError | None:
    """Send one; what it raised."""
    return _send_all([parcel("webhook", url, **changes)], config)[0]


def _send_all(parcels: Sequence[Parcel], config: SendingConfig | None = None) -> list[AssistantError | None]:
    async def one(it: Parcel) -> AssistantError | None:
        try:
            await SENDER.send(it, config or sending())
        except (Refused, TryLater, Unknown) as error:
            return error
        return None

    async def everything() -> list[AssistantError | None]:
        return list(await asyncio.gather(*map(one, parcels)))

    return asyncio.run(everything())


def _outcome(error: AssistantError | None) -> tuple[str, str]:
    return type(error).__name__, str(error)


def test_the_message_arrives_as_json(server: HostileServer) -> None:
    links = [Link("Done", "https://assistant.example/m/1")]
    assert _send(server.url, urgent=True, title="Zähne 🦷\n", links=links) is None
    [request] = server.received
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "type": "reminder",
        "id": 7,
        "title": "Zähne 🦷\n",
        "body": "Two of them, with water.",
        "due_at": "2026-06-02T12:00:00+00:00",
        "urgent": True,
        "links": [{"label": "Done", "url": "https://assistant.example/m/1"}],
    }


def test_a_receiver_can_verify_who_sent_it(server: HostileServer) -> None:
    """Written from the specification, without our own verifier."""
    _send(server.url)
    [request] = server.received
    sent_at = request.headers["webhook-timestamp"]
    assert abs(time.time() - int(sent_at)) < 60
    content = f"{request.headers['webhook-id']}.{sent_at}.".encode() + request.body
    digest = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), content, hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_every_attempt_carries_the_same_key(server: HostileServer) -> None:
    _send(server.url, attempt=1)
    _send(server.url, attempt=2)
    ids = {it.headers["webhook-id"] for it in server.received}
    assert ids == {it.headers["idempotency-key"] for it in server.received} == {"ai:1:0:it"}


@pytest.mark.parametrize("key", ["with.dots", "with\r\nBcc: x", "ünïcode", "x" * 500, "\ud800"])
def test_a_key_that_is_no_header_is_sent_as_its_hash(server: HostileServer, key: str) -> None:
    assert _send(server.url, key=key) is None
    assert server.received[0].headers["webhook-id"] == hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


@pytest.mark.parametrize("body", ["\1" * 20_000, "🦷" * 40_000, "x" * 1_000_000])
def test_a_long_text_is_cut_to_what_services_take(server: HostileServer, body: str) -> None:
    assert _send(server.url, body=body) is None
    assert len(server.received[0].body) <= 65_536
    assert json.loads(server.received[0].body)["body"] == body[:5000] + "…"


LATER = {408, 409, 425, 429, 500, 502, 503}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422, 451, 501, 511, *LATER])
def test_what_a_status_means(server: HostileServer, status: int) -> None:
    server.behave(answers(status, body=b"because\x1b[31m\n of\0 this"))
    kind = "TryLater" if status in LATER or status >= 500 else "Refused"
    assert _outcome(_send(server.url)) == (kind, f"it answered {status}: because [31m of this")


def test_a_gateway_that_gave_up_does_not_know(server: HostileServer) -> None:
    server.behave(answers(504))
    assert _outcome(_send(server.url)) == ("Unknown", "it answered 504")


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_asks_to_wait_is_left_alone_by_the_others(server: HostileServer, status: int) -> None:
    server.behave(answers(status, "Retry-After: 30"), http.OK)

    async def in_turn() -> list[Any]:
        found: list[Any] = []
        for key in ("first", "second", "first"):
            try:
                await SENDER.send(parcel("webhook", server.url, key=key), sending())
                found.append("sent")
            except TryLater as error:
                found.append((str(error), round(error.retry_after or 0)))
        return found

    waiting = "it asked to be left alone for a while"
    assert asyncio.run(in_turn()) == [(f"it answered {status}", 30), (waiting, 30), "sent"]
    assert [it.headers["webhook-id"] for it in server.received] == ["first", "first"]


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("http://127.0.0.1:1/secret?token=5", "to http://127.0.0.1"),
        ("/secret", "to another path"),
        ("http://[", "to a URL that makes no sense"),
    ],
)
def test_a_redirect_is_not_followed(server: HostileServer, location: str, where: str) -> None:
    server.behave(answers(307, f"Location: {location}"))
    expected = ("Refused", f"it redirects {where}; give the URL that it redirects to")
    assert _outcome(_send(server.url)) == expected
    assert len(server.received) == 1


def test_a_port_on_which_nothing_listens() -> None:
    kind, why = _outcome(_send(http.refusing_url()))
    assert kind == "TryLater"
    assert why.startswith("it cannot be reached: ")


def test_a_name_that_cannot_be_found() -> None:
    assert _outcome(_send("http://nowhere.invalid/hook")) == ("TryLater", "its name cannot be found")


def test_a_port_that_does_not_answer_to_connections() -> None:
    with http.never_connects() as url:
        found = _outcome(_send(url, sending(connect_seconds=0.3)))
    assert found == ("TryLater", "it could not be reached within 0.3 s")


def test_a_service_that_does_not_read() -> None:
    with http.never_accepts() as url:
        found = _outcome(_send(url, sending(reply_seconds=0.3)))
    assert found == ("Unknown", "there was no answer within 0.3 s")


@pytest.mark.parametrize("behaviour", [http.hangs, http.trickles])
def test_a_service_that_reads_and_does_not_come_to_an_answer(server: HostileServer, behaviour: http.Behaviour) -> None:
    server.behave(behaviour)
    expected = ("Unknown", "there was no answer within 0.3 s")
    assert _outcome(_send(server.url, sending(reply_seconds=0.3))) == expected


def test_a_service_that_ends_the_connection(server: HostileServer) -> None:
    server.behave(http.hangs_up)
    assert _outcome(_send(server.url)) == ("Unknown", "the connection ended without an answer")


@pytest.mark.parametrize("raw", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\0\xff" * 500, b"HTTP/1.1 soon OK\r\n\r\n"])
def test_a_service_that_answers_garbage(server: HostileServer, raw: bytes) -> None:
    server.behave(says(raw))
    assert _outcome(_send(server.url)) == ("Unknown", "what it answered cannot be read as HTTP")


def test_headers_without_end_are_not_read(server: HostileServer) -> None:
    server.behave(http.endless_headers)
    assert _outcome(_send(server.url)) == ("Unknown", "what it answered cannot be read as HTTP")


def test_a_body_without_end_is_not_read_and_the_message_was_taken(server: HostileServer) -> None:
    server.behave(http.endless_body)
    assert _send(server.url) is None


def test_what_is_unpacked_is_nothing(server: HostileServer) -> None:
    server.behave(answers(400, "Content-Encoding: gzip", body=b"\x1f\x8b" + b"\0" * 50))
    kind, why = _outcome(_send(server.url))
    assert kind == "Refused"
    assert why.isprintable()


def test_plain_http_where_https_is_asked_for(server: HostileServer) -> None:
    kind, why = _outcome(_send(server.url.replace("http:", "https:")))
    assert kind == "TryLater"
    assert why.startswith("it cannot be reached: ")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1"])
def test_a_private_address_is_refused_however_it_is_written(server: HostileServer, host: str) -> None:
    kind, why = _outcome(_send(f"http://{host}:{server.port}/", sending(private_hosts=[])))
    assert kind == "Refused"
    assert why.endswith(" is a private address; allow it with ASSISTANT_PRIVATE_HOSTS")
    assert server.peak == 0


def test_connections_that_the_operator_has_open_are_not_used(server: HostileServer) -> None:
    async def both() -> None:
        config = sending(private_hosts=[])
        await request("GET", server.url, config, trusted=True)
        with pytest.raises(Refused):
            await SENDER.send(parcel("webhook", server.url), config)

    asyncio.run(both())
    assert [it.method for it in server.received] == ["GET"]


def test_connections_are_kept_and_bounded(server: HostileServer) -> None:
    parcels = [parcel("webhook", server.url, key=f"key:{number}") for number in range(300)]
    assert _send_all(parcels, sending(connections=8)) == [None] * 300
    assert server.peak <= 8
    assert max(it.connection for it in server.received) <= 8
    assert {it.headers["webhook-id"] for it in server.received} == {it.key for it in parcels}


def test_a_service_that_closes_kept_connections_unasked_loses_nothing(server: HostileServer) -> None:
    server.behave(http.answers_and_hangs_up)
    parcels = [parcel("webhook", server.url, key=f"key:{number}") for number in range(40)]
    found = _send_all(parcels, sending(connections=2))
    assert {str(error) for error in found if error} <= {"the connection ended without an answer"}
    assert found.count(None) > 30
    assert {it.headers["webhook-id"] for it in server.received} == {it.key for it in parcels}


def test_nothing_is_left_open_when_the_loop_ends(server: HostileServer) -> None:
    async def send() -> aiohttp.ClientSession:
        await SENDER.send(parcel("webhook", server.url), sending())
        return await sessions.session(64)

    assert asyncio.run(send()).closed
    assert not sessions._sessions


def test_a_target_shows_nothing_of_itself(server: HostileServer) -> None:
    server.behave(http.hangs_up)
    url = server.url + "/canary-path?canary=query"
    shown = repr(_send(url)) + repr(parcel("webhook", url))
    assert "canary" not in shown
    assert SECRET not in shown


def test_a_message_without_a_secret_is_sent_unsigned(server: HostileServer) -> None:
    assert _send(server.url, target=Target(server.url, None)) is None
    assert "webhook-signature" not in server.received[0].headers


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.slack.com/services/T0/B0/secret?x=1#y", "https://hooks…"),
        ("http://abcdefsecret.m.example:8080/", "http://abcde…"),
        ("http://127.0.0.1/", "http://127…"),
        ("https://[2606:4700::1111]/", "https://2606:…"),
    ],
)
def test_of_a_url_only_its_beginning_is_shown(url: str, shown: str) -> None:
    assert check_target("webhook", url) == shown


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.org/", "begin with https:// or http://"),
        ("file:///etc/passwd", "look like https://host/path"),
        ("example.org/hook", "look like https://host/path"),
        ("https://", "look like https://host/path"),
        ("https://[::1/", "look like https://host/path"),
        ("https://example.org:0/", "look like https://host/path"),
        ("https://example.org:99999/", "look like https://host/path"),
        ("https://" + "a" * 70 + ".example/", "look like https://host/path"),
        ("https://2130706433/", "look like https://host/path"),
        ("https://0x7f.1/", "look like https://host/path"),
        ("https://127.1/", "look like https://host/path"),
        ("https://ada:secret@example.org/", "cannot hold a name and password"),
        ("https://example.org/\r\nX: y", "spaces or control characters"),
        ("https://example.org/a b", "spaces or control characters"),
        ("https://example.org/" + "a" * 2000, "at most 2,000 characters"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(AddressError, match=reason):
        check_target("webhook", url)
