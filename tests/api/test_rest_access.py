"""Who may ask: every route that the OpenAPI document names, without a token, with too little of one, and by others."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, another_person
from tests.api.rest import Rest, channel_of, routes, token_of
from tests.api.support import server
from tests.api.test_links import told

from personal_assistant.ai import AITaskManager
from personal_assistant.api.v1.gate import MAX_BODY
from personal_assistant.people.tokens import revoke_token
from personal_assistant.store.tables import users
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@SQLITE
def test_no_route_answers_without_a_token(runtime: Runtime) -> None:
    with server(runtime) as client:
        nobody = Rest(client, None)
        every = list(routes(client))
        assert len(every) > 10
        for route in every:
            path = re.sub(r"{\w+}", "1", route.path)
            for body in (route.body, b"{", b"x" * (MAX_BODY + 1)):
                answer = nobody(route.method, path, body)
                assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json"), route
                assert answer.headers["www-authenticate"] == 'Bearer realm="assistant"'
            assert "401" in route.statuses
        assert nobody("GET", "/what-is-not").status == 401


@SQLITE
def test_each_route_asks_for_its_scope(runtime: Runtime) -> None:
    with server(runtime) as client:
        reader, writer = (Rest(client, token_of(runtime, OWNER, scope)) for scope in ("read", "write"))
        for route in routes(client):
            if route.streams:
                assert route.scopes == ["read"]
                continue
            answer = reader(route.method, re.sub(r"{\w+}", "1", route.path), route.body)
            assert len(route.scopes) == 1
            if route.scopes == ["read"]:
                assert answer.status in (200, 404), route
                assert route.method == "GET" or route.path.endswith("/preview")
            elif route.scopes == ["admin"]:
                assert {answer.status, writer(route.method, route.path, route.body).status} == {403}, route
            else:
                assert answer.status == 403, route
                assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_nobody_sees_or_changes_what_is_another_persons(runtime: Runtime) -> None:
    manager = AITaskManager(runtime.db, runtime.clock)
    task = manager.create_task(OWNER, "Mine", "daily")
    job = manager.run_now(task.id)
    message = told(runtime, "Mine, too")
    channel = channel_of(runtime, OWNER, name="Mine, as well")
    owners = {"ai_task_id": task.id, "notification_id": message, "job_id": job, "token_id": 1, "channel_id": channel}
    with server(runtime) as client:
        mine = Rest(client, token_of(runtime))
        other = Rest(client, token_of(runtime, another_person(runtime.db)))
        single = (f"/ai-tasks/{task.id}", f"/notifications/{message}", f"/jobs/{job}", f"/channels/{channel}")
        paths = (*single, "/jobs", "/channels", "/routes", "/quiet-hours", "/caps")
        before = [mine("GET", path).json for path in paths]
        for route in routes(client):
            if route.scopes == ["admin"] or route.streams or route.path.startswith("/tasks"):
                continue
            names = re.findall(r"{(\w+)}", route.path)
            hers, unknown = route.path, route.path
            for name in names:
                hers = hers.replace(f"{{{name}}}", str(owners[name]))
                unknown = unknown.replace(f"{{{name}}}", "999999")
            got = other(route.method, hers, route.body)
            assert b"Mine" not in got.raw.body
            assert names or job.encode() not in got.raw.body
            if names:
                none = other(route.method, unknown, route.body)
                told_of_it = {**got.json, "detail": _nameless(got.json["detail"])}
                told_of_none = {**none.json, "detail": _nameless(none.json["detail"])}
                assert (got.status, told_of_it) == (404, told_of_none), route
                assert "404" in route.statuses, route
        after = [mine("GET", path).json for path in paths]
        assert after == before


def _nameless(detail: str) -> str:
    return re.sub(r"[\d-][\da-f-]*", "N", detail)


@SQLITE
def test_a_token_ends_when_it_is_revoked_expires_or_its_person_is_switched_off(
    runtime: Runtime, clock: ManualClock
) -> None:
    short = token_of(runtime, expires_at=clock.now() + timedelta(hours=1))
    first = token_of(runtime)
    with server(runtime) as client:

        def status(token: str) -> int:
            return Rest(client, token)("GET", "/ai-tasks").status

        assert [status(token) for token in (short, first, first[:-1] + "_", "x", "")] == [200, 200, 401, 401, 401]
        clock.advance(3600)
        assert [status(short), status(first)] == [401, 200]
        with runtime.db.write() as conn:
            revoke_token(conn, OWNER, 2, clock.now())
        assert status(first) == 401
        second = token_of(runtime)
        assert status(second) == 200
        with runtime.db.write() as conn:
            conn.execute(sa.update(users).values(is_active=False))
        assert status(second) == 401


@SQLITE
def test_what_is_no_bearer_token_is_refused(runtime: Runtime) -> None:
    token = token_of(runtime)
    with server(runtime) as client:
        for header in (f"Basic {token}", token, "Bearer", f"Bearer {token} x", "Bearer " + "é" * 10, "x" * 9000):
            assert client("/api/v1/ai-tasks", headers={"Authorization": header}).status == 401, header
        assert client("/api/v1/ai-tasks", headers={"Authorization": f"bearer  {token}"}).status == 200
        assert client(f"/api/v1/ai-tasks?token={token}").status == 401


@SQLITE
def test_the_openapi_document_is_whole(runtime: Runtime) -> None:
    with server(runtime) as client:
        answer = Rest(client, None)("GET", "/openapi.json")
        text, document = answer.raw.text, answer.json
        assert (answer.status, document["openapi"]) == (200, "3.1.0")
        schemas = document["components"]["schemas"]
        assert {name.rpartition("/")[2] for name in re.findall(r'"\$ref":"([^"]+)"', text)} == schemas.keys()
        about = [method for methods in document["paths"].values() for method in methods.values()]
        assert len({it["operationId"] for it in about}) == len(about)
        assert all(it["description"] for it in about)
        problems = [answer for it in about for status, answer in it["responses"].items() if int(status) >= 400]
        assert all(list(it["content"]) == ["application/problem+json"] for it in problems)
