"""Other sites: they cannot send our forms (CSRF), cannot frame our pages (clickjacking), and looking does nothing."""

from typing import Any

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, another_person, run_due
from tests.api.routes import STREAM, everything, forms, pages
from tests.api.support import server
from tests.api.web import browser, cookies
from tests.support.ledger import FAILED, Ledger

from personal_assistant.ai import AITaskManager
from personal_assistant.people.one_time_links import create_link
from personal_assistant.store.database import Database
from personal_assistant.store.tables import metadata
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers.timetable import sync_timetable

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# What a browser says of a form on another site, on a neighbour of ours, in a frame without an origin, or what is odd.
FOREIGN: tuple[dict[str, Any], ...] = (
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
)


def everything_stored(db: Database) -> dict[str, list[Any]]:
    with db.read() as conn:
        return {table.name: sorted(map(repr, conn.execute(sa.select(table)))) for table in metadata.sorted_tables}


def test_no_form_of_another_site_is_taken(runtime: Runtime) -> None:
    with runtime.db.write() as conn:
        link = create_link(conn, OWNER, "sign_in", runtime.clock.now())
    paths = [*forms(), f"/link/sign_in/{link}"]
    assert {"/login", "/logout", "/remind", "/people/tokens"} <= set(paths)
    with server(runtime) as client:
        mine = browser(runtime, client)
        before = everything_stored(runtime.db)
        for path in paths:
            for foreign in FOREIGN:
                answer = mine.post(path, **foreign)
                assert (answer.status, "set-cookie" in answer.headers) == (403, False), (path, foreign)
        assert everything_stored(runtime.db) == before


def test_every_form_of_a_page_needs_its_sessions_token(runtime: Runtime) -> None:
    with server(runtime) as client:
        mine, hers = browser(runtime, client), browser(runtime, client, another_person(runtime.db))
        before = everything_stored(runtime.db)
        # Where nobody has signed in yet there is no session.
        paths = [it for it in forms() if it not in ("/login", "/logout", "/forgotten") and not it.startswith("/link/")]
        for path in paths:
            for token in ("", "x", hers.csrf, mine.csrf[:-1], mine.csrf.upper()):
                assert mine.post(path, csrf=token).status == 403, path
            in_address = client(f"{path}?csrf={mine.csrf}", "POST", b"", {"Cookie": f"session={mine.secret}"})
            assert in_address.status == 403, path
        assert everything_stored(runtime.db) == before
        for path in paths:
            assert mine.post(path, Origin=f"http://127.0.0.1:{client.port}").status != 403, path


def test_another_site_cannot_sign_a_person_out(runtime: Runtime) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        for csrf in ("", "x", mine.csrf[:-1]):
            assert "set-cookie" not in mine.post("/logout", csrf=csrf).headers
            assert mine.get("/").status == 200
        assert cookies(mine.post("/logout")).count("Max-Age=0") == 2
        assert mine.get("/").status == 303


def test_looking_changes_nothing(runtime: Runtime, clock: ManualClock, ledger: Ledger) -> None:
    sync_timetable(runtime, "UTC")
    task = AITaskManager(runtime.db, clock).create_from_words(OWNER, "Stretch", when="every day at 1pm")
    clock.advance(3601)
    run_due(runtime)
    job = ledger.add(user_id=OWNER)
    ledger.run(job, FAILED)
    real = [f"/ai-tasks/{task.id}", "/notifications/1", f"/jobs/{job}"]
    looks = [path for method, path in pages() if method == "GET"]
    acts = [*forms(), f"/ai-tasks/{task.id}/remove", "/notifications/1/done", f"/jobs/{job}/retry"]
    with server(runtime) as client:
        mine = browser(runtime, client)
        before = everything_stored(runtime.db)
        for path in (*looks, *real):
            mine.get(path)
            mine.get(path, HX_Request="true")
        for path in acts:  # a link or a picture on another site is a GET, with the cookie
            assert path in looks or mine.get(path).status in (404, 405), path
            assert mine.client(path, "HEAD", None, {"Cookie": f"session={mine.secret}"}).status != 500
        after = everything_stored(runtime.db)
        assert [name for name in before if before[name] != after[name]] == []


def test_the_api_does_not_know_the_browsers_cookie(runtime: Runtime) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        assert mine.get("/api/v1/me").status == 401
        assert mine.post("/api/v1/ai-tasks", {"words": "stretch in 5 minutes"}).status == 401


def test_nothing_can_be_framed(runtime: Runtime) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        cookie, stranger = {"Cookie": f"session={mine.secret}"}, {"Host": "evil.example"}
        routes = everything(runtime)
        some = {"/", "/login", "/health/ready", "/metrics", "/a/999999", "/calendar/999999.ics"}
        assert some <= {path for _, path in routes}
        asked = [(*it, stranger if it[1] == STREAM else cookie) for it in routes]
        asked += [("GET", "/nothing-here", cookie), ("GET", "/api/v1/nothing-here", {}), ("DELETE", "/", cookie)]
        asked += [("GET", "/", {}), ("GET", "/", stranger), ("POST", "/remind", cookie)]
        for method, path, headers in asked:
            answer = client(path, method, b"" if method == "POST" else None, headers)
            assert answer.headers["x-frame-options"] == "DENY", path
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
            assert answer.status < 500, path
