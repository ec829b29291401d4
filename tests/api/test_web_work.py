"""The dashboard's pages of jobs, schedules, workers and the system, over HTTP."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from html import escape, unescape
from typing import Any

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, another_person
from tests.api.rest import Rest, token_of
from tests.api.support import server
from tests.api.web import addresses, browser
from tests.support.ledger import TASK, Ledger

from personal_assistant.api.web.registry import all_pages
from personal_assistant.jobs import signals
from personal_assistant.jobs.leases import Worker, register
from personal_assistant.jobs.log_lines import LogLine
from personal_assistant.jobs.logs import write_lines
from personal_assistant.jobs.outcomes import Failed, Succeeded
from personal_assistant.jobs.stats import count_finished, hourly_stats
from personal_assistant.people.audit import list_entries
from personal_assistant.store.tables import jobs, schedules
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime, use
from personal_assistant.workers.schedulers.timetable import find_schedule, sync_timetable

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOSTILE = "<script>alert(1)</script>\"' onload=x {{ 7*7 }}"
HEALTH = "personal_assistant.workers.tasks.maintenance_tasks.system_health_check"


def failed(ledger: Ledger, *, user_id: int = OWNER, error: str = "No route to the printer", **options: Any) -> str:
    """The id of a job that has failed."""
    job_id = ledger.add(user_id=user_id, **options)
    for job in ledger.take(job_id):
        assert ledger.end(job, Failed(error, "permanent", "Traceback: secret place"))
    return job_id


@contextmanager
def used(runtime: Runtime) -> Iterator[None]:
    use(runtime)
    yield
    use(None)


def states(runtime: Runtime) -> dict[str, str]:
    with runtime.db.read() as conn:
        return {row.id: row.state for row in conn.execute(sa.select(jobs.c.id, jobs.c.state))}


@SQLITE
def test_pages_for_admins_are_not_there_for_members(runtime: Runtime) -> None:
    sync_timetable(runtime, "UTC")
    admins = [page for page in all_pages() if page.admin]
    assert {page.path for page in admins} >= {"/schedules", "/workers", "/workers/hours", "/system", "/people/audit"}
    with server(runtime) as client:
        hers = browser(runtime, client, another_person(runtime.db))
        for page in admins:
            path = page.path.format(name=HEALTH, user_id=OWNER, what="pause")
            answer = hers.post(path) if "POST" in page.methods else hers.get(path)
            assert (answer.status, "This is not here" in answer.text) == (404, True), path
        for name in ("Schedules", "Workers", "System"):
            assert name not in hers.get("/jobs").text
    with runtime.db.read() as conn:
        assert find_schedule(conn, HEALTH).status == "active"


def test_upkeep_is_left_out_unless_it_went_wrong_or_is_asked_for(runtime: Runtime, ledger: Ledger) -> None:
    sync_timetable(runtime, "UTC")
    well, badly, own = ledger.add(), failed(ledger), ledger.add(user_id=OWNER)
    ledger.run(well, Succeeded(None))
    ledger.run(own, Succeeded(None))
    with runtime.db.write() as conn:
        schedule = conn.scalar(sa.select(schedules.c.id).limit(1))
        for number, job in enumerate((well, badly)):
            due = runtime.clock.now() + timedelta(seconds=number)
            conn.execute(sa.update(jobs).where(jobs.c.id == job).values(schedule_id=schedule, due_at=due))
    with server(runtime) as client:
        mine = browser(runtime, client)

        def seen(query: str) -> set[str]:
            page = mine.get(f"/jobs{query}").text
            return {job for job in (well, badly, own) if f'href="/jobs/{job}"' in page}

        assert seen("") == seen("?before=") == {badly, own}
        assert seen("?upkeep=1") == {well, badly, own}
        assert seen("?state=succeeded") == {well, own}


@SQLITE
def test_nothing_is_inline_or_from_elsewhere(runtime: Runtime, ledger: Ledger) -> None:
    sync_timetable(runtime, "UTC")
    job, schedule = failed(ledger), f"/schedules/{HEALTH}"
    paths = [page.path for page in all_pages() if page.menu] + [f"/jobs/{job}", "/jobs/replay", schedule]
    with server(runtime) as client:
        mine = browser(runtime, client)
        for path in [*paths, "/people/everybody", "/people/audit"]:
            page = mine.get(path)
            assert (page.status, page.headers["cache-control"]) == (200, "no-store"), path
            assert all(it.startswith(("/", "?", "#", "data:,")) for it in addresses(page.text)), path
            assert not re.search(r"<script(?![^>]*src=)|\son\w+=|<style|\sstyle=|javascript:", page.text), path
            assert page.text.count("<h1") == 1, path
        for file in addresses(mine.get("/workers").text):
            assert not file.startswith("/static/") or client(file).status == 200, file


@SQLITE
def test_a_person_sees_her_jobs_and_an_admin_all(runtime: Runtime, ledger: Ledger) -> None:
    mine = failed(ledger, args=[HOSTILE], error=HOSTILE)
    other = another_person(runtime.db)
    hers, nobodys = ledger.add(user_id=other), ledger.add()
    with server(runtime) as client:
        admin, member = browser(runtime, client), browser(runtime, client, other)
        listed = admin.get("/jobs").text
        assert all(f"/jobs/{it}" in listed for it in (mine, hers, nobodys))
        seen = member.get("/jobs").text
        assert f"/jobs/{hers}" in seen and mine not in seen and nobodys not in seen
        for theirs in (mine, nobodys, "x" * 200, "%00", "%E2%82%AC"):
            assert member.get(f"/jobs/{theirs}").status == 404, theirs
            assert member.post(f"/jobs/{theirs}/cancel").status == member.post(f"/jobs/{theirs}/retry").status == 404
        assert "No failed job matches" in member.get("/jobs/replay").text
        assert member.post("/jobs/replay").status == 303
        assert (states(runtime)[mine], states(runtime)[nobodys]) == ("failed", "queued")
        detail = admin.get(f"/jobs/{mine}").text
        assert escape("<script>alert(1)</script>") in detail and "<script>alert" not in detail and " 49" not in detail
        assert "secret place" in detail and "attempt failed" in detail and "permanent" in detail
        failed_hers = failed(ledger, user_id=other)
        assert "secret place" not in member.get(f"/jobs/{failed_hers}").text


def test_jobs_are_found_and_leafed_through(runtime: Runtime, ledger: Ledger) -> None:
    broken = failed(ledger)
    ids = sorted([broken, *(ledger.add(user_id=OWNER) for _ in range(54))], reverse=True)
    with server(runtime) as client:
        mine = browser(runtime, client)

        def found(query: str) -> set[str]:
            page = mine.get(f"/jobs?{query}")
            assert page.status == 200, query
            return {it for it in ids if f'href="/jobs/{it}"' in page.text}

        assert found("") == set(ids[:50]) and found(f"before={ids[49]}") == set(ids[50:])
        assert f"before={ids[49]}" in mine.get("/jobs?state=&amp;task=").text
        assert found("state=failed") == found("q=PRINTER") == found(f"q=printer&task={TASK}&state=failed") == {broken}
        assert found("task=tests.nothing") == found("q=%25") == found("state=failed&q=scanner") == set()
        assert "No job is like that" in mine.get("/jobs?q=scanner").text
        assert found("state=odd&before=%00") == set(ids[:50]) and found("q=%00") == set(ids[:50])


def test_a_search_goes_back_in_steps_and_finds_every_open_job(
    runtime: Runtime, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("personal_assistant.jobs.searching.LOOKED_AT", 3)
    oldest, waits = failed(ledger), ledger.add(user_id=OWNER)
    ended = [failed(ledger, error="x") for _ in range(5)]
    with server(runtime) as client:
        mine = browser(runtime, client)
        first = mine.get("/jobs?q=printer").text
        assert "None of these 3 jobs" in first and oldest not in first
        (onward,) = re.findall(r'href="(/jobs\?[^"]*before=[^"]*)"', first)
        (last,) = re.findall(r'href="(/jobs\?[^"]*before=[^"]*)"', mine.get(unescape(onward)).text)
        assert f"/jobs/{oldest}" in mine.get(unescape(last)).text
        queued = mine.get("/jobs?state=queued").text
        assert f"/jobs/{waits}" in queued and "Look further back" not in queued and ended[0] not in queued
        assert f"/jobs/{waits}" not in mine.get("/jobs?state=queued&q=printer").text
        assert f"/jobs/{oldest}" in mine.get("/jobs/replay?q=printer").text


@SQLITE
def test_jobs_are_cancelled_and_retried(runtime: Runtime, ledger: Ledger) -> None:
    waits, broken = ledger.add(user_id=OWNER), failed(ledger)
    with used(runtime), server(runtime) as client:
        mine = browser(runtime, client)
        assert "data-sure=" in mine.get(f"/jobs/{waits}").text
        assert mine.post(f"/jobs/{waits}/cancel").headers["location"] == f"/jobs/{waits}"
        assert mine.post(f"/jobs/{broken}/retry").status == 303
        assert states(runtime) == {waits: "cancelled", broken: "queued"}
        again = mine.post(f"/jobs/{waits}/cancel")
        assert (again.status, "This was not done" in again.text) == (422, True)


@SQLITE
def test_all_that_failed_and_match_are_queued_again(runtime: Runtime, ledger: Ledger) -> None:
    printers = [failed(ledger) for _ in range(3)]
    scanner, waits = failed(ledger, error="No scanner"), ledger.add(user_id=OWNER)
    with server(runtime) as client:
        mine = browser(runtime, client)
        asked = mine.get("/jobs/replay?q=printer&state=queued").text
        assert "3 failed jobs match" in asked and "Queue 3 again" in asked
        assert set(states(runtime).values()) == {"failed", "queued"}
        done = mine.post("/jobs/replay", {"q": "printer"})
        assert (done.status, done.headers["location"]) == (303, "/jobs?state=&task=&q=printer")
    assert states(runtime) == {**dict.fromkeys(printers, "queued"), scanner: "failed", waits: "queued"}
    with runtime.db.read() as conn:
        (entry,) = list_entries(conn, None, action="jobs")
    assert (entry.user_id, entry.by, entry.details["count"]) == (OWNER, "web", 3)


@SQLITE
def test_the_timetable_is_paused_changed_and_run(runtime: Runtime) -> None:
    sync_timetable(runtime, "UTC")

    def rule() -> tuple[str, str, bool]:
        with runtime.db.read() as conn:
            entry = find_schedule(conn, HEALTH)
        return entry.status, entry.schedule.describe(), entry.changed_by_owner

    with used(runtime), server(runtime) as client:
        mine = browser(runtime, client)
        before, at = rule(), f"/schedules/{HEALTH}"
        assert at in mine.get("/schedules").text and before[1] in mine.get(at).text
        assert mine.post(f"{at}/pause").status == 303 and rule()[0] == "paused"
        assert "does not run by itself" in mine.get(at).text and mine.post(f"{at}/pause").status == 422
        assert mine.post(f"{at}/resume").status == 303
        assert mine.post(f"{at}/change", {"words": "every day at 4am"}).status == 303
        assert rule() == ("active", "every day at 04:00", True)
        for words in ("", "whenever", HOSTILE, "tomorrow at 9am"):
            refused = mine.post(f"{at}/change", {"words": words})
            assert refused.status == 422 and "<script>alert" not in refused.text, words
        assert mine.post(f"{at}/default").status == 303 and rule() == before
        ran = mine.post(f"{at}/run")
        assert "queued" in mine.get(ran.headers["location"]).text
        for path in (f"{at}/odd", "/schedules/nothing/run", "/schedules/%00/pause"):
            assert mine.post(path).status == 404, path
        assert mine.get("/schedules/nothing").status == 404
    with runtime.db.read() as conn:
        noted = [it.action.partition(".")[2] for it in reversed(list_entries(conn, None, action="schedule"))]
    assert noted == ["pause", "resume", "changed", "default", "run"]


def _ended(ledger: Ledger, clock: ManualClock, waited: float, *, fails: bool = False) -> None:
    job_id = ledger.add(user_id=OWNER)
    clock.advance(waited)
    for job in ledger.take(job_id):
        assert ledger.end(job, Failed("x", "permanent") if fails else Succeeded(None))


def test_hours_are_summed_counted_or_not(runtime: Runtime, clock: ManualClock, ledger: Ledger) -> None:
    start = clock.now().replace(minute=0, second=0, microsecond=0)
    _ended(ledger, clock, 2)
    with runtime.db.write() as conn:
        assert count_finished(conn, 100) == 1
    _ended(ledger, clock, 4, fails=True)
    clock.advance(3600)
    _ended(ledger, clock, 6)
    with runtime.db.read() as conn:
        first, second = hourly_stats(conn, clock.now() - timedelta(hours=5))
        assert hourly_stats(conn, clock.now()) == [second]
    assert (first.hour, first.succeeded, first.failed) == (start, 1, 1)
    assert first.mean_wait_seconds == pytest.approx(3, abs=0.01)
    assert (second.succeeded, second.failed) == (1, 0) and second.mean_wait_seconds == pytest.approx(6, abs=0.01)
    with server(runtime) as client:
        mine = browser(runtime, client)
        plotted = json.loads(mine.get("/workers/hours").body)
        page = mine.get("/workers").text
    assert len(plotted["times"]) == len(plotted["waited"]) == 48
    assert plotted["times"][-1] == int(second.hour.timestamp()) and plotted["succeeded"][-2:] == [1, 1]
    assert plotted["failed"][-2:] == [1, 0] and plotted["waited"][:46] == [None] * 46
    assert "data-plot=" in page and "The same as a table" in page


def test_workers_queues_and_the_system(runtime: Runtime, clock: ManualClock, ledger: Ledger) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        empty = mine.get("/workers").text
        assert "Nobody works" in empty and "Every queue is empty" in empty and "No job has ended" in empty
        ledger.add(user_id=OWNER)
        now = clock.now()
        with runtime.db.write() as conn:
            worker = Worker("w", "host", 7, "0", True, True, now, now, None, False, name=HOSTILE)
            register(conn, worker)
        with closing(signals.listen(runtime.db, "w")):
            page = mine.get("/workers").text
        assert escape("<script>alert(1)</script>") in page and "<script>alert" not in page and "1 queued" in page
        system = mine.get("/system").text
        assert (
            ("SQLite" if runtime.db.is_sqlite else "PostgreSQL") in system and "data_dir" in system and "👉" in system
        )


@SQLITE
def test_a_page_shows_what_a_job_logged_as_text_and_what_was_left_out(runtime: Runtime, ledger: Ledger) -> None:
    job, she, at = ledger.add(user_id=OWNER), another_person(runtime.db), runtime.clock.now()
    numbers = (*range(1, 101), *range(131, 261))
    lines = [LogLine(1, number, at, "info", f"{HOSTILE} {number}") for number in numbers]
    with runtime.db.write() as conn:
        write_lines(conn, [(job, lines)])
    with server(runtime) as client:
        mine = browser(runtime, client)
        page = mine.get(f"/jobs/{job}").text
        assert f"{HOSTILE} 260" in unescape(page) and "<script>alert" not in page
        assert (f"{HOSTILE} 240" in unescape(page), "All lines" in page) == (False, True)
        whole = unescape(mine.get(f"/jobs/{job}/logs").text)
        assert f"{HOSTILE} 100" in whole and "… 60 lines left out" in whole and f"{HOSTILE} 260" in whole
        assert "There are no later lines" in mine.get(f"/jobs/{job}/logs?after=1-260").text
        assert "nothing that is kept" in mine.get(f"/jobs/{ledger.add(user_id=OWNER)}/logs?after=x").text
        assert browser(runtime, client, she).get(f"/jobs/{job}/logs").status == 404


def test_a_list_goes_on_from_anywhere(runtime: Runtime) -> None:
    with server(runtime) as client:
        mine, rest = browser(runtime, client), Rest(client, token_of(runtime, OWNER, "admin"))
        for far in ("9" * 9, "9" * 18, "9" * 30, "x", "-1"):
            for path in ("/ai-tasks", "/notifications", "/people/audit", "/people/everybody", "/jobs"):
                assert mine.get(f"{path}?before={far}&after={far}").status == 200, (path, far)
        for far in ("9" * 9, "9" * 18):
            cursor = urlsafe_b64encode(far.encode()).decode().rstrip("=")
            for path in ("/ai-tasks", "/notifications", "/users"):
                assert rest("GET", f"{path}?cursor={cursor}").status == 200, (path, far)
