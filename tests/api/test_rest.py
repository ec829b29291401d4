"""REST as a program uses it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.ai.support import OWNER, run_due
from tests.api.rest import Rest, token_of
from tests.api.support import server
from tests.api.test_links import told

from personal_assistant.ai import AITaskManager, rows
from personal_assistant.api.v1.gate import MAX_BODY
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_an_ai_task_from_words_to_its_end(runtime: Runtime, clock: ManualClock) -> None:
    with server(runtime) as client:
        rest = Rest(client, token_of(runtime))
        made = rest("POST", "/ai-tasks", {"words": "call mom tomorrow at 9am", "zone": "Europe/Berlin"})
        assert (made.status, made.headers["location"], made.headers["etag"]) == (201, "/api/v1/ai-tasks/1", '"1"')
        assert (made.json["title"], made.json["next"]) == ("call mom", ["2026-06-03T07:00:00Z"])
        assert made.json["scheduler_alive"] is False
        changed = rest("PATCH", "/ai-tasks/1", {"when": "every day at 8", "description": "ask about the cat"})
        assert (changed.headers["etag"], changed.json["understood"]) == ('"2"', "every day at 08:00")
        assert changed.json["next_run_at"] == "2026-06-03T06:00:00Z"
        assert rest("POST", "/ai-tasks/1/pause").json["status"] == "paused"
        assert rest("POST", "/ai-tasks/1/pause").status == 422
        assert rest("POST", "/ai-tasks/1/resume").json["status"] == "active"
        ran = rest("POST", "/ai-tasks/1/run")
        assert ran.status == 202
        run_due(runtime)
        clock.advance(86_400)
        run_due(runtime)
        history = rest("GET", "/ai-tasks/1/occurrences").json["items"]
        assert [it["state"] for it in history] == ["succeeded", "succeeded"]
        assert history[1]["id"] == ran.json["job_id"]
        assert rest("POST", "/ai-tasks/1/cancel").json["status"] == "cancelled"
        gone = rest("DELETE", "/ai-tasks/1")
        assert (gone.status, gone.raw.body) == (204, b"")
        assert rest("GET", "/ai-tasks/1").json["detail"] == "There is no AI task 1."


def test_a_request_with_a_key_is_done_once(runtime: Runtime, clock: ManualClock) -> None:
    with server(runtime) as client:
        rest = Rest(client, token_of(runtime))
        body, key = {"words": "stretch in 10 minutes"}, {"Idempotency-Key": "k-1"}
        first = rest("POST", "/ai-tasks", body, key)
        clock.advance(60)
        again = rest("POST", "/ai-tasks", body, key)
        assert (again.status, again.json, again.headers["etag"]) == (201, first.json, '"1"')
        assert again.headers["location"] == first.headers["location"]
        assert rest("POST", "/ai-tasks", {"words": "stretch in 11 minutes"}, key).status == 409
        assert rest("POST", "/ai-tasks/1/run", headers=key).status == 409
        assert len(rest("GET", "/ai-tasks").json["items"]) == 1
        # What was refused has not been done, and may be sent again.
        late = {"Idempotency-Key": "k-2"}
        assert [rest("POST", "/ai-tasks", {"words": "yesterday"}, late).status for _ in range(2)] == [422, 422]
        assert rest("POST", "/ai-tasks", body, late).status == 201
        clock.advance(24 * 3600)
        assert rest("POST", "/ai-tasks", body, key).json["id"] == 3


def test_a_key_sent_by_many_at_once_is_done_once(runtime: Runtime) -> None:
    with server(runtime) as client, ThreadPoolExecutor(8) as pool:
        rest = Rest(client, token_of(runtime))

        def send(_: int) -> int:
            return rest("POST", "/ai-tasks", {"words": "stretch in 10 minutes"}, {"Idempotency-Key": "k"}).status

        assert {201} <= set(pool.map(send, range(16))) <= {201, 409}
        assert len(rest("GET", "/ai-tasks").json["items"]) == 1


def test_an_edit_of_what_was_changed_meanwhile_is_refused(runtime: Runtime) -> None:
    AITaskManager(runtime.db, runtime.clock).create_task(OWNER, "Tea", "daily")
    with server(runtime) as client:
        rest = Rest(client, token_of(runtime))
        tag = {"If-Match": rest("GET", "/ai-tasks/1").headers["etag"]}
        assert rest("PATCH", "/ai-tasks/1", {"title": "Green tea"}, tag).status == 200
        for method, body in (("PATCH", {"title": "Coffee"}), ("DELETE", None)):
            for header in (tag, {"If-Match": 'W/"2"'}, {"If-Match": "x"}):
                assert rest(method, "/ai-tasks/1", body, header).status == 412
        assert rest("GET", "/ai-tasks/1").json["title"] == "Green tea"
        assert rest("DELETE", "/ai-tasks/1", headers={"If-Match": "*"}).status == 204


def test_pages_hold_each_thing_once(runtime: Runtime, clock: ManualClock) -> None:
    manager = AITaskManager(runtime.db, runtime.clock)
    for number in range(7):
        manager.create_task(OWNER, f"Task {number}", "daily")
        manager.run_now(1)
        clock.advance(1)
    with server(runtime) as client:
        rest = Rest(client, token_of(runtime))

        def everything(path: str, extra: str = "") -> list[Any]:
            found, cursor = [], ""
            while True:
                page = rest("GET", f"{path}?limit=3{extra}{cursor}").json
                assert len(page["items"]) <= 3
                found += [it["id"] for it in page["items"]]
                if page["next_cursor"] is None:
                    return found
                cursor = f"&cursor={page['next_cursor']}"
                manager.create_task(OWNER, "Made meanwhile", "daily")

        assert everything("/ai-tasks") == [7, 6, 5, 4, 3, 2, 1]
        manager.pause_task(2)
        assert everything("/ai-tasks", "&state=paused") == [2]
        messages = [told(runtime, key=f"m{number}") for number in range(7)]
        assert everything("/notifications") == messages[::-1]
        assert rest("POST", f"/notifications/{messages[3]}/read").json["read_at"] == "2026-06-02T12:00:07Z"
        assert messages[3] not in everything("/notifications", "&unread=true")
        jobs = everything("/ai-tasks/1/occurrences")
        assert (len(jobs), jobs) == (7, sorted(jobs, reverse=True))
        for cursor in ("x", "AA", "Nw==", "LTE", "%00", "%C3%A9", "9" * 301):
            assert rest("GET", f"/ai-tasks?cursor={cursor}").status == 422
        assert rest("GET", "/ai-tasks?state=odd").status == 422


@SQLITE
def test_done_ends_a_reminder(runtime: Runtime) -> None:
    message = told(runtime)
    with server(runtime) as client:
        rest = Rest(client, token_of(runtime))
        for _ in range(2):
            done = rest("POST", f"/notifications/{message}/done")
            assert (done.status, done.json["done_at"]) == (200, "2026-06-02T12:00:00Z")
        assert rest("GET", f"/notifications/{message}").json == done.json
        assert done.json["tries"] == []


def test_a_reminder_is_put_off_skipped_and_paused(runtime: Runtime, clock: ManualClock) -> None:
    with server(runtime) as client:
        rest = Rest(client, token_of(runtime))
        wishes = {"tags": ["home"], "repeat_minutes": "10 minutes", "pre_notices": ["1 hour", 7200], "priority": "high"}
        made = rest("POST", "/ai-tasks", {"title": "Plants", "when": "every day at 1pm", "zone": "UTC", **wishes})
        kept = made.json["wishes"]
        assert (kept["tags"], kept["repeat_minutes"], kept["pre_notices"]) == (["home"], 10, [7200, 3600])
        changed = rest("PATCH", "/ai-tasks/1", {"repeat_minutes": None, "title": "The plants"}).json
        assert (changed["title"], changed["wishes"]["repeat_minutes"]) == ("The plants", None)
        assert changed["wishes"]["tags"] == rest("GET", "/ai-tasks").json["items"][0]["wishes"]["tags"] == ["home"]
        skipped = rest("POST", "/ai-tasks/1/skip", headers={"Idempotency-Key": "s"}).json
        assert skipped["next_run_at"] == "2026-06-03T13:00:00Z"
        assert rest("POST", "/ai-tasks/1/skip", headers={"Idempotency-Key": "s"}).json == skipped
        clock.advance(26 * 3600)
        run_due(runtime)
        came = next(it["id"] for it in rest("GET", "/notifications").json["items"] if it["title"] == "The plants")
        later = rest("POST", f"/notifications/{came}/snooze", {"words": "for 20 minutes"})
        assert later.json["snoozed_until"] == "2026-06-03T14:20:00Z"
        exact = rest("POST", f"/notifications/{came}/snooze", {"until": "2026-06-03T17:00:00+02:00"})
        assert exact.json["snoozed_until"] == "2026-06-03T15:00:00Z"
        for body in (
            {},
            {"words": "yesterday"},
            {"words": "for 20 minutes", "until": "2026-06-03T17:00:00Z"},
            {"until": "2026-06-03T17:00:00"},
            {"until": "0001-01-01T00:00:00+14:00"},
            {"until": "2020-01-01T00:00:00Z"},
            {"until": 1e300},
        ):
            assert rest("POST", f"/notifications/{came}/snooze", body).status == 422
        done = rest("POST", f"/notifications/{came}/done").json
        assert (done["snoozed_until"], done["done_at"]) == (None, "2026-06-03T14:00:00Z")
        assert rest("POST", f"/notifications/{came}/snooze", {"words": "for 20 minutes"}).status == 422
        paused = rest("POST", "/ai-tasks/1/pause", {"words": "until friday at 9am"}).json
        assert (paused["status"], paused["wishes"]["resume_at"]) == ("paused", "2026-06-05T09:00:00Z")


@SQLITE
@pytest.mark.parametrize(
    "wish",
    [
        {"repeat_minutes": 2**70},
        {"repeat_minutes": "x" * 100_000},
        {"repeat_limit": -(2**70)},
        {"expire_minutes": 0},
        {"pre_notices": [2**70]},
        {"pre_notices": ["1 hour"] * 10_000 + ["odd"]},
        {"tags": ["a\0b"]},
        {"attachments": ["../x"]},
        {"escalate_to": "nobody", "escalate_minutes": 5},
        {"priority": "odd"},
        {"notes": "x" * 20_000},
    ],
)
def test_wishes_that_cannot_be_are_refused(runtime: Runtime, wish: Any) -> None:
    with server(runtime) as client:
        rest = Rest(client, token_of(runtime))
        refused = rest("POST", "/ai-tasks", {"words": "stretch in 5 minutes", **wish})
        assert (refused.status, len(refused.json["detail"]) < 1000) == (422, True)
        assert rest("GET", "/ai-tasks").json["items"] == []


@SQLITE
def test_a_preview_creates_nothing(runtime: Runtime) -> None:
    with server(runtime) as client:
        rest = Rest(client, token_of(runtime, OWNER, "read"))
        meant = rest("POST", "/ai-tasks/preview", {"words": "water the plants every monday at 8"}).json
        assert (meant["title"], meant["kind"], len(meant["next"])) == ("water the plants", "recurring", 5)
        refused = rest("POST", "/ai-tasks/preview", {"when": "yesterday"})
        assert (refused.status, "over" in refused.json["detail"]) == (422, True)
        assert rest("POST", "/ai-tasks/preview", {"when": "tomorrow", "words": "x"}).status == 422
        assert rest("POST", "/ai-tasks/preview", {"when": "tomorrow", "zone": "Mars/Base"}).status == 422
        assert rest("GET", "/ai-tasks").json["items"] == []


@SQLITE
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"words": "x" * (MAX_BODY + 1)}, 413),
        (b"{", 422),
        (b"[]", 422),
        (b"\xff", 422),
        (b'{"words": "\\ud800 in 5 minutes"}', 422),
        (b"[" * 100_000, 422),
        ({}, 422),
        ({"words": "stretch in 5 minutes", "user_id": 2}, 422),
        ({"words": "stretch in 5 minutes", "title": "x"}, 422),
        (b'{"title": "x", "schedule_type": "daily", "schedule_config": {"a": %s1%s}}' % (b"[" * 500, b"]" * 500), 422),
        (b'{"words": "stretch in 5 minutes", "max_lateness_seconds": NaN}', 422),
        ({"title": "a\0b", "when": "tomorrow"}, 422),
        ({"title": "x"}, 422),
        ({"title": "x", "schedule_type": "odd"}, 422),
        ({"title": "x", "schedule_type": "daily", "schedule_config": {"hour": 99}}, 422),
        ({"title": "x" * 256, "when": "tomorrow"}, 422),
        ({"words": "stretch in 5 minutes", "max_lateness_seconds": 2**70}, 422),
        ({"words": "stretch in 5 minutes", "notification_channels": ["pigeon"]}, 422),
    ],
)
def test_a_body_that_cannot_be_is_refused_and_changes_nothing(runtime: Runtime, body: Any, status: int) -> None:
    with server(runtime) as client:
        rest = Rest(client, token_of(runtime))
        answer = rest("POST", "/ai-tasks", body)
        assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
        assert (answer.json["status"], len(answer.json["detail"]) < 1000) == (status, True)
        assert rest("GET", "/ai-tasks").json["items"] == []


@SQLITE
def test_what_is_no_request_of_ours_is_told_as_a_problem(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    AITaskManager(runtime.db, runtime.clock).create_task(OWNER, "Tea", "daily")
    with server(runtime) as client:
        rest = Rest(client, token_of(runtime))
        text = {"Content-Type": "text/plain"}
        assert rest("POST", "/ai-tasks", b"{}", text).status == 415
        assert rest("PUT", "/ai-tasks").headers["allow"] == "GET, POST"
        assert rest("PUT", "/ai-tasks/1").headers["allow"] == "DELETE, GET, PATCH"
        assert rest("PUT", "/ai-tasks").status == 405
        assert [rest("GET", path).status for path in ("/", "/what", "/ai-tasks/")] == [404] * 3
        assert [rest("GET", f"/ai-tasks/{it}").status for it in ("x", "9" * 40, "-1", "0")] == [422, 404, 404, 404]
        assert rest("PATCH", "/ai-tasks/1", {}).status == 422
        assert rest("PATCH", "/ai-tasks/1", {"title": None}).status == 422
        assert rest("POST", "/ai-tasks", {}, {"Idempotency-Key": "k" * 201}).status == 422
        assert rest("GET", "/ai-tasks?limit=201").status == 422

        def fails(*given: object) -> None:
            raise RuntimeError("secret place")

        monkeypatch.setattr(rows, "find_with_extras", fails)
        failed = rest("GET", "/ai-tasks/1")
        assert (failed.status, failed.headers["content-type"]) == (500, "application/problem+json")
        assert b"secret" not in failed.raw.body
        assert failed.headers["x-frame-options"] == "DENY"
