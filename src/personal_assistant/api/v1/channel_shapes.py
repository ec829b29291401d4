"""What is sent and answered about channels and what a person wishes of messages."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from personal_assistant.api.v1.shapes import Given

_URL = Field(
    description="Where to: a mail address, an Apprise URL (sms, push) or an https:// URL (webhook). It is a secret.",
    examples=["ada@example.org"],
)
_ROUTE = Field(None, description="Names of your channels, in order; none: only in the list; null: all of them.")
_CAP = Field(None, ge=0, le=100_000, description="The most messages in a day; null: any number.")


class ChannelShape(BaseModel):
    """A way to reach you outside of the assistant. `masked` is what is shown of its URL; `revision` is the ETag."""

    id: int
    channel: str = Field(examples=["email"])
    name: str
    masked: str
    position: int = Field(description="Its place in the order in which they are tried, from 1.")
    enabled: bool
    last_sent_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    revision: str


class Channels(BaseModel):
    """All of yours, in the order in which they are tried."""

    items: list[ChannelShape]


class NewChannel(Given):
    """A way to reach you, tried after those that there are."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"channel": "email", "url": "ada@example.org"}]}
    )

    channel: str = Field(description="`email`, `sms`, `push` or `webhook`.")
    url: str = _URL
    name: str | None = Field(None, description="What you call it; the channel where it is left out.")
    secret: str | None = Field(None, description="What a webhook is signed with; one is made where it is left out.")


class ChangedChannel(Given):
    """What to change; what is left out or null stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "office", "position": 1}]})

    url: str | None = Field(None, description="Another URL.")
    name: str | None = Field(None, description="Another name.")
    position: int | None = Field(None, description="Another place in the order, from 1; the rest close up.")
    new_secret: bool = Field(False, description="Sign with a new secret from now on.")


class ChangedChannelShape(ChannelShape):
    """A channel after a change."""

    secret: str | None = Field(description="A new secret that a webhook is signed with. It is told this once.")


class Routes(Given):
    """Where each kind of message goes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reminder": ["email"], "result": []}]})

    reminder: list[str] | None = _ROUTE
    alert: list[str] | None = _ROUTE
    result: list[str] | None = _ROUTE


class RoutesShape(Routes):
    """Where each kind of message goes. `revision` is the ETag."""

    revision: str


class QuietHours(Given):
    """When what is not urgent is held back: times of the day on your clock, both or none."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"start": "22:00", "end": "07:00"}]})

    start: str | None = Field(None, max_length=20)
    end: str | None = Field(None, max_length=20)


class QuietHoursShape(QuietHours):
    """When what is not urgent is held back, in `zone`. `revision` is the ETag."""

    zone: str
    revision: str


class Caps(Given):
    """How many messages a channel carries in a day; further ones take the next channel."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"sms": 5}]})

    email: int | None = _CAP
    sms: int | None = _CAP
    push: int | None = _CAP
    webhook: int | None = _CAP


class CapsShape(Caps):
    """How many messages each channel carries in a day. `revision` is the ETag."""

    revision: str
