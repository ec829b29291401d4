"""`assistant users` and `assistant audit`."""

import pytest
from tests.cli.conftest import CommandLine

from personal_assistant.cli.first_link import say_first_link
from personal_assistant.people.one_time_links import Purpose, find_link
from personal_assistant.people.signing_in import Client, by_link
from personal_assistant.timing.clock import utc_now


def usable(cli: CommandLine, link: str, purpose: Purpose) -> bool:
    assert f"/link/{purpose}/" in link
    with cli.runtime.db.read() as conn:
        return find_link(conn, link.rpartition("/")[2], purpose, utc_now()) is not None


def test_somebody_is_invited_edited_switched_off_and_removed(cli: CommandLine) -> None:
    made = cli.document("users", "add", "grace@example.org", "--name", "Grace", "--zone", "Europe/Paris")
    assert usable(cli, made["link"], "invite")
    user_id = str(made["user"]["id"])
    assert "invited" in cli.ok("users", "list").out
    cli.ok("users", "edit", "GRACE@example.org", "--role", "admin", "--language", "fr")
    shown = cli.document("users", "show", user_id)["user"]
    assert (shown["role"], shown["language"], shown["sessions"]) == ("admin", "fr", [])
    link = cli.document("users", "link", user_id)["link"]
    assert usable(cli, link, "sign_in")
    assert usable(cli, cli.ok("users", "link", user_id, "--reset").out.strip(), "reset")
    assert cli.document("users", "link")["user"]["is_owner"]
    cli.ok("users", "pause", user_id)
    assert not usable(cli, link, "sign_in")
    assert "paused" in cli.ok("users", "show", user_id).out
    cli.ok("users", "resume", user_id)
    assert cli("users", "remove", user_id).code == 1
    cli.ok("users", "remove", user_id, "--yes")
    assert [it["email"] for it in cli.document("users", "list")] == ["owner@localhost"]
    assert cli("users", "show", user_id).code == 1
    assert cli.document("users", "add", "grace@example.org")["user"]["id"] != int(user_id)
    actions = [it["action"] for it in cli.document("audit", "list", "--action", "user", "--who", "owner@localhost")]
    assert actions == [
        f"user.{it}" for it in ("invited", "removed", "paused", "resumed", "paused", "edited", "invited")
    ]
    assert "link.made" in cli.ok("audit", "list", "--limit", "3", "--action", "link").out


@pytest.mark.parametrize(
    "given",
    [
        ("add", "no address"),
        ("add", "owner@localhost"),
        ("add", "a@b", "--role", "king"),
        ("add", "a@b", "--zone", "Nowhere"),
        ("edit", "1"),
        ("edit", "1", "--role", "member"),
        ("pause", "1"),
        ("remove", "1", "--yes"),
        ("show", "99999999999"),
        ("link", "nobody@example.org"),
    ],
)
def test_what_cannot_be_is_refused(cli: CommandLine, given: tuple[str, ...]) -> None:
    refused = cli("users", *given)
    assert refused.code == 1
    assert refused.err.startswith("❌")
    assert len(cli.document("users", "list")) == 1


def test_the_first_link_is_printed_until_the_owner_has_signed_in(
    cli: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    say_first_link(cli.runtime, "http://127.0.0.1:8400")
    link = capsys.readouterr().out.split()[-1]
    assert usable(cli, link, "sign_in")
    with cli.runtime.db.write() as conn:
        by_link(conn, link.rpartition("/")[2], utc_now(), Client(None, ""))
    say_first_link(cli.runtime, "http://127.0.0.1:8400")
    assert capsys.readouterr().out == ""
