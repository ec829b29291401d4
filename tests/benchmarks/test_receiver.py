"""The process that takes what `bench deliveries` sends: it counts each connection, each request and each key."""

import http.client
import smtplib
from collections.abc import Iterator

import pytest

from personal_assistant.benchmarks.deliveries.received import Receiver, receiver


@pytest.fixture(scope="module")
def takes() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def test_webhooks_are_counted_by_request_key_and_connection(takes: Receiver) -> None:
    first, second = (http.client.HTTPConnection("127.0.0.1", takes.webhook_port) for _ in range(2))
    for connection, key in ((first, "a"), (first, "a"), (second, "b")):
        connection.request("POST", "/hook", body=b"x" * 20_000, headers={"Idempotency-Key": key})
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (204, b"")
    there = takes.counts()["webhook"]
    assert there == {"requests": 3, "connections": 2, "open_now": 2, "most_at_once": 2, "different": 2}
    first.close()
    second.close()


def test_mails_are_counted_by_message_id_and_session(takes: Receiver) -> None:
    with smtplib.SMTP("127.0.0.1", takes.mail_port, timeout=10) as session:
        for name in ("a", "a", "b"):
            text = f"Subject: x\nMessage-ID: <{name}@bench.example>\n\nText\n.\n"
            session.sendmail("me@bench.example", ["ada@bench.example"], text)
        open_now = takes.counts()["mail"]["open_now"]
    there = takes.counts()["mail"]
    assert (there["requests"], there["different"], there["connections"], open_now) == (3, 2, 1, 1)
