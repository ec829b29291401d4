"""The calendar feed, as a calendar program reads it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from icalendar import Calendar
from tests.ai.support import OWNER, another_person, run_due
from tests.api.support import Answer, server

from personal_assistant.ai import AITaskManager
from personal_assistant.ai.ics.feed import MOST_OF_ONE, feed
from personal_assistant.api.listening import listen
from personal_assistant.errors import AssistantError
from personal_assistant.notifications.feed_token import new_token, switch_off
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime


@pytest.fixture
def manager(runtime: Runtime) -> AITaskManager:
    return AITaskManager(runtime.db, runtime.clock)


def token_of(runtime: Runtime, user_id: int = OWNER) -> str:
    with runtime.db.write() as conn:
        return new_token(conn, user_id, runtime.clock.now())


def events(runtime: Runtime, user_id: int = OWNER) -> list[Any]:
    with runtime.db.read() as conn:
        return Calendar.from_ical(feed(conn, user_id, runtime.clock.now())).walk("VEVENT")


def test_past_and_future_occurrences_have_stable_uids(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    manager.create_task(OWNER, "Tea; at, the\\window", "daily", {"hour": 9}, zone="Asia/Kathmandu")
    planned = {str(event["UID"]): event.decoded("DTSTART") for event in events(runtime)}
    assert len(planned) == 60
    assert min(planned.values()) == datetime(2026, 6, 3, 3, 15, tzinfo=UTC)
    clock.advance(86_400)
    run_due(runtime)
    first, *rest = events(runtime)
    assert (str(first["SUMMARY"]), planned[str(first["UID"])]) == ("✅ Tea; at, the\\window", min(planned.values()))
    assert planned.keys() - {str(event["UID"]) for event in (first, *rest)} == set()


def test_one_that_comes_every_minute_leaves_room_for_others(runtime: Runtime, manager: AITaskManager) -> None:
    manager.create_task(OWNER, "Often", "custom", {"interval_minutes": 1})
    manager.create_task(OWNER, "Seldom", "weekly", {"weekdays": [5]})
    titles = [str(event["SUMMARY"]) for event in events(runtime)]
    assert titles.count("Often") == MOST_OF_ONE
    assert titles.count("Seldom") == 9


def test_over_http_it_is_sent_once_and_then_known(runtime: Runtime, manager: AITaskManager) -> None:
    manager.create_task(OWNER, "Mine", "daily")
    other = another_person(runtime.db)
    manager.create_task(other, "Hers", "daily")
    path = f"/calendar/{token_of(runtime)}.ics"
    with server(runtime) as ask:
        first = ask(path)
        assert (first.status, first.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
        assert "SUMMARY:Mine" in first.text
        assert "Hers" not in first.text
        again = ask(path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        assert (again.status, again.body) == (304, b"")
        head = ask(path, "HEAD")
        assert (head.status, head.body) == (200, b"")
        manager.create_task(OWNER, "New", "daily")
        assert ask(path, headers={"If-None-Match": first.headers["etag"]}).status == 200


def test_an_address_that_was_replaced_or_switched_off_shows_nothing(runtime: Runtime) -> None:
    old = token_of(runtime)
    new = token_of(runtime)
    with server(runtime) as ask:

        def get(token: str) -> Answer:
            return ask(f"/calendar/{token}.ics")

        assert [get(token).status for token in (old, new, "x", "%00", "a" * 5_000)] == [404, 200, 404, 404, 404]
        with runtime.db.write() as conn:
            assert switch_off(conn, OWNER, runtime.clock.now())
            assert not switch_off(conn, OWNER, runtime.clock.now())
        gone = get(new)
        assert gone.status == 404
        assert new not in gone.text


def test_every_answer_forbids_what_a_page_could_do(runtime: Runtime) -> None:
    with server(runtime) as ask:
        for path in ("/nothing", "/health/live", "/health/ready", "/calendar/x.ics"):
            headers = ask(path).headers
            assert headers["content-security-policy"].startswith("default-src 'none'")
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            assert "server" not in headers


def test_health_tells_of_the_database(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    with server(runtime) as ask:
        assert ask("/health/live").text == '{"status":"ok"}'
        ready = ask("/health/ready")
        assert (ready.status, ready.text) == (200, '{"status":"ok","scheduler_alive":false}')

        def fails() -> None:
            raise OSError("secret place")

        monkeypatch.setattr(type(runtime.db), "read", lambda self: fails())
        away = ask("/health/ready")
        assert away.status == 503
        assert "secret" not in away.text


def test_a_port_that_is_taken_is_told() -> None:
    taken = listen("127.0.0.1", 0)
    with taken, pytest.raises(AssistantError, match=r"cannot be used: .*--port"):
        listen("127.0.0.1", taken.getsockname()[1])
