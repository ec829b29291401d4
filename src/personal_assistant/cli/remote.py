"""Commands on an assistant on another machine: ASSISTANT_URL says where it is, ASSISTANT_TOKEN whose it is.

What these commands need of a session, of AI tasks and of lists is here once more, answered by REST.
"""

import os
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from personal_assistant.errors import AssistantError

if TYPE_CHECKING:
    from personal_assistant.ai.extras import Extras
    from personal_assistant.ai.model import AITask
    from personal_assistant.client import Client
    from personal_assistant.jobs.log_lines import LogLine
    from personal_assistant.jobs.model import JobError, JobView
    from personal_assistant.notifications.inbox import Notification, Try

_URL, _TOKEN = "ASSISTANT_URL", "ASSISTANT_TOKEN"
# The commands that work from another machine, with their verbs where they have some.
_THERE: dict[str, frozenset[str]] = {
    "remind": frozenset(),
    "done": frozenset(),
    "snooze": frozenset(),
    "skip": frozenset(),
    "ai-tasks": frozenset({"list", "show", "pause", "resume", "run", "cancel"}),
    "notifications": frozenset({"list", "show", "read", "quiet-hours", "route", "cap", "settings", "test"}),
    "channels": frozenset({"list", "add", "edit", "move", "pause", "resume", "remove", "test"}),
    "jobs": frozenset({"list", "show", "logs"}),
}
_MOST_SORTED = 10_000
_T = TypeVar("_T")


def check(arguments: Sequence[str]) -> None:
    """Raises AssistantError for a command that needs the machine itself, where another one is named."""
    if not os.environ.get(_URL) or {"--help", "-h", "--version"} & set(arguments):
        return
    words = [it for it in arguments if not it.startswith("-")]
    if not words:
        return
    verbs = _THERE.get(words[0])
    if verbs is not None and (not verbs or len(words) < 2 or words[1] in verbs):
        return
    name = " ".join(words[: 2 if verbs else 1])
    raise AssistantError(
        f"`assistant {name}` needs the machine itself: run it there, or unset {_URL}, which names another one."
    )


@lru_cache(maxsize=1)
def remote() -> "Remote | None":
    """The other machine's assistant, where one is named. Raises AssistantError without a token, ClientError."""
    from personal_assistant.client import Client

    url, token = os.environ.get(_URL), os.environ.get(_TOKEN)
    if not url:
        return None
    if not token:
        raise AssistantError(f"{_URL} is set, and {_TOKEN} is not: `assistant tokens add` over there makes one.")
    return Remote(Client(url, token))


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Owner:
    """Whose token it is."""

    def __init__(self, client: "Client") -> None:
        me = client.me()
        self.id, self.zone = me["id"], me["zone"]


class Remote:
    """What a session is on the machine itself."""

    def __init__(self, client: "Client") -> None:
        self.client, self.owner, self.clock = client, Owner(client), _Clock()
        self.runtime = self  # its clock is all that these commands ask of it
        self.ai_tasks = RemoteAITasks(client, self.owner.id)

    def local(self, instant: datetime | None) -> str:
        """An instant on the person's clock, or a dash."""
        from personal_assistant.cli.session import local

        return local(instant, self.owner.zone)

    def answer(self, as_json: bool, document: dict[str, Any], text: str) -> None:
        """Say what was accepted, and loudly so when nobody is there to do it."""
        from personal_assistant.cli.output import print_json, say, warn

        alive = self.client.scheduler_alive()
        print_json({**document, "scheduler_alive": alive}) if as_json else say(text)
        if not alive:
            warn("⚠️ Nothing will fire yet: no scheduler is alive there.")

    def jobs(self, **wished: Any) -> "list[JobView]":
        """Jobs, the newest first."""
        from personal_assistant.jobs.model import JobView

        return [made(JobView, it) for it in self.client.list_jobs(**wished)]

    def job(self, job_id: str) -> "tuple[JobView, list[JobError]]":
        """One job with its failed attempts."""
        from personal_assistant.jobs.model import JobError, JobView

        found = self.client.get_job(job_id)
        return made(JobView, found), [made(JobError, it) for it in found["attempts"]]

    def job_log(self, job_id: str) -> "list[LogLine]":
        """What it logged, the earliest line first."""
        from personal_assistant.jobs.log_lines import LogLine

        return [made(LogLine, it) for it in self.client.list_job_log(job_id)]

    def notifications(self, unread: bool, limit: int) -> "list[Notification]":
        """The newest first."""
        from personal_assistant.notifications.inbox import Notification

        return [made(Notification, it) for it in self.client.list_notifications(unread=unread, limit=limit)]

    def notification(self, notification_id: int) -> "tuple[Notification, list[Try]]":
        """One with its tries."""
        from personal_assistant.notifications.inbox import Notification, Try

        found = self.client.get_notification(notification_id)
        return made(Notification, found), [made(Try, it) for it in found["tries"]]

    def mark_read(self, notification_id: int | None) -> int:
        """One or all (None); returns how many were unread."""
        if notification_id is None:
            return self.client.read_notifications()
        unread = self.client.get_notification(notification_id)["read_at"] is None
        self.client.read_notification(notification_id)
        return int(unread)


