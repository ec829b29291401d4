"""A client of REST under `/api/v1`, for programs that are written in Python.

    client = Client("https://assistant.example.org", "pat_…")
    client.create_ai_task(words="call mom tomorrow at 9am")

What is answered is the JSON that the OpenAPI document describes; instants are text in ISO 8601.
"""

import http.client
import json
import ssl
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict, cast
from urllib.parse import quote, urlencode, urlsplit

from personal_assistant.errors import AssistantError

_SECONDS = 30.0
_MOST_BYTES = 64 * 1024 * 1024
_PAGE = 200
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})

Json = dict[str, Any]


class ClientError(AssistantError):
    """A request that was not answered as it should be; `status` is None where there was no answer at all."""

    def __init__(self, said: str, status: int | None = None) -> None:
        super().__init__(said)
        self.status = status


class Me(TypedDict):
    """Whose token this is."""

    id: int
    email: str
    name: str | None
    zone: str
    scopes: list[str]


class Queued(TypedDict):
    """The job that does something."""

    job_id: str
    scheduler_alive: bool


class Client:
    """One person's requests. `url` is that of the assistant, without `/api/v1`; `token` a personal API token.

    Every method raises ClientError. Nothing is redirected, and the token goes to no other host.
    """

    def __init__(self, url: str, token: str, *, seconds: float = _SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ClientError("The URL of the assistant is like https://assistant.example.org.")
        if parts.scheme == "http" and parts.hostname not in _HERE:
            raise ClientError(
                "The token would go over the network unencrypted: use https://, or a tunnel to this machine."
            )
        if not token.isascii() or not token.isprintable() or not token:
            raise ClientError("The token is what `assistant tokens add` printed, like pat_….")
        self._encrypted, self._host = parts.scheme == "https", parts.hostname
        self._port, self._base = parts.port, parts.path.rstrip("/")
        self._token, self._seconds = token, seconds

    def __repr__(self) -> str:
        return f"Client({self._host})"

    def me(self) -> Me:
        """Whose token this is."""
        return cast("Me", self.request("GET", "/me"))

    def scheduler_alive(self) -> bool:
        """Whether anything is there that fires what gets scheduled."""
        return self._ask("GET", "/health/ready", None, {}).get("scheduler_alive") is True

    def create_ai_task(self, **fields: Any) -> Json:
        """Schedule something: `words`, or a `title` with `when` or a `schedule_type`. Sent again it is done once."""
        return self.request("POST", "/ai-tasks", fields, key=str(uuid.uuid4()))

    def list_ai_tasks(self, *, state: str | None = None, limit: int = 50) -> list[Json]:
        """Your AI tasks, the newest first."""
        return self._list("/ai-tasks", {"state": state}, limit)

    def get_ai_task(self, ai_task_id: int) -> Json:
        return self.request("GET", f"/ai-tasks/{ai_task_id}")

    def calendar(self, first: str, last: str) -> Json:
        """What came from one day to another, like 2026-11-28, and what is to come."""
        return self.request("GET", f"/ai-tasks/calendar?{urlencode({'from': first, 'to': last})}")

    def pause_ai_task(self, ai_task_id: int, until: str | None = None) -> Json:
        """Let it rest until it is resumed, or until a time in words."""
        body = {"words": until} if until is not None else None
        return self.request("POST", f"/ai-tasks/{ai_task_id}/pause", body)

    def resume_ai_task(self, ai_task_id: int) -> Json:
        return self.request("POST", f"/ai-tasks/{ai_task_id}/resume")

    def cancel_ai_task(self, ai_task_id: int) -> Json:
        return self.request("POST", f"/ai-tasks/{ai_task_id}/cancel")

    def finish_ai_task(self, ai_task_id: int) -> Json:
        """Say that its newest occurrence is done."""
        return self.request("POST", f"/ai-tasks/{ai_task_id}/done")

    def snooze_ai_task(self, ai_task_id: int, words: str) -> Json:
        """Have its newest occurrence come again later."""
        return self.request("POST", f"/ai-tasks/{ai_task_id}/snooze", {"words": words})

    def skip_ai_task(self, ai_task_id: int) -> Json:
        """Leave out its next time."""
        return self.request("POST", f"/ai-tasks/{ai_task_id}/skip", key=str(uuid.uuid4()))

    def run_ai_task(self, ai_task_id: int) -> Queued:
        """Run it once now."""
        return cast("Queued", self.request("POST", f"/ai-tasks/{ai_task_id}/run", key=str(uuid.uuid4())))

    def list_notifications(self, *, unread: bool = False, limit: int = 50) -> list[Json]:
        """Your notifications, the newest first."""
        return self._list("/notifications", {"unread": "true" if unread else None}, limit)

    def get_notification(self, notification_id: int) -> Json:
        """One, with its tries to reach you outside of the assistant."""
        return self.request("GET", f"/notifications/{notification_id}")

    def read_notification(self, notification_id: int) -> Json:
        return self.request("POST", f"/notifications/{notification_id}/read")

    def read_notifications(self) -> int:
        """Mark all as read; returns how many were unread."""
        return int(self.request("POST", "/notifications/read")["marked"])

    def finish_notification(self, notification_id: int) -> Json:
        return self.request("POST", f"/notifications/{notification_id}/done")

    def snooze_notification(self, notification_id: int, words: str) -> Json:
        return self.request("POST", f"/notifications/{notification_id}/snooze", {"words": words})

    def list_channels(self) -> list[Json]:
        """Your channels, in the order in which they are tried."""
        return list(self.request("GET", "/channels")["items"])

    def add_channel(self, **fields: Any) -> Json:
        """A way to reach you: `channel` and `url`. The `secret` that a webhook is signed with is told this once."""
        return self.request("POST", "/channels", fields)

    def change_channel(self, channel_id: int, **fields: Any) -> Json:
        """Change its `url`, `name`, `position` or secret (`new_secret`)."""
        return self.request("PATCH", f"/channels/{channel_id}", fields)

    def pause_channel(self, channel_id: int) -> Json:
        return self.request("POST", f"/channels/{channel_id}/pause")

    def resume_channel(self, channel_id: int) -> Json:
        return self.request("POST", f"/channels/{channel_id}/resume")

    def remove_channel(self, channel_id: int) -> None:
        self.request("DELETE", f"/channels/{channel_id}")

    def test_channel(self, channel_id: int) -> Queued:
        """Have a test message sent there. What came of it is the job's result."""
        return cast("Queued", self.request("POST", f"/channels/{channel_id}/test", key=str(uuid.uuid4())))

    def get_wishes(self, what: str) -> Json:
        """Your `routes`, `quiet-hours` or `caps`, with their `revision`."""
        return self.request("GET", f"/{what}")

    def set_wishes(self, what: str, wishes: Mapping[str, Any], revision: str | None = None) -> Json:
        """Put others in their place, as a whole; with a `revision` only while it is theirs."""
        given = {name: value for name, value in wishes.items() if name != "zone"}
        return self.request("PUT", f"/{what}", given, match=revision)

    def list_jobs(
        self,
        *,
        states: list[str] | None = None,
        task: str | None = None,
        text: str | None = None,
        ai_task_id: int | None = None,
        limit: int = 50,
    ) -> list[Json]:
        """Jobs, the newest first: yours, and everybody's with the scope admin."""
        wished = {"state": states or None, "task": task, "text": text, "ai_task_id": ai_task_id}
        return self._list("/jobs", wished, limit)

    def get_job(self, job_id: str) -> Json:
        """One, with its failed attempts and its timeline."""
        return self.request("GET", f"/jobs/{quote(job_id, safe='')}")

    def list_job_log(self, job_id: str, *, limit: int = 10_000) -> list[Json]:
        """What it logged, the earliest line first."""
        return self._list(f"/jobs/{quote(job_id, safe='')}/logs", {}, limit)

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        match: str | None = None,
    ) -> Json:
        """Any request under `/api/v1`; its answer in JSON. With a `key` it is sent again once, should it get lost.

        With `match`, a revision, only that is changed.
        """
        headers = {} if key is None else {"Idempotency-Key": key}
        if match is not None:
            headers["If-Match"] = f'"{match}"'
        try:
            return self._ask(method, f"/api/v1{path}", body, headers)
        except ClientError as error:
            if error.status is not None or (key is None and method != "GET"):
                raise
            return self._ask(method, f"/api/v1{path}", body, headers)

    def _list(self, path: str, wished: Mapping[str, Any], limit: int) -> list[Json]:
        given = {name: value for name, value in wished.items() if value is not None}
        return list(self._pages(path, given, limit))

    def _pages(self, path: str, wished: Mapping[str, Any], left: int) -> Iterator[Json]:
        cursor: dict[str, str] = {}
        while left > 0:
            query = urlencode({**wished, "limit": min(left, _PAGE), **cursor}, doseq=True)
            page = self.request("GET", f"{path}?{query}")
            yield from page["items"]
            left -= len(page["items"])
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Json:
        sent = {"Authorization": f"Bearer {self._token}", "Accept": "application/json", **headers}
        data = None
        if body is not None:
            data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        connection = self._connection()
        try:
            connection.request(method, self._base + path, data, sent)
            answer = connection.getresponse()
            text = answer.read(_MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise ClientError(f"{self._host} does not answer: {error or type(error).__name__}.") from error
        finally:
            connection.close()
        return self._read(answer.status, text)

    def _connection(self) -> http.client.HTTPConnection:
        if not self._encrypted:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._seconds)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._seconds, context=context)

    def _read(self, status: int, text: bytes) -> Json:
        try:
            found = json.loads(text) if text else {}
        except ValueError as error:
            raise ClientError(f"{self._host} answered what no assistant does (status {status}).", status) from error
        if not isinstance(found, dict):
            raise ClientError(f"{self._host} answered what no assistant does (status {status}).", status)
        if status < 300:
            return found
        detail = found.get("detail")
        raise ClientError(str(detail or f"{self._host} answered with status {status}.")[:1000], status)
