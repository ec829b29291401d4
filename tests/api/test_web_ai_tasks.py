"""An AI task's page: what it shows, changing it, and taking back what was done."""

import re
from datetime import timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, another_person, history, run_due
from tests.api.support import server
from tests.api.web import browser, cookies

from personal_assistant.ai import AITaskManager, AITaskNotFoundError, acting
from personal_assistant.ai.undoing import remove_old
from personal_assistant.notifications.inbox import list_notifications
from personal_assistant.store.tables import deliveries, reminders, undos
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOSTILE = "<script>alert(1)</script>\"' onload=x"


@pytest.fixture
def manager(runtime: Runtime) -> AITaskManager:
    return AITaskManager(runtime.db, runtime.clock)


@SQLITE
def test_the_page_shows_runs_messages_and_all_that_can_be_done(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily", {"hour": 13})
    clock.advance(3601)
    run_due(runtime)
    with server(runtime) as client:
        page = browser(runtime, client).get(f"/ai-tasks/{task.id}").text
        job = history(runtime.db, task.id)[0]
        assert f'href="/jobs/{job.id}"' in page and 'href="/notifications/1"' in page
        for what in ("done", "snooze", "skip", "run", "pause", "pause-until", "cancel", "remove"):
            assert f'action="/ai-tasks/{task.id}/{what}"' in page, what
        assert f"/ai-tasks/{task.id}/edit" in page and page.count("data-sure") == 2
        assert len(re.findall(r"<li>\w{3} \d\d Jun 2026 13:00", page)) == 5


@SQLITE
def test_a_form_changes_what_differs_and_nothing_else(runtime: Runtime, manager: AITaskManager) -> None:
    extras = {"notes": "bring water", "tags": ["home", "body"]}
    task = manager.create_task(OWNER, "Stretch", "daily", {"hour": 13}, description=HOSTILE, extras=extras)
    path = f"/ai-tasks/{task.id}/edit"
    with server(runtime) as client:
        mine = browser(runtime, client)
        page = mine.get(path).text
        assert HOSTILE in unescape(page) and "<script>alert" not in page
        same = {
            "title": "Stretch", "when": "every day at 13:00", "zone": "UTC", "description": HOSTILE,
            "notes": "bring water", "tags": "home, body", "priority": "normal", "missed_policy": "once",
            "revision": "1",
        }  # fmt: skip
        for value in same.values():
            assert value in unescape(page), value
        assert mine.post(path, same).status == 303
        assert manager.get_task(task.id) == task
        new = {**same, "title": "Run", "notes": "a\r\nb", "tags": "sport", "priority": "high", "missed_policy": "skip"}
        assert mine.post(path, new).headers["location"] == f"/ai-tasks/{task.id}"
        changed = manager.get_task(task.id)
        assert (changed.title, changed.next_run_at, changed.missed_policy) == ("Run", task.next_run_at, "skip")
        wishes = manager.extras_of(task.id)
        assert (wishes.notes, list(wishes.tags), wishes.priority) == ("a\nb", ["sport"], "high")
        when = {**new, "revision": "2", "when": "every day at 2pm", "zone": "Europe/Berlin"}
        assert mine.post(path, when).status == 303
        assert manager.get_task(task.id).schedule.describe() == "every day at 14:00"
        assert manager.get_task(task.id).zone == "Europe/Berlin"
        zone = {**when, "revision": "3", "when": "every day at 14:00", "zone": "Asia/Tokyo"}
        assert mine.post(path, zone).status == 303
        assert manager.get_task(task.id).zone == "Asia/Tokyo"


@SQLITE
def test_what_cannot_be_is_told_beside_what_was_typed(runtime: Runtime, manager: AITaskManager) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily", {"hour": 13})
    path = f"/ai-tasks/{task.id}/edit"
    same = {"title": "Stretch", "when": "every day at 13:00", "zone": "UTC", "priority": "normal",
            "missed_policy": "once", "revision": "1"}  # fmt: skip
    with server(runtime) as client:
        mine = browser(runtime, client)
        for wrong in (
            {"title": ""}, {"title": "x" * 300}, {"when": "whenever"}, {"when": ""}, {"when": "at 7"},
            {"zone": "Europe/Nowhere"}, {"priority": "utmost"}, {"missed_policy": "x"}, {"tags": "x" * 50},
            {"notes": "\x00"}, {"revision": ""}, {"revision": "x"}, {"revision": "9"},
        ):  # fmt: skip
            answer = mine.post(path, {**same, **wrong})
            assert (answer.status, 'role="alert"' in answer.text) == (422, True), wrong
        typed = mine.post(path, {**same, "title": "My own words", "when": "whenever"}).text
        assert 'value="My own words"' in typed and 'value="whenever"' in typed
        assert manager.get_task(task.id) == task
        # Two have it open: the second one is told, and does not write over the first.
        assert mine.post(path, {**same, "title": "First"}).status == 303
        second = mine.post(path, {**same, "title": "Second"})
        assert second.status == 422 and "was changed meanwhile" in second.text and 'value="Second"' in second.text
        assert manager.get_task(task.id).title == "First"
        meant = mine.get("/ai-tasks/when?when=every+day+at+2pm&zone=Asia/Tokyo").text
        assert "every day at 14:00" in meant and meant.count("<li>") == 5
        assert "There is no time zone" in mine.get("/ai-tasks/when?when=tomorrow+at+9am&zone=x").text
        other = browser(runtime, client, another_person(runtime.db))
        assert (other.get(path).status, other.post(path, same).status) == (404, 404)


def test_what_was_done_can_be_undone(runtime: Runtime, manager: AITaskManager, clock: ManualClock) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily", {"hour": 13}, extras={"tags": ["body"], "pre_notices": [600]})
    clock.advance(3601)
    run_due(runtime)
    with runtime.db.write() as conn:
        acting.snooze_task(conn, OWNER, task.id, clock.now() + timedelta(hours=9), clock.now())
    manager.run_now(task.id, OWNER)
    came = manager.get_task(task.id)
    with server(runtime) as client:
        mine, other = browser(runtime, client), browser(runtime, client, another_person(runtime.db))
        for what in ("pause", "pause-until", "cancel", "skip", "remove"):
            jobs = {job.id: job.state for job in history(runtime.db, task.id)}
            done = mine.post(f"/ai-tasks/{task.id}/{what}", {"words": "until tomorrow at 9am"})
            assert done.status == 303 and f"|{task.id};" in cookies(done), what
            shown = client("/", headers={"Cookie": f"session={mine.secret}; said=Done|{task.id}"}).text
            assert f'action="/ai-tasks/{task.id}/undo"' in shown
            assert other.post(f"/ai-tasks/{task.id}/undo").status == 422
            assert mine.post(f"/ai-tasks/{task.id}/undo").headers["location"] == f"/ai-tasks/{task.id}"
            back = manager.get_task(task.id)
            assert (back.status, back.next_run_at, back.title) == ("active", came.next_run_at, "Stretch"), what
            extras = manager.extras_of(task.id)
            assert (list(extras.tags), list(extras.pre_notices), extras.resume_at) == (["body"], [600], None)
            assert {job.id: job.state for job in history(runtime.db, task.id)}.keys() == jobs.keys(), what
            with runtime.db.read() as conn:
                found = list_notifications(conn, OWNER)
                follow = conn.scalar(sa.select(deliveries.c.follow_at).where(deliveries.c.id == 1))
                assert conn.scalar(sa.select(reminders.c.notice_at)) is not None
            assert [it.ai_task_id for it in found] == [task.id]
            assert follow == clock.now() + timedelta(hours=9)
            assert mine.post(f"/ai-tasks/{task.id}/undo").status == 422
        run_due(runtime)
        assert sorted(job.state for job in history(runtime.db, task.id)) == ["succeeded", "succeeded"]


@SQLITE
def test_what_is_too_old_or_changed_meanwhile_cannot_be_undone(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily", {"hour": 18})
    with server(runtime) as client:
        mine = browser(runtime, client)
        assert mine.post(f"/ai-tasks/{task.id}/undo").status == 422
        mine.post(f"/ai-tasks/{task.id}/pause")
        manager.resume_task(task.id, OWNER)
        assert "changed meanwhile" in mine.post(f"/ai-tasks/{task.id}/undo").text
        mine.post(f"/ai-tasks/{task.id}/remove")
        clock.advance(601)
        assert "cannot be undone any more" in mine.post(f"/ai-tasks/{task.id}/undo").text
        with pytest.raises(AITaskNotFoundError):
            manager.get_task(task.id)
        clock.advance(24 * 3600)
        with runtime.db.write() as conn:
            assert remove_old(conn, clock.now(), 500) == 1
            assert conn.execute(sa.select(undos)).all() == []
        for cookie in ("Done|", "Done|x", "Done|9999999999999", "Done|1;", "|5"):
            shown = client("/", headers={"Cookie": f"session={mine.secret}; said={cookie}"})
            assert shown.status == 200
            assert ("/undo" in shown.text) is (cookie == "Done|1;"), cookie
