"""What the tests of pages share: a browser of somebody who is signed in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from tests.ai.support import OWNER
from tests.api.support import Answer

from personal_assistant.people.sessions import create_session, find_session
from personal_assistant.workers.runtime import Runtime


class Asks(Protocol):
    """A client: over a socket, or from somewhere else in the network."""

    def __call__(
        self, path: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer: ...


def send_form(client: Asks, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
    """Post a form, without a session unless the headers have one."""
    sent = {"Content-Type": "application/x-www-form-urlencoded", **_named(headers)}
    return client(path, "POST", urlencode(fields).encode(), sent)


@dataclass(frozen=True)
class Browser:
    """One person's session. A posted form holds its token unless it is told otherwise."""

    client: Asks
    secret: str
    csrf: str

    def get(self, path: str, **headers: str) -> Answer:
        return self.client(path, headers={"Cookie": f"session={self.secret}", **_named(headers)})

    def post(self, path: str, form: dict[str, str] | None = None, *, csrf: str | None = None, **headers: str) -> Answer:
        fields = {"csrf": self.csrf if csrf is None else csrf, **(form or {})}
        return send_form(self.client, path, fields, **{"Cookie": f"session={self.secret}", **headers})


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def browser(runtime: Runtime, client: Asks, user_id: int = OWNER) -> Browser:
    """Somebody who has signed in."""
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        secret = create_session(conn, user_id, now, agent="tests", by="test")
        session = find_session(conn, secret, now)
    assert session is not None
    return Browser(client, secret, session.csrf)


def cookies(answer: Answer) -> str:
    """The cookies that an answer sets, each on a line."""
    return answer.headers.get("set-cookie", "")


def secret_of(answer: Answer, name: str = "session") -> str:
    """The secret of the session's cookie that an answer sets."""
    [found] = re.findall(rf"^{name}=([\w-]+);", cookies(answer), re.M)
    return str(found)


def addresses(html: str) -> set[str]:
    """Everything that a page loads, links to or sends to."""
    return set(re.findall(r'(?:src|href|action|hx-get|hx-post|hx-sse:connect)="([^"]*)"', html))
