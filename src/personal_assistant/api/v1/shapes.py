"""What is sent and answered, as the OpenAPI document describes it. Instants are ISO 8601, answered in UTC."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from personal_assistant.ai.extras import Extras
from personal_assistant.ai.model import AITask


class Given(BaseModel):
    """A body; a field that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid")


Length = int | str


class Wishes(Given):
    """What a reminder can do beyond coming at its time. Lengths are minutes, or words like «1 hour»."""

    priority: str | None = Field(None, description="`low`, `normal`, `high` or `urgent`.")
    tags: list[str] | None = None
    notes: str | None = None
    attachments: list[str] | None = Field(None, description="Ids of files.")
    repeat_minutes: Length | None = Field(None, description="How often it comes again until it is done.")
    repeat_limit: int | None = Field(None, description="How many times at most.")
    escalate_minutes: Length | None = Field(None, description="After how long it goes to somebody else besides.")
    escalate_to: str | None = Field(None, description="An address or channel of yours, or a person's e-mail address.")
    expire_minutes: Length | None = Field(None, description="After how long it is not sent any more.")
    pre_notices: list[Length] | None = Field(
        None,
        description="How long before each time it is announced: seconds, or words.",
        examples=[["1 day", "1 hour"]],
    )

    def wished(self) -> dict[str, Any]:
        """The wishes that the body names."""
        return {name: getattr(self, name) for name in Wishes.model_fields if name in self.model_fields_set}


class Options(Wishes):
    """What an AI task can have besides a title and a time."""

    description: str | None = None
    task_type: str | None = Field(None, description="`reminder`, `automated_task` or `periodic_task`.")
    ai_context: str | None = Field(None, description="What the agent should know.")
    notification_channels: list[str] | None = Field(None, max_length=20, examples=[["email"]])
    zone: str | None = Field(None, description="The IANA zone of its times.", examples=["Europe/Berlin"])
    missed_policy: str | None = Field(None, description="`skip`, `once` or `all`.")
    max_lateness_seconds: int | None = None

    def given(self) -> dict[str, Any]:
        """The options that are set, without the wishes."""
        names = Options.model_fields.keys() - Wishes.model_fields.keys()
        return {name: getattr(self, name) for name in sorted(names) if getattr(self, name) is not None}


class NewAITask(Options):
    """A sentence (`words`), or a `title` with a time in words (`when`), or with a schedule."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"words": "call mom tomorrow at 9am"},
                {"title": "Water the plants", "when": "every monday at 8"},
            ]
        },
    )

    words: str | None = None
    title: str | None = None
    when: str | None = None
    schedule_type: str | None = Field(None, description="`once`, `daily`, `weekly`, `monthly`, `yearly`, `custom` …")
    schedule_config: dict[str, Any] | None = None


class ChangedAITask(Options):
    """The fields to change; the others stay. `when` is a time in words."""

    title: str | None = None
    when: str | None = None
    schedule_type: str | None = None
    schedule_config: dict[str, Any] | None = None


class Text(Given):
    """A sentence (`words`), or a time in words alone (`when`)."""

    words: str | None = Field(None, examples=["call mom tomorrow at 9am"])
    when: str | None = None
    zone: str | None = Field(None, description="The IANA zone of its times; yours where it is left out.")


class Until(Given):
    """Until when: an instant with its offset, or words."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"words": "for 20 minutes"}]})

    words: str | None = Field(None, max_length=1000)
    until: AwareDatetime | None = None


class Meaning(BaseModel):
    """What a text means. `title` is null for a time alone; `kind` is `once` or `recurring`."""

    title: str | None
    kind: str
    understood: str
    zone: str
    next: list[datetime]


_LISTS = ("tags", "attachments", "pre_notices")


class WishesShape(BaseModel):
    """What a reminder does beyond coming at its time; `resume_at` is until when it is paused."""

    model_config = ConfigDict(from_attributes=True)

    priority: str = "normal"
    tags: list[str] = []
    notes: str | None = None
    attachments: list[str] = []
    repeat_minutes: int | None = None
    repeat_limit: int = 48
    escalate_minutes: int | None = None
    escalate_address_id: int | None = None
    escalate_user_id: int | None = None
    expire_minutes: int | None = None
    pre_notices: list[int] = []
    resume_at: datetime | None = None

    @classmethod
    def of(cls, extras: Extras) -> "WishesShape":
        """As they are answered."""
        wishes = {name: getattr(extras, name) for name in cls.model_fields}
        return cls.model_construct(**wishes | {name: list(wishes[name]) for name in _LISTS})


class AITaskShape(BaseModel):
    """An AI task; `understood` is its schedule in words and `next` are its next occurrences."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    description: str | None
    task_type: str
    status: str
    schedule_type: str
    schedule_config: dict[str, Any]
    zone: str
    next_run_at: datetime | None
    last_run_at: datetime | None
    ai_context: str | None
    notification_channels: list[str]
    missed_policy: str
    max_lateness_seconds: int | None
    revision: int
    problem: str | None
    created_at: datetime | None
    updated_at: datetime | None
    wishes: WishesShape = Field(default_factory=WishesShape)
    understood: str = ""
    next: list[datetime] = Field(default_factory=list)
    scheduler_alive: bool | None = Field(None, description="Told of what was scheduled now: false, nothing will fire.")

    @classmethod
    def of(cls, task: AITask, extras: Extras | None) -> "AITaskShape":
        """As it is answered; None for one without extras."""
        try:
            understood = task.schedule.describe()
        except ValueError as error:  # an odd row of the earlier scheduler
            understood = f"cannot fire: {error}"
        # Not validated: it is our own, and a page of them would take twice as long.
        return cls.model_construct(
            **{name: getattr(task, name) for name in _OF_TASK},
            wishes=_NO_WISHES if extras is None else WishesShape.of(extras),
            understood=understood,
            next=task.upcoming(),
            scheduler_alive=None,
        )


_NO_WISHES = WishesShape.of(Extras())
_OF_TASK = tuple(name for name in AITaskShape.model_fields if name in AITask.__dataclass_fields__)


class PutOff(BaseModel):
    """What comes again, and when."""

    title: str
    until: datetime


class Queued(BaseModel):
    """The job that does it; where no scheduler is alive, it waits for one."""

    job_id: str
    scheduler_alive: bool


class Occurrence(BaseModel):
    """One occurrence of an AI task: when it was due, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="The job's id.")
    due_at: datetime | None
    state: str
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int
    error: str | None


class NotificationShape(BaseModel):
    """A message in the person's list."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: str
    title: str
    body: str | None
    due_at: datetime | None
    topic: str | None = Field(description="What it is about, where it is not an occurrence itself.")
    sent_at: datetime
    late_seconds: float | None
    read_at: datetime | None
    ai_task_id: int | None


class Marked(BaseModel):
    """How many were unread."""

    marked: int


class TryShape(BaseModel):
    """A try to bring a message outside of the assistant; `name` is the address's."""

    model_config = ConfigDict(from_attributes=True)

    channel: str
    name: str | None
    state: str
    attempts: int
    error: str | None
    sent_at: datetime | None


class NotificationDetail(NotificationShape):
    """A message, how it was brought, when its person said that it is done, and until when it is put off."""

    done_at: datetime | None = None
    snoozed_until: datetime | None = None
    tries: list[TryShape] = []
