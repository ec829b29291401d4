"""What `up` prints: each notification once, and again only when it was not recorded as printed."""

import errno
import json
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from tests.end_to_end.assistants import until

from personal_assistant.cli.console import Console
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.store.people import Person, get_owner
from personal_assistant.store.tables import deliveries
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def owner(runtime: Runtime) -> Person:
    with runtime.db.read() as conn:
        return get_owner(conn)


@pytest.fixture
def console(runtime: Runtime, owner: Person) -> Iterator[Console]:
    yield Console(runtime, owner, as_json=False)


def send(runtime: Runtime, *titles: str, **more: Any) -> None:
    given: dict[str, Any] = {"kind": "reminder", "body": None, "channels": None, "due_at": runtime.clock.now(), **more}
    with runtime.db.write() as conn:
        deliver(conn, [Message(key=title, user_id=1, title=title, **given) for title in titles], runtime.clock.now())


def unrecorded(runtime: Runtime) -> int:
    waiting = sa.select(sa.func.count()).where(deliveries.c.shown_at.is_(None))
    with runtime.db.read() as conn:
        return int(conn.execute(waiting.select_from(deliveries)).scalar_one())


def test_it_prints_what_an_earlier_process_left_and_what_comes(
    runtime: Runtime, console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    send(runtime, "Call mom", body="About the party")
    console.start()
    until(lambda: unrecorded(runtime) == 0, 10)
    send(runtime, "Stretch")
    console.look()
    console.stop()
    assert capsys.readouterr().out == "12:00:00  ⏰ Call mom – About the party  #1\n12:00:00  ⏰ Stretch  #2\n"
    assert unrecorded(runtime) == 0


def test_what_comes_just_before_the_end_is_printed(
    runtime: Runtime, console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    console.start()
    send(runtime, *(f"Reminder {number}" for number in range(1200)))
    console.stop()
    assert len(capsys.readouterr().out.splitlines()) == 1200


def test_late_ones_say_when_they_were_due_and_alerts_speak_for_themselves(
    runtime: Runtime, clock: ManualClock, console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    send(runtime, "Call mom", due_at=clock.now() - timedelta(hours=2))
    send(runtime, "❌ Did not run: brief", kind="alert", body="No agent.", due_at=None)
    console.start()
    console.stop()
    assert capsys.readouterr().out.splitlines() == [
        "12:00:00  ⏰ Call mom  (was due 02 Jun 10:00)  #1",
        "12:00:00  ❌ Did not run: brief – No agent.  #2",
    ]


def test_with_json_each_line_is_a_document(runtime: Runtime, owner: Person, capsys: pytest.CaptureFixture[str]) -> None:
    send(runtime, "Call\x1b[2J mom")
    console = Console(runtime, owner, as_json=True)
    console.start()
    console.stop()
    [line] = capsys.readouterr().out.splitlines()
    document = json.loads(line)["notification"]
    assert (document["title"], document["late_seconds"]) == ("Call\x1b[2J mom", 0)


def test_control_characters_are_not_printed(
    runtime: Runtime, console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    send(runtime, "Call\x1b[2J mom")
    console.start()
    console.stop()
    assert capsys.readouterr().out == "12:00:00  ⏰ Call [2J mom  #1\n"


def test_where_nothing_can_be_printed_nothing_is_recorded_as_printed(
    runtime: Runtime, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed:
        def write(self, text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    send(runtime, "Call mom")
    with monkeypatch.context() as closed, structlog.testing.capture_logs() as logged:
        closed.setattr(sys, "stdout", Closed())
        console.start()
        console.stop()
    assert unrecorded(runtime) == 1
    assert [entry["event"] for entry in logged] == ["nothing can be printed here any more"]


def test_after_a_full_disk_it_goes_on_printing(
    runtime: Runtime, console: Console, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = threading.Event()

    class Full:
        def write(self, text: str) -> int:
            refused.set()
            raise OSError(errno.ENOSPC, "No space left on device")

    send(runtime, "Call mom")
    with monkeypatch.context() as full, structlog.testing.capture_logs() as logged:
        full.setattr(sys, "stdout", Full())
        console.start()
        assert refused.wait(10)
        until(lambda: bool(logged), 10)
    assert unrecorded(runtime) == 1
    console.stop()
    assert capsys.readouterr().out == "12:00:00  ⏰ Call mom  #1\n"
    assert [entry["event"] for entry in logged] == ["nothing can be printed here for now"]
