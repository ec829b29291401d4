"""The dashboard over HTTP: who gets in, what a form has to prove, and what the pages show and do."""

import re
from datetime import timedelta
from html import escape
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, another_person, run_due
from tests.api.support import server
from tests.api.web import Browser, addresses, browser, cookies

from personal_assistant.ai import AITaskManager
from personal_assistant.api.web.registry import all_pages
from personal_assistant.people.one_time_links import create_link
from personal_assistant.people.passwords import hash_password, store
from personal_assistant.store.tables import deliveries
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOSTILE = "<script>alert(1)</script>\"' onload=x {{ 7*7 }}"


@pytest.fixture
def manager(runtime: Runtime) -> AITaskManager:
    return AITaskManager(runtime.db, runtime.clock)


def _paths() -> list[tuple[str, str]]:
    """Method and address of every page, with ids that nothing has."""
    return [(method, re.sub(r"{\w+}", "999999", page.path)) for page in all_pages() for method in page.methods]


@SQLITE
def test_who_is_not_signed_in_sees_nothing(runtime: Runtime) -> None:
    with server(runtime) as client:
        for method, path in _paths():
            answer = client(path, method, b"" if method == "POST" else None)
            assert (answer.status, answer.headers.get("location"), answer.body) == (303, "/login", b""), path
        partial = client("/", headers={"HX-Request": "true"})
        assert (partial.status, partial.headers["hx-redirect"]) == (401, "/login")
        assert client("/events").status == 401
        assert client("/", headers={"Cookie": "session=" + "x" * 5000}).status == 303


@SQLITE
def test_every_page_is_of_this_server_alone_and_has_no_inline_script(runtime: Runtime, manager: AITaskManager) -> None:
    task = manager.create_from_words(OWNER, "Stretch", when="every day at 9am")
    with server(runtime) as client:
        mine = browser(runtime, client)
        for path in ("/", "/ai-tasks", f"/ai-tasks/{task.id}", "/notifications", "/login"):
            page = mine.get(path)
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert page.headers["cache-control"] == "no-store"
            assert all(not urlsplit(it).scheme and not it.startswith("//") for it in addresses(page.text) - {"data:,"})
            assert not re.search(r"<script(?![^>]*src=)|\son\w+=|<style|\sstyle=|javascript:", page.text), path
        for file in {it for it in addresses(mine.get("/").text) if it.startswith("/static/")}:
            loaded = client(file)
            assert (loaded.status, "immutable" in loaded.headers["cache-control"]) == (200, True)
        assert client("/static/x/../../app.py").status == 404
        assert client("/static/x/%2e%2e/app.py").status == 404


@SQLITE
def test_what_people_write_is_text_on_every_page(runtime: Runtime, manager: AITaskManager, clock: ManualClock) -> None:
    extras = {"notes": HOSTILE, "tags": ["<i>tag</i>"]}
    task = manager.create_task(OWNER, HOSTILE, "daily", {"hour": 13}, description=HOSTILE, extras=extras)
    clock.advance(3601)
    run_due(runtime)
    with server(runtime) as client:
        mine = browser(runtime, client)
        for path in ("/", "/ai-tasks", f"/ai-tasks/{task.id}", "/notifications", "/notifications/1"):
            page = mine.get(path).text
            assert escape("<script>alert(1)</script>") in page, path
            assert "<script>alert" not in page and "<i>tag" not in page and " 49" not in page
        for path in ("/ai-tasks", "/preview"):
            asked = mine.get(f"{path}?{urlencode({'q': HOSTILE, 'words': HOSTILE, 'state': HOSTILE})}").text
            assert "<script>alert" not in asked


def test_other_peoples_things_are_not_there(runtime: Runtime, manager: AITaskManager, clock: ManualClock) -> None:
    task = manager.create_from_words(OWNER, "Secret", when="every day at 1pm")
    clock.advance(3601)
    run_due(runtime)
    with runtime.db.read() as conn:
        before = conn.execute(sa.select(deliveries)).all()
    with server(runtime) as client:
        other = browser(runtime, client, another_person(runtime.db))
        for path in ("/", "/ai-tasks", "/ai-tasks?q=ecre", "/notifications"):
            assert "Secret" not in other.get(path).text
        for path in (f"/ai-tasks/{task.id}", "/notifications/1"):
            assert (other.get(path).status, other.get(path).body) == (404, other.get(path.rstrip("1") + "77").body)
        for what in ("pause", "resume", "cancel", "run", "remove", "done", "skip", "snooze"):
            assert other.post(f"/ai-tasks/{task.id}/{what}", {"words": "for 1 hour"}).status == 404
        for what in ("done", "snooze", "read"):
            assert other.post(f"/notifications/1/{what}", {"words": "for 1 hour"}).status == 404
    with runtime.db.read() as conn:
        assert conn.execute(sa.select(deliveries)).all() == before
    assert manager.get_task(task.id) == manager.get_task(task.id, OWNER)


