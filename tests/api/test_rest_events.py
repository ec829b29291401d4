"""Events as a client reads them: over a connection that stays open."""

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.ai.support import OWNER, another_person
from tests.api.rest import token_of
from tests.api.test_links import told
from tests.support.ledger import FAILED, Ledger

from personal_assistant.ai import AITaskManager
from personal_assistant.api.listening import listen
from personal_assistant.api.live import feed
from personal_assistant.api.server import serving
from personal_assistant.timing.clock import ManualClock, SystemClock
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Events:
    """A stream that is read event by event."""

    answer: http.client.HTTPResponse
    last_id: str = ""

    def next(self) -> tuple[str, Any]:
        """The next event's kind and data, past comments. Raises EOFError at the end of the stream."""
        kind, data = "", ""
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if line == "" and self.answer.isclosed():
                raise EOFError
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                data = value
            elif name == "id":
                self.last_id = value
            elif line == "" and kind:
                return kind, json.loads(data)

    def states(self, job_id: str, last: str) -> list[str]:
        """The states that are told of a job, up to this one."""
        states: list[str] = []
        while not states or states[-1] != last:
            kind, data = self.next()
            if kind == "job" and data["id"] == job_id:
                states.append(data["state"])
        return states


@contextlib.contextmanager
def events(port: int, token: str, last_id: str | None = None) -> Iterator[Events]:
    """An open stream, past its first event."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    more = {} if last_id is None else {"Last-Event-ID": last_id}
    connection.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {token}", **more})
    answer = connection.getresponse()
    try:
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        opened = Events(answer)
        assert opened.next() == ("ready", {})
        yield opened
    finally:
        answer.close()
        connection.close()


@contextlib.contextmanager
def served(runtime: Runtime) -> Iterator[int]:
    """The port of a server."""
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    with serving(runtime, listening):
        yield port


def test_a_person_hears_of_her_jobs_and_messages_and_of_no_others(
    runtime: Runtime, clock: ManualClock, ledger: Ledger
) -> None:
    other = another_person(runtime.db)
    with (
        served(runtime) as port,
        events(port, token_of(runtime)) as mine,
        events(port, token_of(runtime, other)) as hers,
    ):
        job = ledger.add(user_id=OWNER, max_attempts=3)
        assert mine.states(job, "queued") == ["queued"]
        claimed = ledger.take_one(job)
        assert mine.states(job, "running") == ["running"]
        clock.advance(60)  # what runs long is noticed by its progress and by its end
        assert ledger.end(claimed, ledger.retry())
        assert mine.states(job, "scheduled") == ["scheduled"]
        clock.advance(60)
        ledger.queue_due()
        ledger.run(job, FAILED)
        mine.states(job, "failed")
        message = told(runtime, "Tea")
        kind, data = mine.next()
        assert (kind, data["id"], data["title"]) == ("notification", message, "Tea")
        theirs = ledger.add(user_id=other)
        kind, data = hers.next()
        assert (kind, data["id"]) == ("job", theirs)


def test_a_person_hears_of_ai_tasks_that_are_made_and_changed_elsewhere(runtime: Runtime, clock: ManualClock) -> None:
    manager = AITaskManager(runtime.db, clock)
    other = another_person(runtime.db)
    with (
        served(runtime) as port,
        events(port, token_of(runtime)) as mine,
        events(port, token_of(runtime, other)) as hers,
    ):
        task = manager.create_task(OWNER, "Tea", "daily")
        kind, data = mine.next()
        assert (kind, data["id"], data["title"], data["status"]) == ("ai_task", task.id, "Tea", "active")
        clock.advance(1)
        manager.pause_task(task.id, OWNER)
        kind, data = mine.next()
        assert (kind, data["id"], data["status"]) == ("ai_task", task.id, "paused")
        theirs = manager.create_task(other, "Milk", "daily")
        kind, data = hers.next()
        assert (kind, data["id"]) == ("ai_task", theirs.id)


def test_one_that_comes_again_hears_what_it_missed(runtime: Runtime, clock: ManualClock, ledger: Ledger) -> None:
    token = token_of(runtime)
    with served(runtime) as port:
        with events(port, token) as first:
            pass
        job, message = ledger.add(user_id=OWNER), told(runtime, "Tea")
        clock.advance(30)
        ledger.run(job, FAILED)
        clock.advance(30)
        with events(port, token, first.last_id) as again:
            assert [(kind, data["id"]) for kind, data in (again.next(), again.next())] == [
                ("job", job),
                ("notification", message),
            ]
        clock.advance(3601)
        for mark in (first.last_id, "nonsense", "1-" + "9" * 30, "٣-1"):
            with contextlib.suppress(UnicodeEncodeError), events(port, token, mark) as late:
                assert late.next() == ("reload", {})


@SQLITE
def test_too_much_to_tell_is_a_word_to_read_again(runtime: Runtime, ledger: Ledger, monkeypatch: Any) -> None:
    monkeypatch.setattr("personal_assistant.api.live.looking.MOST", 20)
    with served(runtime) as port, events(port, token_of(runtime)) as mine:
        for _ in range(20):
            ledger.add(user_id=OWNER)
        kinds = [mine.next()[0]]
        while kinds[-1] != "reload":
            kinds.append(mine.next()[0])
        job = ledger.add(user_id=OWNER)
        assert job


@SQLITE
def test_a_stream_ends_with_the_server_and_when_there_are_too_many(runtime: Runtime, monkeypatch: Any) -> None:
    monkeypatch.setattr(feed, "MOST_OF_ONE", 2)
    token = token_of(runtime)
    with contextlib.ExitStack() as streams:
        with served(runtime) as port:
            opened = [streams.enter_context(events(port, token)) for _ in range(2)]
            with pytest.raises(AssertionError), events(port, token):
                pass
        for it in opened:
            with pytest.raises(EOFError):
                it.next()
    assert not [it for it in threading.enumerate() if it.name == "events"]


@SQLITE
def test_an_event_comes_within_a_second(runtime: Runtime, db: Any) -> None:
    real = replace(runtime, clock=SystemClock())
    ledger = Ledger(db, SystemClock())  # type: ignore[arg-type]
    with served(real) as port, events(port, token_of(real)) as mine:
        for _ in range(3):
            job = ledger.add(user_id=OWNER)
            made = SystemClock().now()
            mine.states(job, "queued")
            assert (SystemClock().now() - made).total_seconds() < 1
