"""What a person is to be told, where, and what can come of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from personal_assistant.errors import AssistantError, PermanentError, TransientError

# The task that brings a message over one channel, and its queue.
DELIVER = "personal_assistant.workers.tasks.notification_tasks.deliver_message"
QUEUE = "email_tasks"


@dataclass(frozen=True, slots=True)
class Message:
    """What a person is to be told. `key` names the event: a message with a key that was sent is not sent again.

    channels: the channels to try, in this order; none for the person's own order for this kind, only in_app for none.
    topic: what it is about, finer than `kind` ("notice", "repeat", "escalation", "digest", …).
    urgent: it is sent in quiet hours, too.
    expires_at: it is not sent outside of the assistant from then on.
    follow_at: when something is to follow unless it is done by then.
    thread_id: the first message about the same thing.
    route: ids of addresses to try, in this order, instead of channels.
    outward: False for one that stays in the in-app list.
    """

    key: str
    user_id: int
    kind: str
    title: str
    body: str | None
    channels: Sequence[str] | None
    job_id: str | None = None
    ai_task_id: int | None = None
    due_at: datetime | None = None
    topic: str | None = None
    urgent: bool = False
    expires_at: datetime | None = None
    follow_at: datetime | None = None
    thread_id: int | None = None
    route: Sequence[int] | None = None
    outward: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """An opened address: where it goes, and what the sender signs with. Both are secrets."""

    url: str = field(repr=False)
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Address:
    """One way to reach a person outside of the assistant, as it may be shown."""

    id: int
    user_id: int
    channel: str
    name: str
    masked: str
    position: int
    enabled: bool


@dataclass(frozen=True, slots=True)
class Link:
    """Something that a message lets its person do."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """All that a sender needs to bring one message to one address.

    `key` is the same at every attempt: a service that takes an idempotency key is given it. `zone` is the person's.
    """

    key: str
    attempt: int
    address: Address
    target: Target
    message_id: int
    kind: str
    topic: str | None
    title: str
    body: str | None
    urgent: bool
    due_at: datetime | None
    created_at: datetime
    zone: str
    person: str
    links: Sequence[Link] = ()


class Refused(PermanentError):  # noqa: N818 - an answer, named as such
    """It will never be taken there: the next channel takes over."""


class TryLater(TransientError):  # noqa: N818
    """It was certainly not taken, and may be later (in `retry_after` seconds, where the service says so)."""


class Unknown(TransientError):  # noqa: N818
    """It may have been taken: the connection ended or timed out after the message was on its way."""


class AddressError(AssistantError):
    """An address that cannot be used; says why and what would do. `field` is what of it cannot be, where it is one."""

    def __init__(self, said: str, field: str = "") -> None:
        super().__init__(said)
        self.field = field


class AddressNotFoundError(AddressError):
    """A person has no address of that name or id."""
