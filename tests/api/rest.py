"""What the tests of REST share: a token, requests in JSON, and every route that the OpenAPI document names."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.ai.support import OWNER
from tests.api.support import Answer, Client

from personal_assistant.notifications.addresses import add_address
from personal_assistant.people.tokens import create_token
from personal_assistant.store.secrets import vault_of
from personal_assistant.workers.runtime import Runtime


def token_of(
    runtime: Runtime, user_id: int = OWNER, *scopes: str, expires_at: datetime | None = None, name: str = "tests"
) -> str:
    """The secret of a new token."""
    with runtime.db.write() as conn:
        return create_token(conn, user_id, name, scopes or ("write",), expires_at, runtime.clock.now())[1]


def channel_of(runtime: Runtime, user_id: int, url: str = "https://hooks.example.org/s3cret", name: str = "it") -> int:
    """The id of a new webhook of somebody's."""
    vault, now = vault_of(runtime.settings), runtime.clock.now()
    with runtime.db.write() as conn:
        return add_address(conn, vault, user_id, "webhook", url, name=name, now=now)[0].id


@dataclass(frozen=True)
class Rest:
    """One person's requests."""

    client: Client
    token: str | None

    def __call__(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> "RestAnswer":
        sent = {"Content-Type": "application/json"} if body is not None else {}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return RestAnswer(self.client(f"/api/v1{path}", method, data, {**sent, **(headers or {})}))


@dataclass(frozen=True)
class RestAnswer:
    """An answer in JSON."""

    raw: Answer

    @property
    def status(self) -> int:
        return self.raw.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.raw.headers

    @property
    def json(self) -> Any:
        return json.loads(self.raw.body) if self.raw.body else None


@dataclass(frozen=True)
class Route:
    """A route; `body` is one that it takes. One that `streams` gives an answer without an end."""

    method: str
    path: str
    scopes: list[str]
    body: Any
    statuses: list[str]
    streams: bool


# One that is right for each kind of body. A new kind needs one, too.
_BODIES: Mapping[str, Any] = {
    "NewAITask": {"words": "stretch in 10 minutes"},
    "ChangedAITask": {"title": "Changed"},
    "Until": {"words": "for 20 minutes"},
    "ChangedMe": {"full_name": "Changed"},
    "ChangedUser": {"full_name": "Changed"},
    "NewUser": {"email": "new@example.org"},
    "NewToken": {"name": "new"},
    "Text": {"when": "tomorrow at 9am"},
    "Replay": {"state": "failed"},
    "NewChannel": {"channel": "email", "url": "ada@example.org"},
    "ChangedChannel": {"name": "Changed"},
    "Routes": {"result": []},
    "QuietHours": {"start": "22:00", "end": "07:00"},
    "Caps": {"sms": 5},
    "ChangedSchedule": {"when": "every day at 4"},
}


def routes(client: Client) -> Iterator[Route]:
    """Every route of the OpenAPI document; one whose body may be left out comes twice."""
    document = Rest(client, None)("GET", "/openapi.json").json
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            given = about.get("requestBody", {"content": {}})
            bodies = [_body(it["schema"]) for it in given["content"].values()]
            if not given.get("required"):
                bodies.append(None)
            (security,) = about["security"]
            for body in bodies:
                yield Route(method.upper(), path, security["token"], body, list(about["responses"]), _streams(about))


def _body(schema: Mapping[str, Any]) -> Any:
    kind = schema["$ref"] if "$ref" in schema else schema["anyOf"][0]["$ref"]
    return _BODIES[kind.rpartition("/")[2]]


def _streams(about: Mapping[str, Any]) -> bool:
    return any("text/event-stream" in it.get("content", {}) for it in about["responses"].values())
