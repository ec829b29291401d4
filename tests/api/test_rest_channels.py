"""Channels, routes, quiet hours and caps over REST: secrets stay hidden, edits meet only what was seen."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER
from tests.api.rest import Rest, channel_of, token_of
from tests.api.support import server

from personal_assistant.people.audit import list_entries
from personal_assistant.store.tables import addresses
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
URL = "https://hooks.example.org/s3cret"


@pytest.fixture
def mine(runtime: Runtime) -> Iterator[Rest]:
    with server(runtime) as client:
        yield Rest(client, token_of(runtime))


def test_a_channel_is_added_changed_put_first_paused_and_removed(runtime: Runtime, mine: Rest) -> None:
    assert mine("POST", "/channels", {"channel": "email", "url": "ada@example.org"}).json["secret"] is None
    added = mine("POST", "/channels", {"channel": "webhook", "url": URL, "name": "office"})
    channel = added.json
    assert (added.status, added.headers["location"]) == (201, f"/api/v1/channels/{channel['id']}")
    assert channel["secret"].startswith("whsec_") and channel["position"] == 2
    at = f"/channels/{channel['id']}"
    seen = mine("GET", at)
    assert "s3cret" not in seen.raw.text + added.raw.text and "secret" not in seen.json
    assert seen.headers["etag"] == added.headers["etag"] == f'"{channel["revision"]}"'
    changed = mine("PATCH", at, {"name": "work", "position": 1, "new_secret": True}).json
    assert (changed["name"], changed["position"]) == ("work", 1)
    assert changed["secret"].startswith("whsec_") and changed["secret"] != channel["secret"]
    assert [it["name"] for it in mine("GET", "/channels").json["items"]] == ["work", "email"]
    switched = [mine("POST", f"{at}/{verb}").json["enabled"] for verb in ("pause", "pause", "resume")]
    assert switched == [False, False, True]
    assert mine("DELETE", at).status == 204
    assert [mine(method, at).status for method in ("GET", "DELETE")] == [404, 404]
    with runtime.db.read() as conn:
        told = [(it.action, it.about) for it in list_entries(conn, OWNER, action="channel")]
    about = f"channel:{channel['id']}"
    assert told[:2] == [("channel.removed", about), ("channel.edited", about)]


@SQLITE
def test_a_change_meets_only_what_was_seen(mine: Rest) -> None:
    channel = mine("POST", "/channels", {"channel": "webhook", "url": URL}).json
    at, first = f"/channels/{channel['id']}", {"If-Match": f'"{channel["revision"]}"'}
    # What is shown of it stays as it is.
    assert mine("PATCH", at, {"url": f"{URL}-2"}, first).json["masked"] == channel["masked"]
    for method, body in (("PATCH", {"name": "late"}), ("DELETE", None)):
        assert mine(method, at, body, first).status == 412
    assert mine("PATCH", at, {"name": "any"}, {"If-Match": "*"}).status == 200
    for path, wished in (
        ("/routes", {"alert": []}),
        ("/quiet-hours", {"start": "22:00", "end": "07:00"}),
        ("/caps", {"sms": 5}),
    ):
        seen = {"If-Match": mine("GET", path).headers["etag"]}
        assert [mine("PUT", path, wished, seen).status for _ in range(2)] == [200, 412], path


@SQLITE
def test_what_makes_no_sense_changes_nothing(runtime: Runtime, mine: Rest) -> None:
    assert channel_of(runtime, OWNER) == 1
    there = ("/channels", "/routes", "/quiet-hours", "/caps")
    before = [mine("GET", it).json for it in there]
    for method, path, body, said in (
        ("POST", "/channels", {"channel": "in_app", "url": "x"}, "There are no addresses of 'in_app'"),
        ("POST", "/channels", {"channel": "webhook", "url": "ftp://s3cret.example.org"}, "has to begin with https://"),
        ("POST", "/channels", {"channel": "email", "url": "a@b.org", "name": "it"}, "There is an address 'it' already"),
        ("POST", "/channels", {"channel": "email", "url": "a@b.org", "secret": "x"}, "has no secret"),
        ("PATCH", "/channels/1", {}, "Say what to change"),
        ("PATCH", "/channels/1", {"position": 7}, "There is no place 7"),
        ("PATCH", "/channels/1", {"name": "new", "position": 7}, "There is no place 7"),
        ("PUT", "/routes", {"alert": ["it"], "result": ["nothing"]}, "no address of the name 'nothing'"),
        ("PUT", "/quiet-hours", {"start": "22:00"}, "need a beginning and an end"),
        ("PUT", "/quiet-hours", {"start": "22:00", "end": "25:00"}, "'25:00' is no time of day"),
        ("PUT", "/caps", {"sms": -1}, "body.sms"),
    ):
        answer = mine(method, path, body)
        assert answer.status == 422 and said in answer.json["detail"], (path, body, answer.raw.text)
        assert "s3cret" not in answer.raw.text
    assert [mine("GET", it).json for it in there] == before


def test_wishes_are_put_and_read(runtime: Runtime, mine: Rest) -> None:
    channel_of(runtime, OWNER, name="it")
    routes = mine("PUT", "/routes", {"reminder": ["it"], "result": []}).json
    assert [routes[kind] for kind in ("reminder", "alert", "result")] == [["it"], None, []]
    hours = mine("PUT", "/quiet-hours", {"start": "22:00", "end": "07:00"}).json
    assert (hours["start"], hours["end"]) == ("22:00", "07:00")
    assert mine("PUT", "/quiet-hours", {}).json["start"] is None
    assert mine("PUT", "/caps", {"sms": 5, "push": 0}).json["push"] == 0
    assert mine("PUT", "/caps", {"sms": 6}).json["push"] is None
    mine("DELETE", "/channels/1")
    assert mine("GET", "/routes").json["reminder"] is None


@SQLITE
def test_a_test_message_is_a_job_and_asking_again_makes_no_second_one(runtime: Runtime, mine: Rest) -> None:
    at, key = f"/channels/{channel_of(runtime, OWNER)}/test", {"Idempotency-Key": "k"}
    first, again = mine("POST", at, headers=key), mine("POST", at, headers=key)
    assert (first.status, first.json["scheduler_alive"]) == (202, False)
    assert again.json == first.json and again.headers["idempotent-replay"] == "true"
    assert mine("POST", at).json["job_id"] == first.json["job_id"]
    job = mine("GET", f"/jobs/{first.json['job_id']}").json
    assert job["task"].endswith(".test_channel") and "s3cret" not in str(job)


@SQLITE
def test_a_secret_that_cannot_be_opened_is_told_in_a_sentence(runtime: Runtime, mine: Rest) -> None:
    channel_of(runtime, OWNER)
    with runtime.db.write() as conn:
        conn.execute(sa.update(addresses).values(sealed="v1:broken"))
    assert mine("GET", "/channels/1").status == 200
    assert mine("PATCH", "/channels/1", {"new_secret": True}).status == 422
