"""What the end of an attempt means, where no channel can be asked again: mail."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.parcels import parcel, sending

from personal_assistant.errors import PermanentError, TransientError
from personal_assistant.notifications import sending as sending_module
from personal_assistant.notifications.model import Parcel, Refused, TryLater, Unknown
from personal_assistant.notifications.outbox import Outgoing
from personal_assistant.notifications.sending import Sent, attempt

NOW = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)


class Answering:
    """A sender that has one answer for everything."""

    def __init__(self, answer: Exception | str | None) -> None:
        self.answer = answer
        self.sent: list[Parcel] = []

    def check(self, url: str) -> str:
        return url

    async def send(self, given: Parcel, config: Any) -> str | None:
        del config
        self.sent.append(given)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def run(
    monkeypatch: pytest.MonkeyPatch,
    answer: Exception | str | None,
    *,
    number: int = 1,
    channel: str = "email",
    **more: Any,
) -> tuple[Any, int]:
    """What came of it (an error as itself), and how often it was sent."""
    sender = Answering(answer)
    monkeypatch.setattr(sending_module, "sender_for", lambda channel, url: sender)
    given = {
        "parcel": parcel(channel, "ada@example.org"), "state": "pending", "attempts": 0, "has_next": True,
        "begun_at": NOW, "expires_at": None, "done": False, **more,
    }  # fmt: skip
    try:
        found: Any = asyncio.run(attempt(Outgoing(**given), number, sending(fallback_seconds=30.0), NOW))
    except (PermanentError, TransientError) as error:
        found = error
    return found, len(sender.sent)


def test_the_services_receipt_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "<1@example.org>") == (Sent("sent", None, "<1@example.org>"), 1)


def test_what_may_have_arrived_is_not_sent_again_by_mail_and_is_by_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = Unknown("the connection ended after the message")
    assert run(monkeypatch, lost)[0] == Sent("unconfirmed", "The connection ended after the message.")
    again, _ = run(monkeypatch, lost, channel="webhook")
    assert isinstance(again, TransientError) and again.retry_after == 2.0


def test_an_attempt_that_was_cut_off_may_have_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    found, times = run(monkeypatch, None, number=2, attempts=0)
    assert (found.state, times) == ("unconfirmed", 0)
    assert run(monkeypatch, None, number=2, attempts=0, channel="webhook") == (Sent("sent"), 1)
    assert run(monkeypatch, None, number=2, attempts=1) == (Sent("sent"), 1)


def test_a_refusal_is_final_and_a_busy_service_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    refused, _ = run(monkeypatch, Refused("there is no such mailbox"))
    assert isinstance(refused, PermanentError) and str(refused) == "There is no such mailbox."
    assert isinstance(run(monkeypatch, TryLater("busy", retry_after=20))[0], TransientError)
    assert isinstance(run(monkeypatch, TryLater("busy", retry_after=40))[0], PermanentError)
    # The last channel has a day.
    assert isinstance(run(monkeypatch, TryLater("busy", retry_after=40), has_next=False)[0], TransientError)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"done": True}, "It is done already."),
        ({"expires_at": NOW}, "It had expired."),
        ({"expires_at": NOW + timedelta(seconds=1)}, None),
    ],
)
def test_what_is_over_is_not_sent(monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], error: str | None) -> None:
    found, times = run(monkeypatch, None, **more)
    assert (found.error, times) == (error, 0 if error else 1)


def test_an_address_that_cannot_be_opened_fails_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    found, times = run(monkeypatch, None, parcel=None, obstacle="The address was removed.")
    assert (str(found), times) == ("The address was removed.", 0)
