"""Jobs, schedules, tasks and the system over REST."""

import contextlib
from typing import Any

import pytest
from tests.ai.support import OWNER, another_person
from tests.api.rest import Rest, token_of
from tests.api.support import server
from tests.support.ledger import TASK, Ledger

from personal_assistant.jobs import signals
from personal_assistant.jobs.leases import Worker, register
from personal_assistant.jobs.log_lines import LogLine
from personal_assistant.jobs.logs import write_lines
from personal_assistant.jobs.outcomes import Failed
from personal_assistant.store.tables import JOB_STATES
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime, use
from personal_assistant.workers.schedulers.timetable import sync_timetable

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOBODYS_ID = "00000000-0000-7000-8000-000000000009"


def made(ledger: Ledger, user_id: int | None = OWNER, task: str = TASK, **options: Any) -> str:
    """A job's id."""
    return ledger.add(task, user_id=user_id, **options)


def failed(ledger: Ledger, count: int) -> list[str]:
    """The ids of jobs of the owner that failed, the newest first."""
    ids = [made(ledger) for _ in range(count)]
    for job in ledger.take(*ids):
        assert ledger.end(job, Failed("No route to the printer", "permanent", "Traceback: secret place"))
    return sorted(ids, reverse=True)


@SQLITE
def test_a_list_goes_back_in_steps(runtime: Runtime, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personal_assistant.jobs.searching.LOOKED_AT", 3)
    oldest, _, other = failed(ledger, 1)[0], made(ledger), made(ledger, another_person(runtime.db))
    ended = [made(ledger) for _ in range(2)]
    with server(runtime) as client:
        rest = Rest(client, token_of(runtime))
        empty = rest("GET", "/jobs?text=printer").json
        assert (empty["items"], empty["next_cursor"] is None) == ([], False)
        last = rest("GET", f"/jobs?text=printer&cursor={empty['next_cursor']}").json
        assert ([it["id"] for it in last["items"]], last["next_cursor"]) == ([oldest], None)
        assert [it["id"] for it in rest("GET", "/jobs?state=failed").json["items"]] == [oldest]
        queued = rest("GET", "/jobs?state=queued").json
        assert (len(queued["items"]), queued["next_cursor"]) == (3, None)
        assert other not in str(queued) and ended[0] in str(queued)


def test_a_person_finds_her_jobs_and_an_administrator_all(runtime: Runtime, clock: ManualClock, ledger: Ledger) -> None:
    old = failed(ledger, 1)[0]
    clock.advance(3600)
    mine, nobodys = made(ledger, args=[1], kwargs={"a": 2}), made(ledger, None, task="tests.other")
    hers = made(ledger, another_person(runtime.db))
    with server(runtime) as client:
        rest, admin = Rest(client, token_of(runtime)), Rest(client, token_of(runtime, OWNER, "admin"))

        def found(query: str, who: Rest = rest) -> set[str]:
            answer = who("GET", f"/jobs{query}")
            assert answer.status == 200, answer.json
            return {it["id"] for it in answer.json["items"]}

        assert found("") == {old, mine}
        assert found("", admin) == {old, mine, nobodys, hers}
        assert found("?state=failed") == found("?text=PRINTER") == found("?until=2026-06-02T12:30:00Z") == {old}
        assert found("?state=failed&state=queued") == {old, mine}
        assert found("?since=2026-06-02T14:30:00%2B02:00") == found("?state=queued") == {mine}
        assert found("?task=tests.other", admin) == {nobodys}
        assert (
            found("?task=tests.other") == found("?ai_task_id=7") == found("?ai_task_id=99999999999999999999") == set()
        )
        assert found("?text=%25") == found("?text=%00") == set()
        first = rest("GET", "/jobs?limit=1").json
        assert [first["items"][0]["id"]] == [mine]
        assert found(f"?limit=1&cursor={first['next_cursor']}") == {old}
        assert [
            rest("GET", f"/jobs?{bad}").status for bad in ("state=odd", "since=2026-06-02T12:00:00", "limit=0")
        ] == [422] * 3
        assert [rest("GET", f"/jobs/{it}").status for it in (mine, hers, nobodys, NOBODYS_ID, "%00", "x" * 200)] == [
            200,
            404,
            404,
            404,
            404,
            422,
        ]
        assert admin("GET", f"/jobs/{hers}").status == 200
        detail = rest("GET", f"/jobs/{old}").json
        assert [it["what"] for it in detail["timeline"]] == ["accepted", "due", "attempt failed", "started", "failed"]
        assert detail["attempts"][0]["message"] == "No route to the printer"
        assert detail["attempts"][0]["traceback"] is None
        assert "secret place" in admin("GET", f"/jobs/{old}").json["attempts"][0]["traceback"]
        assert (rest("GET", f"/jobs/{mine}").json["args"], rest("GET", f"/jobs/{mine}").json["kwargs"]) == (
            [1],
            {"a": 2},
        )


def test_jobs_are_cancelled_and_done_again(runtime: Runtime, ledger: Ledger) -> None:
    use(runtime)
    job, hers = made(ledger), made(ledger, another_person(runtime.db))
    with server(runtime) as client:
        rest, admin = Rest(client, token_of(runtime)), Rest(client, token_of(runtime, OWNER, "admin"))
        assert rest("POST", f"/jobs/{job}/retry").status == 409
        assert rest("POST", f"/jobs/{job}/cancel").json["state"] == "cancelled"
        assert rest("POST", f"/jobs/{job}/cancel").status == 409
        again = rest("POST", f"/jobs/{job}/retry")
        assert (again.status, again.json) == (202, {"job_id": job, "scheduler_alive": False})
        assert rest("GET", f"/jobs/{job}").json["state"] == "queued"
        assert [rest("POST", f"/jobs/{hers}/{verb}").status for verb in ("cancel", "retry")] == [404, 404]
        assert admin("POST", f"/jobs/{hers}/cancel").json["state"] == "cancelled"
        (running,) = ledger.take()
        asked = rest("POST", f"/jobs/{running.id}/cancel").json
        assert (asked["state"], asked["cancel_requested_at"] is not None) == ("running", True)
    use(None)


def test_many_jobs_are_done_again_at_once(runtime: Runtime, ledger: Ledger) -> None:
    ids = failed(ledger, 120)
    hers = made(ledger, another_person(runtime.db))
    with server(runtime) as client:
        rest = Rest(client, token_of(runtime))
        assert rest("POST", "/jobs/replay", {"ids": []}).status == 422
        assert rest("POST", "/jobs/replay", {"limit": 501}).status == 422
        key = {"Idempotency-Key": "once"}
        first = rest("POST", "/jobs/replay", {"state": "failed", "limit": 70}, key).json
        assert (first["replayed"], first["more"], sorted(first["ids"])) == (70, True, sorted(ids[:70]))
        assert rest("POST", "/jobs/replay", {"state": "failed", "limit": 70}, key).json == first
        named = rest("POST", "/jobs/replay", {"ids": [ids[0], ids[-1], ids[-1], hers, "\0", NOBODYS_ID]}).json
        assert named["ids"] == [ids[-1]]
        why = {it["id"]: it["why"] for it in named["refused"]}
        assert why.keys() == {ids[0], hers, "\0", NOBODYS_ID}
        assert "is queued" in why[ids[0]]
        assert why[hers].replace(hers, "") == why[NOBODYS_ID].replace(NOBODYS_ID, "") == "There is no job "
        rest_of_them = rest("POST", "/jobs/replay", {"task": TASK, "limit": 500}).json
        assert (rest_of_them["replayed"], rest_of_them["more"]) == (49, False)


@SQLITE
def test_the_timetable(runtime: Runtime) -> None:
    sync_timetable(runtime, "UTC")
    with server(runtime) as client:
        admin = Rest(client, token_of(runtime, OWNER, "admin"))
        every = admin("GET", "/schedules").json["items"]
        assert len(every) > 2
        name = every[0]["name"]
        path = f"/schedules/{name.rpartition('.')[2]}"
        assert admin("GET", path).json == every[0]
        assert len(every[0]["next"]) == 5
        changed = admin("PATCH", path, {"when": "every day at 4"}).json
        assert (changed["understood"], changed["next_run_at"]) == ("every day at 04:00", "2026-06-03T04:00:00Z")
        assert (
            admin("PATCH", path, {"schedule_type": "daily", "schedule_config": {"hour": 5, "minute": 0}}).json[
                "next_run_at"
            ]
            == "2026-06-03T05:00:00Z"
        )
        for wrong in (
            {},
            {"when": "tomorrow at 4"},
            {"when": "x", "default": True},
            {"schedule_type": "odd"},
            {"default": True, "zone": "\\Ã"},
        ):
            assert admin("PATCH", path, wrong).status == 422, wrong
        assert admin("POST", f"{path}/pause").json["status"] == "paused"
        assert admin("POST", f"{path}/pause").status == 422
        assert admin("POST", f"{path}/resume").json["status"] == "active"
        assert admin("PATCH", path, {"default": True}).json["understood"] == every[0]["understood"]
        job = admin("POST", f"{path}/run").json["job_id"]
        assert admin("GET", f"/jobs/{job}").json["task"] == every[0]["task"]
        assert admin("GET", "/schedules/none").json["detail"] == "There is no schedule none."


def test_the_system(runtime: Runtime, ledger: Ledger) -> None:
    failed(ledger, 2)
    made(ledger)
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        register(conn, Worker("w", "host", 1, "0", True, True, now, now, None, False))
    with server(runtime) as client, contextlib.closing(signals.listen(runtime.db, "w")):
        rest, admin = Rest(client, token_of(runtime)), Rest(client, token_of(runtime, OWNER, "admin"))
        assert admin("GET", "/queues").json == {
            "items": [{"queue": "tests", "states": {"queued": 1}, "oldest_queued": "2026-06-02T12:00:00Z"}]
        }
        status = admin("GET", "/system/status").json
        assert status["jobs"] == {"failed": 2, "queued": 1}
        assert status["jobs"].keys() <= set(JOB_STATES)
        assert [it["id"] for it in admin("GET", "/workers").json["items"]] == ["w"]
        health = admin("GET", "/system/health").json
        assert health["healthy"] is all(it["level"] != "error" for it in health["findings"])
        assert {"database", "disk"} <= {it["check"] for it in health["findings"]}
        tasks = rest("GET", "/tasks").json["items"]
        assert all(it["about"] and it["figures"] is None for it in tasks)
        assert rest("GET", "/tasks/execute_ai_task").json["guarantee"] == "at least once"
        assert rest("GET", "/tasks/none").status == 404


def logged(runtime: Runtime, job_id: str, *numbers: int, text: str = "line", attempt: int = 1) -> None:
    """Have a job have logged lines of these numbers."""
    with runtime.db.write() as conn:
        at = runtime.clock.now()
        lines = [LogLine(attempt, number, at, "warning", f"{text} {number}") for number in numbers]
        write_lines(conn, [(job_id, lines)])


def test_what_a_job_logged_comes_in_pages_to_its_own_person(runtime: Runtime, ledger: Ledger) -> None:
    mine, hers = made(ledger), made(ledger, another_person(runtime.db))
    logged(runtime, mine, 1, 2, 5)
    logged(runtime, mine, 1, attempt=2)
    with server(runtime) as client:
        rest, admin = Rest(client, token_of(runtime)), Rest(client, token_of(runtime, OWNER, "admin"))
        first = rest("GET", f"/jobs/{mine}/logs?limit=3").json
        assert [(it["attempt"], it["number"], it["text"]) for it in first["items"]] == [
            (1, 1, "line 1"),
            (1, 2, "line 2"),
            (1, 5, "line 5"),
        ]
        assert first["items"][0].keys() == {"attempt", "number", "at", "level", "text"}
        rest_of_it = rest("GET", f"/jobs/{mine}/logs?limit=3&cursor={first['next_cursor']}").json
        assert ([it["attempt"] for it in rest_of_it["items"]], rest_of_it["next_cursor"]) == ([2], None)
        for job_id in (hers, NOBODYS_ID, "%00"):
            assert rest("GET", f"/jobs/{job_id}/logs").status == 404
        assert admin("GET", f"/jobs/{hers}/logs").json == {"items": [], "next_cursor": None}
        assert rest("GET", f"/jobs/{mine}/logs?cursor=eA").status == 422
