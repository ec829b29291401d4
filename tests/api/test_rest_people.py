"""People and tokens over REST."""

from datetime import timedelta

import pytest
from tests.ai.support import OWNER
from tests.api.rest import Rest, token_of
from tests.api.support import server
from tests.people.support import BY_OWNER, member

from personal_assistant.people.accounts import edit_account
from personal_assistant.people.audit import list_entries
from personal_assistant.people.one_time_links import find_link
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_an_admin_invites_edits_and_switches_off(runtime: Runtime, clock: ManualClock) -> None:
    with server(runtime) as client:
        admin = Rest(client, token_of(runtime, OWNER, "admin"))
        made = admin("POST", "/users", {"email": "new@example.org", "full_name": "New", "zone": "Europe/Berlin"})
        user_id = made.json["id"]
        assert (made.status, made.headers["location"], made.headers["etag"]) == (201, f"/api/v1/users/{user_id}", '"1"')
        assert (made.json["role"], made.json["language"], made.json["has_password"]) == ("member", "en", False)
        link = made.json["link"].rpartition("/")[2]
        with runtime.db.read() as conn:
            assert find_link(conn, link, "invite", clock.now()) is not None
        assert admin("POST", "/users", {"email": "NEW@example.org"}).status == 409
        assert [it["id"] for it in admin("GET", "/users").json["items"]] == [OWNER, user_id]
        first = admin("GET", "/users?limit=1").json
        rest = admin("GET", f"/users?limit=1&cursor={first['next_cursor']}").json
        assert ([it["id"] for it in rest["items"]], rest["next_cursor"]) == ([user_id], None)
        path, seen = f"/users/{user_id}", {"If-Match": '"1"'}
        changed = admin("PATCH", path, {"role": "admin", "full_name": None}, seen)
        assert (changed.json["role"], changed.json["full_name"], changed.headers["etag"]) == ("admin", None, '"2"')
        assert admin("PATCH", path, {"language": "de"}, seen).status == 412
        theirs = Rest(client, token_of(runtime, user_id, "admin"))
        assert theirs("GET", "/users").status == 200
        assert admin("PATCH", path, {"role": "member"}).status == 200
        assert (theirs("GET", "/users").status, theirs("GET", "/me").status) == (403, 200)
        assert admin("POST", f"{path}/pause").json["is_active"] is False
        assert admin("POST", f"{path}/pause").json["revision"] == 4
        assert theirs("GET", "/me").status == 401
        assert admin("POST", f"{path}/resume").json["is_active"] is True
        assert admin("GET", path).json["revision"] == 5
        assert admin("GET", "/users/999").json["detail"] == "There is no person 999."
    with runtime.db.read() as conn:
        noted = [(it.user_id, it.action, it.by) for it in reversed(list_entries(conn, None, action="user"))]
    actions = ("user.invited", "user.edited", "user.edited", "user.paused", "user.resumed")
    assert noted == [(OWNER, action, "api") for action in actions]


@SQLITE
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/users", {"email": "x"}),
        ("POST", "/users", {"email": "a@b\r\nBcc: c@d"}),
        ("POST", "/users", {"email": "a@b", "zone": "Europe/Nowhere"}),
        ("POST", "/users", {"email": "a@b", "language": "English"}),
        ("POST", "/users", {"email": "a@b", "role": "owner"}),
        ("POST", "/users", {"email": "a@b", "is_owner": True}),
        ("PATCH", "/users/1", {}),
        ("PATCH", "/users/1", {"role": "member"}),
        ("PATCH", "/users/1", {"zone": None}),
        ("PATCH", "/users/1", {"email": "é@example.org"}),
        ("PATCH", "/users/1", {"full_name": "x" * 101}),
        ("PATCH", "/users/1", {"hashed_password": "x"}),
        ("PATCH", "/me", {"email": "a@b"}),
        ("PATCH", "/me", {"role": "admin"}),
        ("PATCH", "/me", {"full_name": "a\nb"}),
        ("POST", "/users/1/pause", None),
        ("POST", "/tokens", {"name": "x", "scopes": ["all"]}),
        ("POST", "/tokens", {"name": "x", "scopes": []}),
        ("POST", "/tokens", {"name": "x", "expires_at": "2026-06-01T00:00:00Z"}),
        ("POST", "/tokens", {"name": "x", "expires_at": "0001-01-01T00:00:00+14:00"}),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    runtime: Runtime, method: str, path: str, body: dict[str, object] | None
) -> None:
    with server(runtime) as client:
        admin = Rest(client, token_of(runtime, OWNER, "admin"))
        paths = ("/users", "/me", "/tokens")
        before = [
            {**admin("GET", it).raw.headers, "date": ""} | {"body": admin("GET", it).raw.text} for it in paths[:2]
        ]
        assert admin(method, path, body).status == 422
        after = [{**admin("GET", it).raw.headers, "date": ""} | {"body": admin("GET", it).raw.text} for it in paths[:2]]
        assert [it["body"] for it in after] == [it["body"] for it in before]
        assert len(admin("GET", "/tokens").json) == 1


@SQLITE
def test_one_changes_ones_own_name_zone_and_language(runtime: Runtime, clock: ManualClock) -> None:
    user_id = member(runtime.db, clock)
    with server(runtime) as client:
        mine = Rest(client, token_of(runtime, user_id))
        changed = mine("PATCH", "/me", {"full_name": " G ", "zone": "europe/berlin", "language": "pt-BR"})
        told = mine("GET", "/me")
        assert told.headers["etag"] == changed.headers["etag"] == '"2"'
        assert (told.json["full_name"], told.json["zone"], told.json["language"]) == ("G", "Europe/Berlin", "pt-BR")
        assert told.json["scopes"] == ["read", "write"]
        assert mine("PATCH", "/me", {"zone": "UTC"}, {"If-Match": '"1"'}).status == 412
        owner = Rest(client, token_of(runtime))
        assert owner("PATCH", "/me", {"zone": "Asia/Tokyo"}).json["zone"] == "Asia/Tokyo"


def test_a_token_makes_no_greater_one(runtime: Runtime, clock: ManualClock) -> None:
    user_id, end = member(runtime.db, clock, role="admin"), clock.now() + timedelta(hours=1)
    with server(runtime) as client:
        mine = Rest(client, token_of(runtime, user_id, expires_at=end))
        for body in (
            {"name": "x", "scopes": ["admin"], "expires_at": end.isoformat()},
            {"name": "x", "scopes": ["read"]},
            {"name": "x", "scopes": ["read"], "expires_at": (end + timedelta(seconds=1)).isoformat()},
        ):
            assert mine("POST", "/tokens", body).status == 422, body
        made = mine("POST", "/tokens", {"name": "x", "scopes": ["read"], "expires_at": end.isoformat()})
        assert made.status == 201
        child = Rest(client, made.json["secret"])
        listed = child("GET", "/tokens")
        assert [it["name"] for it in listed.json] == ["x", "tests"]
        assert made.json["secret"] not in listed.raw.text
        assert child("POST", "/tokens", {"name": "y"}).status == 403
        assert mine("DELETE", f"/tokens/{made.json['id']}").status == 204
        assert child("GET", "/tokens").status == 401
        strong = Rest(client, token_of(runtime, user_id, "admin"))
        with runtime.db.write() as conn:
            edit_account(conn, user_id, clock.now(), {"role": "member"}, actor=BY_OWNER)
        assert strong("POST", "/tokens", {"name": "z", "scopes": ["admin"]}).status == 422