@SQLITE
def test_a_reminder_is_typed_seen_and_settled(runtime: Runtime, manager: AITaskManager, clock: ManualClock) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        assert "Nothing is scheduled. Type what" in mine.get("/").text
        meant = mine.get("/preview?words=water+the+plants+every+day+at+1pm").text
        assert "<strong>water the plants</strong>: every day at 13:00 (UTC)" in meant and meant.count("<li>") == 5
        assert "say am or pm" in mine.get("/preview?words=lunch+at+7").text
        assert manager.get_user_tasks(OWNER) == []
        made = mine.post("/remind", {"words": "water the plants every day at 1pm"})
        assert (made.status, made.headers["location"]) == (303, "/")
        assert "said=Scheduled" in cookies(made) and "HttpOnly" in cookies(made)
        assert "water the plants" in mine.get("/").text
        refused = mine.post("/remind", {"words": "lunch at 7"})
        assert (refused.status, "say am or pm" in refused.text) == (422, True)
        clock.advance(3601)
        run_due(runtime)
        assert ">Done</button>" in mine.get("/").text
        assert mine.post("/notifications/1/snooze", {"words": "whenever"}).status == 422
        assert mine.post("/notifications/1/snooze", {"words": "for 1 hour"}).status == 303
        assert mine.post("/ai-tasks/1/skip").status == 303
        assert manager.get_task(1).next_run_at == clock.now().replace(minute=0, second=0) + timedelta(days=2)
        assert mine.post("/ai-tasks/1/done").status == 303
        assert mine.post("/ai-tasks/1/done").status == 422
        for what, status in (("pause", "paused"), ("resume", "active"), ("cancel", "cancelled")):
            assert mine.post(f"/ai-tasks/1/{what}").status == 303
            assert manager.get_task(1).status == status
        assert mine.post("/ai-tasks/1/what").status == 404
        assert mine.post("/ai-tasks/1/remove").headers["location"] == "/ai-tasks"
        assert mine.get("/ai-tasks/1").status == 404


@SQLITE
def test_what_was_done_is_said_once(runtime: Runtime) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        said = client("/", headers={"Cookie": f"session={mine.secret}; said=Scheduled%3A%20%3Cb%3E"})
        assert "Scheduled: &lt;b&gt;" in said.text
        assert 'said=""' in cookies(said) and "Max-Age=0" in cookies(said)
        assert "Scheduled" not in mine.get("/?said=Scheduled").text


@SQLITE
def test_signing_in_makes_a_new_session_and_out_ends_it(runtime: Runtime) -> None:
    with runtime.db.write() as conn:
        store(conn, OWNER, hash_password("correct horse battery", email="owner@localhost"))
    with server(runtime) as client:
        form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": "session=fixed"}

        def log_in(password: str) -> tuple[int, str]:
            body = urlencode({"email": "owner@localhost", "password": password}).encode()
            answer = client("/login", "POST", body, form)
            return answer.status, cookies(answer)

        assert log_in("wrong") == (403, "")
        status, cookie = log_in("correct horse battery")
        assert (status, "HttpOnly" in cookie, "SameSite=lax" in cookie) == (303, True, True)
        secret = cookie.partition(";")[0].partition("=")[2]
        assert secret != "fixed"
        mine = Browser(client, secret, "")
        page = mine.get("/").text
        token = re.search(r'name="csrf" value="(\w+)"', page)
        assert token is not None
        assert mine.post("/logout", csrf="x").status == 303
        assert mine.get("/").status == 200
        assert mine.post("/logout", csrf=token[1]).headers["location"] == "/login"
        assert mine.get("/").status == 303


@SQLITE
def test_a_one_time_link_signs_in_once_and_not_by_looking(runtime: Runtime) -> None:
    with runtime.db.write() as conn:
        secret = create_link(conn, OWNER, "sign_in", runtime.clock.now())
    with server(runtime) as client:
        for _ in range(2):
            looked = client(f"/link/sign_in/{secret}")
            assert (looked.status, cookies(looked)) == (200, "")
        used = client(f"/link/sign_in/{secret}", "POST", b"")
        assert (used.status, used.headers["location"], "session=" in cookies(used)) == (303, "/", True)
        for method in ("GET", "POST"):
            assert client(f"/link/sign_in/{secret}", method, b"" if method == "POST" else None).status == 410
        for path in (f"/link/reset/{secret}", f"/link/code/{secret}", "/link/sign_in/x", "/link/x/y"):
            assert client(path).status == 410, path


@SQLITE
def test_an_open_page_hears_of_what_changes(runtime: Runtime, manager: AITaskManager) -> None:
    with server(runtime) as client:
        mine, other = browser(runtime, client), browser(runtime, client, another_person(runtime.db))
        streams = []
        for it in (mine, other):
            connection = HTTPConnection("127.0.0.1", client.port, timeout=10)
            connection.request("GET", "/events", headers={"Cookie": f"session={it.secret}"})
            answer = connection.getresponse()
            assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
            assert answer.readline() == b"retry: 2000\n"
            streams.append((connection, answer))
        manager.create_from_words(OWNER, "First", when="in 5 minutes")
        runtime.clock.advance(301)  # type: ignore[attr-defined]
        run_due(runtime)
        (first, heard), (second, _) = streams
        assert b"event: changed\n" in [heard.readline() for _ in range(3)]
        first.close()
        second.close()
