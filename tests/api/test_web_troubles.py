"""What the dashboard says where no page can answer, and what pages say while there is nothing."""

import pytest
import sqlalchemy as sa
from tests.api.support import server
from tests.api.web import browser

from personal_assistant.api.web.registry import menu
from personal_assistant.store.database import Database
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
HOSTILE = "%3Cscript%3Ealert(1)%3C/script%3E"


@SQLITE
def test_what_went_wrong_is_told_on_a_page_to_browsers_and_in_a_line_to_programs(runtime: Runtime) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        asked: list[tuple[str, str, dict[str, str], int]] = [
            ("GET", f"/nowhere/{HOSTILE}", {}, 404),
            ("GET", "/remind", {}, 405),
            ("GET", "/", {"Host": "evil.example"}, 421),
            ("POST", "/remind", {"Origin": "https://evil.example"}, 403),
        ]
        for method, path, headers, status in asked:
            cookie = {"Cookie": f"session={mine.secret}"}
            body = b"" if method == "POST" else None
            page = client(path, method, body, {**cookie, **headers, "Accept": HTML})
            assert (page.status, page.headers["content-type"]) == (status, "text/html; charset=utf-8"), path
            assert "<h1>" in page.text and "<script>alert" not in page.text and "Traceback" not in page.text
            assert "style-src 'self'" in page.headers["content-security-policy"]
            assert page.headers["cache-control"] == "no-store"
            line = client(path, method, body, {**cookie, **headers})
            assert (line.status, line.text.count("\n"), "<" in line.text) == (status, 1, False), path
        assert client("/api/v1/nowhere", headers={"Accept": HTML}).headers["content-type"] == "application/problem+json"


@SQLITE
def test_a_fault_of_our_own_or_of_the_database_tells_nothing_of_itself(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        with runtime.db.write() as conn:
            conn.execute(sa.text("ALTER TABLE deliveries RENAME TO hidden"))
        broken = mine.get("/notifications", Accept=HTML)
        assert (broken.status, "It is noted in the log" in broken.text) == (500, True)
        assert "<h1>" in broken.text and "deliveries" not in broken.text and "SELECT" not in broken.text
        with runtime.db.write() as conn:
            conn.execute(sa.text("ALTER TABLE hidden RENAME TO deliveries"))
        assert mine.get("/notifications").status == 200

        def unusable(_: Database) -> None:
            raise StoreError("secret place")

        with monkeypatch.context() as patch:
            patch.setattr(Database, "read", unusable)
            outage = mine.get("/", Accept=HTML)
        assert (outage.status, outage.headers["retry-after"]) == (503, "5")
        assert "Nothing is lost" in outage.text and "secret place" not in outage.text


@SQLITE
def test_pages_without_anything_say_what_they_are_for(runtime: Runtime) -> None:
    said = {
        "/": "The assistant tells you what you ask it to",
        "/ai-tasks": "An AI task is what you ask for once",
        "/notifications": "Every message of the assistant stands here",
        "/jobs": "Each time that something fires, its work stands here",
        "/schedules": "What the assistant does by itself",
        "/workers": "Nobody works",
        "/system": "What it stands on",
        "/people": "A token lets a program of yours use the API",
    }
    with server(runtime) as client:
        mine = browser(runtime, client)
        for page in menu(admin=True):
            assert said[page.path] in mine.get(page.path).text, page.path
        begun = mine.post("/remind", {"words": "stretch in 2 minutes"})
        assert begun.status == 303
        assert "Welcome" not in mine.get("/").text