class RemoteAITasks:
    """What an AITaskManager is on the machine itself, as far as these commands use it."""

    def __init__(self, client: "Client", user_id: int) -> None:
        self._client, self._user_id = client, user_id

    def get_user_tasks(self, user_id: int, state: str | None, limit: int) -> "list[AITask]":
        """Those with a next instant first, by that instant."""
        del user_id
        found = [self._task(it) for it in self._client.list_ai_tasks(state=state, limit=_MOST_SORTED)]
        last = datetime.max.replace(tzinfo=UTC)
        return sorted(found, key=lambda it: (it.next_run_at is None, it.next_run_at or last, -it.id))[:limit]

    def create_from_words(
        self, user_id: int, words: str, *, when: str | None, extras: dict[str, Any], **options: Any
    ) -> "AITask":
        del user_id
        said = {"words": words} if when is None else {"title": words, "when": when}
        given = {name: value for name, value in options.items() if value is not None}
        return self._task(self._client.create_ai_task(**said, **given, **extras))

    def get_task(self, task_id: int, user_id: int) -> "AITask":
        del user_id
        return self._task(self._client.get_ai_task(task_id))

    def extras_of(self, task_id: int) -> "Extras":
        from personal_assistant.ai.extras import Extras

        return made(Extras, self._client.get_ai_task(task_id)["wishes"])

    def channels_not_set_up(self, task: "AITask") -> tuple[str, ...]:
        """REST does not tell."""
        del task
        return ()

    def pause_in_words(self, task_id: int, until: str | None) -> "tuple[AITask, datetime | None]":
        """Paused, and until when."""
        found = self._client.pause_ai_task(task_id, until)
        resume_at = found["wishes"]["resume_at"]
        return self._task(found), None if resume_at is None else _instant(resume_at)

    def resume_task(self, task_id: int, user_id: int) -> "AITask":
        del user_id
        return self._task(self._client.resume_ai_task(task_id))

    def run_now(self, task_id: int, user_id: int) -> str:
        """The job's id."""
        del user_id
        return self._client.run_ai_task(task_id)["job_id"]

    def cancel_task(self, task_id: int, user_id: int) -> "AITask":
        del user_id
        return self._task(self._client.cancel_ai_task(task_id))

    def skip_next(self, task_id: int) -> "AITask":
        return self._task(self._client.skip_ai_task(task_id))

    def _task(self, found: dict[str, Any]) -> "AITask":
        from personal_assistant.ai.model import AITask

        return made(AITask, {**found, "user_id": self._user_id})


def made(kind: type[_T], found: dict[str, Any]) -> _T:
    """A dataclass from its JSON. Texts of its fields that are called like instants become instants."""
    values = {field.name: found.get(field.name) for field in fields(kind)}  # type: ignore[arg-type]
    instants = {name: _instant(it) for name, it in values.items() if _is_instant(name) and isinstance(it, str)}
    return kind(**{**values, **instants})


def _is_instant(name: str) -> bool:
    return name == "at" or name.endswith("_at")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
