"""The calendar of AI tasks, as a page and over REST."""

import re
from datetime import date
from html import escape

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, another_person, run_due
from tests.api.rest import Rest, token_of
from tests.api.support import server
from tests.api.web import browser

from personal_assistant.ai import AITaskManager
from personal_assistant.client import Client
from personal_assistant.store.tables import users
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOSTILE = "<script>alert(1)</script>\"' onload=x"


@pytest.fixture
def manager(runtime: Runtime) -> AITaskManager:
    return AITaskManager(runtime.db, runtime.clock)


@SQLITE
def test_a_month_shows_what_came_and_what_is_to_come(
    runtime: Runtime, manager: AITaskManager, clock: ManualClock
) -> None:
    manager.create_task(OWNER, HOSTILE, "daily", {"hour": 13})
    manager.create_task(OWNER, "fails", "once", {"run_at": "2026-06-02T13:30:00Z"}, task_type="periodic_task")
    manager.create_task(another_person(runtime.db), "hers", "daily", {"hour": 13})
    clock.advance(2 * 3600)
    run_due(runtime)
    with server(runtime) as client:
        mine = browser(runtime, client)
        assert "/ai-tasks/calendar" in mine.get("/ai-tasks").text
        page = mine.get("/ai-tasks/calendar").text
        assert "June 2026" in page and "hers" not in page and "<script>alert" not in page
        assert escape("<script>alert(1)") in page
        assert 'aria-label="Tue 2 June: 1 failed, 1 told"' in page
        assert 'aria-label="Wed 3 June: 1 planned"' in page
        assert len(re.findall(r'class="day', page)) == 35
        assert re.findall(r"rel=\"(prev|next)\"", page) == ["prev", "next"] and "month=2026-05" in page
        assert "Nothing came in this month" in mine.get("/ai-tasks/calendar?month=2026-04").text
        day = mine.get("/ai-tasks/calendar?day=2026-06-02").text
        assert '<span class="state told">told</span>' in day and "No agent is set up" in day and "/jobs/" in day
        for path in ("month=2026-13", "month=<b>", "day=2026-02-30", "day=x", "month=9999-12"):
            bad = mine.get(f"/ai-tasks/calendar?{path}")
            assert (bad.status, "Write it like 2026-06" in bad.text, "<b>" in bad.text) == (422, True, False), path
        assert mine.get("/ai-tasks/calendar?day=2026-06-02&after=99999999T999999999999-1").status == 200


@SQLITE
def test_a_long_day_has_pages(runtime: Runtime, manager: AITaskManager) -> None:
    for number in range(60):
        manager.create_task(OWNER, f"number {number:02}", "once", {"run_at": f"2026-06-03T09:{number:02}:00Z"})
    with server(runtime) as client:
        mine = browser(runtime, client)
        seen: list[str] = []
        path: str | None = "/ai-tasks/calendar?day=2026-06-03"
        while path:
            page = mine.get(path).text
            seen += re.findall(r">(number \d\d)<", page)
            later = re.search(r'href="([^"]*)">Later ones', page)
            path = later[1].replace("&amp;", "&") if later else None
        assert seen == [f"number {number:02}" for number in range(60)]
        assert "and 57 more" in mine.get("/ai-tasks/calendar").text


@SQLITE
def test_a_day_on_which_clocks_are_changed_says_so(runtime: Runtime) -> None:
    with runtime.db.write() as conn:
        conn.execute(sa.update(users).where(users.c.id == OWNER).values(zone="Europe/Berlin"))
    with server(runtime) as client:
        mine = browser(runtime, client)
        assert "it has 23 hours" in mine.get("/ai-tasks/calendar?day=2026-03-29").text
        assert "it has 25 hours" in mine.get("/ai-tasks/calendar?day=2026-10-25").text
        assert "clocks are changed" not in mine.get("/ai-tasks/calendar?day=2026-10-26").text


def test_the_calendar_over_rest(runtime: Runtime, manager: AITaskManager, clock: ManualClock) -> None:
    task = manager.create_task(OWNER, "Stretch", "daily", {"hour": 13})
    clock.advance(2 * 3600)
    run_due(runtime)
    with server(runtime) as client:
        mine = Rest(client, token_of(runtime))
        found = mine("GET", "/ai-tasks/calendar?from=2026-06-01&to=2026-06-03").json
        assert (found["zone"], found["complete"], len(found["days"])) == ("UTC", True, 3)
        assert [day["counts"] for day in found["days"]] == [{}, {"told": 1}, {"planned": 1}]
        line = found["days"][1]["lines"][0]
        assert (line["ai_task_id"], line["state"], line["times"]) == (task.id, "told", 1)
        assert mine("GET", f"/jobs/{line['job_id']}").status == 200
        assert len(mine("GET", "/ai-tasks/calendar").json["days"]) == 30
        theirs = Client(f"http://127.0.0.1:{client.port}", token_of(runtime, name="client"))
        assert theirs.calendar("2026-06-01", "2026-06-03") == found
        assert len(mine("GET", "/ai-tasks/calendar?from=2028-02-01").json["days"]) == 29
        for query in ("from=2026-06-01&to=2026-07-13", "from=2026-06-02&to=2026-06-01", "from=x", "from=0001-01-01"):
            assert mine("GET", f"/ai-tasks/calendar?{query}").status == 422, query
        hers = Rest(client, token_of(runtime, another_person(runtime.db)))
        assert not any(day["counts"] for day in hers("GET", "/ai-tasks/calendar").json["days"])
    assert date.fromisoformat(found["days"][0]["date"]) == date(2026, 6, 1)
