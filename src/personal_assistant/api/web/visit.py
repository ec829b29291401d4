"""One request of somebody who is signed in, and what a page can answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from personal_assistant.api.web.access import over_tls
from personal_assistant.api.web.rendering import render
from personal_assistant.people.accounts import Account
from personal_assistant.people.sessions import Session
from personal_assistant.workers.runtime import Runtime

_SAID, _SAID_SECONDS, _LONGEST_SAID = "said", 30, 300
_UNDO = "|"


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks for what. `form` holds the fields of a POST, whose token has been checked."""

    request: Request
    runtime: Runtime
    account: Account
    session: Session
    now: datetime
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def user_id(self) -> int:
        return self.account.id

    @property
    def is_admin(self) -> bool:
        return self.account.role == "admin"

    @property
    def is_partial(self) -> bool:
        """Whether a part of a page asks, not a person who goes there."""
        return self.request.headers.get("hx-request") == "true"

    def number(self, name: str) -> int:
        """A number of the address; -1, which nothing has, for what is none."""
        text = self.request.path_params[name]
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else -1

    def query(self, name: str, longest: int = 200) -> str:
        """What was asked for behind the «?»."""
        return self.request.query_params.get(name, "")[:longest].strip()

    def place(self, name: str) -> int | None:
        """Where a list goes on: a number behind the «?»; None for what is none."""
        text = self.query(name)
        return int(text) if text.isascii() and text.isdecimal() else None

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page from a template. What was done before is said on it, once, with a way to undo it."""
        said, _, undo = "", "", ""
        if not self.is_partial:
            said, _, undo = self.request.cookies.get(_SAID, "").partition(_UNDO)
        said, can_undo = unquote(said)[:_LONGEST_SAID], undo.isascii() and undo.isdecimal() and len(undo) < 10
        answer = render(template, status, visit=self, said=said, undo=int(undo) if can_undo else None, **values)
        if said:
            answer.delete_cookie(_SAID, path="/", httponly=True, samesite="lax")
        return answer

    def go(self, path: str, said: str = "", *, undo: int | None = None) -> Response:
        """Go to another page, which says what was done; `undo` is the AI task to which it can be undone."""
        answer = RedirectResponse(path, 303)
        if said:
            # In a cookie: what stands in an address could be put there by somebody else.
            text = quote(said[:_LONGEST_SAID]) + (f"{_UNDO}{undo}" if undo is not None else "")
            secure = over_tls(self.request)
            answer.set_cookie(
                _SAID, text, max_age=_SAID_SECONDS, path="/", secure=secure, httponly=True, samesite="lax"
            )
        return answer

    def refuse(self, error: Exception) -> Response:
        """Say why something was not done; nothing has changed."""
        return self.render("refused.html", 422, reason=str(error))
