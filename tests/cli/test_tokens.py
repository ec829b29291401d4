"""`assistant tokens`."""

import subprocess
import sys

import pytest
from tests.cli.conftest import CommandLine

from personal_assistant.people.tokens import authenticate
from personal_assistant.timing.clock import utc_now


def test_a_secret_is_shown_once_and_ends_with_its_token(cli: CommandLine) -> None:
    made = cli.document("tokens", "add", "phone", "--scope", "read", "--expires", "in 90 days")["token"]
    assert made["scopes"] == ["read"]
    listed = cli.ok("tokens", "list").out
    assert made["prefix"] in listed
    assert made["secret"] not in listed
    said = cli.ok("tokens", "add", "laptop", "--expires", "90 days").out
    assert "write, until" in said

    def taken() -> bool:
        with cli.runtime.db.read() as conn:
            return authenticate(conn, made["secret"], utc_now()) is not None

    assert taken()
    cli.ok("tokens", "remove", str(made["id"]))
    assert not taken()
    assert [it["name"] for it in cli.document("tokens", "list")] == ["laptop"]


@pytest.mark.parametrize(
    "given",
    [
        ("add", "x\ny"),
        ("add", "x", "--scope", "all"),
        ("add", "x", "--expires", "every day"),
        ("add", "x", "--expires", "yesterday"),
        ("add", "x", "--expires", "9999999 weeks"),
        ("add", "x", "--expires", "0 minutes"),
        ("remove", "7"),
        ("remove", "x"),
    ],
)
def test_what_cannot_be_is_refused(cli: CommandLine, given: tuple[str, ...]) -> None:
    refused = cli("tokens", *given)
    assert refused.code == 1
    assert refused.err.startswith("❌")
    assert cli.document("tokens", "list") == []


def test_commands_start_without_what_only_the_web_needs() -> None:
    code = "import sys; import personal_assistant.cli.main, personal_assistant.workers.process; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"fastapi", "starlette", "uvicorn"} & set(loaded)
