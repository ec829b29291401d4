"""`channels`, `notifications test` and `keys`: ways to reach a person, tried on real sockets; secrets stay hidden."""

import io
import json
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tests.cli.conftest import CommandLine
from tests.support.hostile_http import HostileServer, answers, hangs_up
from tests.support.parcels import SECRET

from personal_assistant.notifications.signing import verify
from personal_assistant.store.tables import addresses
from personal_assistant.timing.clock import utc_now

URL = "https://hooks.example.org/s3cret"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("ASSISTANT_PRIVATE_HOSTS", "127.0.0.1")
    with HostileServer() as server:
        yield server


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_who_changed_an_address_is_noted(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, URL)
    cli.ok("channels", "add", "webhook")
    cli.ok("channels", "edit", "webhook", "--name", "office")
    cli.ok("channels", "remove", "office")
    noted = cli.document("audit", "list", "--action", "channel")
    assert [(it["action"], it["by"]) for it in reversed(noted)] == [
        ("channel.added", "cli"),
        ("channel.edited", "cli"),
        ("channel.removed", "cli"),
    ]
    assert "s3cret" not in json.dumps(noted)


def test_an_address_is_added_shown_in_part_and_removed(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "in_app only" in cli.ok("channels", "list").out
    typed(monkeypatch, URL)
    said = cli.ok("channels", "add", "webhook").out
    assert said.startswith("✅ Added: webhook (https://hooks…)\n🔑 It signs with whsec_")
    typed(monkeypatch, URL, SECRET)
    added = cli.document("channels", "add", "webhook", "-", "--name", "office", "--own-secret")
    assert (added["address"]["name"], added["secret"]) == ("office", None)
    shown = cli.ok("channels", "list").out + cli.ok("channels", "list", "--json").out
    assert "office" in shown and "s3cret" not in shown and "whsec" not in shown
    assert cli.ok("channels", "move", "office", "1").out == "✅ The order is now: office, webhook\n"
    assert cli.document("channels", "pause", "office")["address"]["enabled"] is False
    assert cli.ok("channels", "resume", "office").out == "✅ Resumed: office\n"
    assert cli.ok("channels", "edit", "office", "--name", "work").out == "✅ Changed: work (https://hooks…)\n"
    typed(monkeypatch, "https://other.example.net/x")
    assert "(https://other…)" in cli.ok("channels", "edit", "work", "--url", "-", "--new-secret").out
    assert cli.ok("channels", "remove", "work").out == "🗑️ Removed: work\n"
    assert [it["address"]["name"] for it in cli.document("channels", "list")] == ["webhook"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("add", "pager", URL), "There are no addresses of 'pager'"),
        (("add", "webhook", "ftp://s3cret.example.org"), "has to begin with https://"),
        (("add", "webhook", URL, "--name", "a\nb"), "A name has 1 to 60 printable characters"),
        (("add", "webhook"), "The URL is missing"),
        (("remove", "nothing"), "There is no address 'nothing'"),
        (("edit", "it"), "Give what to change"),
        (("move", "it", "7"), "There is no place 7"),
        (("test", "nothing"), "There is no address 'nothing'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], error: str
) -> None:
    cli.ok("channels", "add", "webhook", URL, "--name", "it")
    before = cli.document("channels", "list")
    typed(monkeypatch)
    answer = cli("channels", *arguments)
    assert answer.code == 1 and error in answer.err and "s3cret" not in answer.err
    assert cli.document("channels", "list") == before


def test_a_test_message_arrives_signed(cli: CommandLine, server: HostileServer) -> None:
    server.behave(answers(204))
    added = cli.document("channels", "add", "webhook", server.url)
    assert cli.ok("channels", "test", "webhook").out == "✅ webhook (http://127…): sent\n"
    (received,) = server.received
    assert json.loads(received.body)["title"] == "Test message"
    assert verify(added["secret"], received.headers, received.body, utc_now().timestamp()).startswith("test:")
    assert cli.document("channels", "list")[0]["last_sent_at"] is not None


def test_all_are_tried_and_one_failure_is_told(cli: CommandLine, server: HostileServer) -> None:
    cli.ok("channels", "add", "webhook", server.url, "--name", "good")
    cli.ok("channels", "add", "webhook", server.url, "--name", "paused")
    cli.ok("channels", "add", "webhook", "http://127.0.0.1:1/", "--name", "bad")
    cli.ok("channels", "pause", "paused")
    server.behave(answers(200))
    tried = cli("notifications", "test", "--json")
    assert tried.code == 1
    assert [(it["name"], it["outcome"]) for it in tried.document] == [("good", "sent"), ("bad", "failed")]
    assert "cannot be reached" in cli.ok("channels", "list").out
    assert cli("notifications", "test", "--channel", "bad").code == 1
    assert cli("notifications", "test", "--channel", "good").out == "✅ good (http://127…): sent\n"
    assert len(cli("notifications", "test", "--channel", "webhook", "--json").document) == 2
    assert cli.ok("channels", "test", "paused").out.startswith("✅ paused")


def test_what_may_have_arrived_is_unconfirmed(cli: CommandLine, server: HostileServer) -> None:
    server.behave(hangs_up)
    cli.ok("channels", "add", "webhook", server.url)
    answer = cli.ok("channels", "test", "webhook")
    assert answer.out.startswith("❔ webhook (http://127…): unconfirmed: ")
    assert cli.document("channels", "list")[0]["last_error"] is None


def test_a_private_address_is_not_tried_unless_it_is_allowed(
    cli: CommandLine, server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = cli("channels", "add", "webhook", server.url.replace("127.0.0.1", "127.0.0.2"))
    assert refused.code == 1 and "The URL cannot be used: 127.0.0.2 is a private address" in refused.err
    assert cli.document("channels", "list") == []
    cli.ok("channels", "add", "webhook", server.url)
    monkeypatch.delenv("ASSISTANT_PRIVATE_HOSTS")
    answer = cli("channels", "test", "webhook")
    assert answer.code == 1 and "is a private address" in answer.out
    assert server.received == []


def test_without_addresses_there_is_nothing_to_test(cli: CommandLine) -> None:
    assert "You have no addresses yet" in cli("notifications", "test").err


def findings(cli: CommandLine, check: str) -> list[str]:
    return [it["message"] for it in cli("doctor", "--json").document if it["check"] == check]


def test_keys_are_rotated_and_addresses_go_on(cli: CommandLine, server: HostileServer) -> None:
    server.behave(answers(200))
    assert cli.ok("keys", "list").out.startswith("There is no key yet")
    cli.ok("channels", "add", "webhook", server.url)
    (first,) = cli.document("keys", "list")["keys"]
    assert "sealed with it: 1 secret\n" in cli.ok("keys", "rotate").out
    new, old = cli.document("keys", "list")["keys"]
    assert (new["secrets"], old["secrets"], old["key"]) == (1, 0, first["key"])
    cli.ok("channels", "test", "webhook")


def test_keys_of_the_setting_are_the_operators(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=", "MjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjI="
    monkeypatch.setenv("ASSISTANT_SECRET_KEY", old)
    cli.ok("channels", "add", "webhook", URL)
    monkeypatch.setenv("ASSISTANT_SECRET_KEY", f"{new},{old}")
    said = cli.ok("keys", "rotate").out
    assert "1 secret that had another" in said and "openssl rand -base64 32" in said and old not in said
    monkeypatch.setenv("ASSISTANT_SECRET_KEY", new)
    assert findings(cli, "secrets") == []
    monkeypatch.setenv("ASSISTANT_SECRET_KEY", old)
    assert "ASSISTANT_SECRET_KEY does not hold" in findings(cli, "secrets")[0]
    monkeypatch.setenv("ASSISTANT_SECRET_KEY", "nonsense")
    assert "cannot be used" in findings(cli, "secrets")[0]
    assert "cannot be used" in cli("keys", "list").err


def test_doctor_tells_of_a_key_that_others_may_read_and_of_one_that_is_gone(cli: CommandLine) -> None:
    cli.ok("channels", "add", "webhook", URL)
    assert findings(cli, "secrets") == []
    key = cli.runtime.settings.data_dir / "secret.key"
    key.chmod(0o644)
    assert findings(cli, "secrets") == [f"Others than its owner may read {key}."]
    key.unlink()
    (lost,) = findings(cli, "secrets")
    assert "addresses:1 was sealed with the key" in lost


def test_doctor_tells_of_addresses_that_fail_and_of_mail_without_a_server(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.ok("channels", "add", "webhook", URL)
    now = utc_now()
    with cli.runtime.db.write() as conn:
        conn.execute(sa.update(addresses).values(channel="email", last_error="refused", last_error_at=now))
    failing, unset = sorted(findings(cli, "channels"), reverse=True)
    assert "webhook (https://hooks…)" in failing and failing.endswith("failed: refused")
    assert "no server is set" in unset
    monkeypatch.setenv("ASSISTANT_SMTP_URL", "smtp://ada:pw@mail.example.org")
    with cli.runtime.db.write() as conn:
        conn.execute(sa.update(addresses).values(last_sent_at=now))
    assert findings(cli, "channels") == []
