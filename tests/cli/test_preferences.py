"""`assistant notifications` where one says what one wishes, and sees what came of a message."""

import pytest
from tests.cli.conftest import CommandLine

from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message


def test_wishes_are_shown_as_they_hold_now(cli: CommandLine) -> None:
    cli.ok("notifications", "quiet-hours", "22:00", "07:00")
    cli.ok("notifications", "cap", "sms", "5")
    shown = cli.ok("notifications", "settings").out
    assert "🌙 Quiet hours: from 22:00 to 07:00 (UTC)" in shown
    assert "📨 alert: all your channels, in their order" in shown
    assert "✋ sms: at most 5 a day" in shown
    cli.ok("notifications", "quiet-hours", "off")
    cli.ok("notifications", "cap", "sms", "off")
    cli.ok("notifications", "route", "result", "in_app")
    left: dict[str, object] = {"quiet_from": None, "quiet_to": None, "routes": {"result": []}, "caps": {}}
    assert cli.document("notifications", "settings") == left


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("quiet-hours", "22:00"), "need a beginning and an end"),
        (("quiet-hours", "late", "early"), "'late' is no time of day"),
        (("cap", "sms", "many"), "'many' is no number of messages"),
        (("cap", "pigeon", "1"), "no cap for 'pigeon'"),
        (("route", "alert", "office"), "no address of the name 'office'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(cli: CommandLine, words: tuple[str, ...], reason: str) -> None:
    answer = cli("notifications", *words)
    assert (answer.code, answer.out) == (1, "")
    assert reason in answer.err


def test_a_message_is_shown_with_what_came_of_it_at_each_address(cli: CommandLine) -> None:
    cli.ok("channels", "add", "email", "ada@example.org", "--name", "home")
    runtime = cli.runtime
    with runtime.db.write() as conn:
        message = Message("a", 1, "reminder", "Call mom", None, ["sms", "email"])
        deliver(conn, [message], runtime.clock.now())
    shown = cli.ok("notifications", "show", "1").out
    assert "   ⏳ home: pending\n" in shown
    assert "   ❌ sms: failed: The channel sms is not set up.\n" in shown
    tries = cli.document("notifications", "show", "1")["tries"]
    assert sorted((it["channel"], it["name"], it["state"]) for it in tries) == [
        ("email", "home", "pending"),
        ("sms", None, "failed"),
    ]
