"""What the tests of pages share: a browser of somebody who is signed in."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.ai.support import OWNER
from tests.api.support import Answer, Client

from personal_assistant.people.sessions import create_session, find_session
from personal_assistant.workers.runtime import Runtime


@dataclass(frozen=True)
class Browser:
    """One person's session. A posted form holds its token unless it is told otherwise."""

    client: Client
    secret: str
    csrf: str

    def get(self, path: str, **headers: str) -> Answer:
        return self.client(path, headers={"Cookie": f"session={self.secret}", **_named(headers)})

    def post(self, path: str, form: dict[str, str] | None = None, *, csrf: str | None = None, **headers: str) -> Answer:
        fields = {"csrf": self.csrf if csrf is None else csrf, **(form or {})}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        sent = {"Cookie": f"session={self.secret}", **kind, **_named(headers)}
        return self.client(path, "POST", urlencode(fields).encode(), sent)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def browser(runtime: Runtime, client: Client, user_id: int = OWNER) -> Browser:
    """Somebody who has signed in."""
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        secret = create_session(conn, user_id, now, agent="tests", by="test")
        session = find_session(conn, secret, now)
    assert session is not None
    return Browser(client, secret, session.csrf)


def cookies(answer: Answer) -> str:
    """The cookies that an answer sets."""
    return answer.headers.get("set-cookie", "")


def addresses(html: str) -> set[str]:
    """Everything that a page loads, links to or sends to."""
    return set(re.findall(r'(?:src|href|action|hx-get|hx-post|hx-sse:connect)="([^"]*)"', html))
