"""The one place that says what an AI task may look like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unicodedata import category

from personal_assistant.ai.model import AITaskError
from personal_assistant.notifications.channels import check_channels
from personal_assistant.store.tables import AI_TASK_TYPES, MISSED_POLICIES
from personal_assistant.timing.recurrence import ScheduleError, parse_schedule
from personal_assistant.timing.zones import UnknownZoneError, get_zone

MAX_TITLE = 255
MAX_DESCRIPTION = 10_000
MAX_CONTEXT = 50_000
MAX_LATENESS_SECONDS = 10 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class Draft:
    """An AI task before it is checked. `schedule_config` None means the defaults of its type."""

    title: str
    schedule_type: str
    schedule_config: Mapping[str, Any] | None
    zone: str
    description: str | None = None
    task_type: str = "reminder"
    ai_context: str | None = None
    notification_channels: Sequence[str] = ("in_app",)
    missed_policy: str = "once"
    max_lateness_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """The columns of a schedule, and its first instant."""

    columns: dict[str, Any]
    first: datetime


def check_fields(draft: Draft) -> dict[str, Any]:
    """The columns that do not depend on the time. Raises AITaskError with what is wrong and what is allowed."""
    if draft.task_type not in AI_TASK_TYPES:
        raise AITaskError(f"The type {draft.task_type!r} is not known. The types are {', '.join(AI_TASK_TYPES)}.")
    if draft.missed_policy not in MISSED_POLICIES:
        raise AITaskError(f"The missed-run policy {draft.missed_policy!r} is not one of {', '.join(MISSED_POLICIES)}.")
    lateness = draft.max_lateness_seconds
    if lateness is not None and not 0 <= lateness <= MAX_LATENESS_SECONDS:
        raise AITaskError(f"The greatest lateness is 0 to {MAX_LATENESS_SECONDS} seconds, not {lateness}.")
    return {
        "title": title(draft.title),
        "description": _text(draft.description, "description", MAX_DESCRIPTION),
        "task_type": draft.task_type,
        "ai_context": _text(draft.ai_context, "context", MAX_CONTEXT),
        "notification_channels": check_channels(draft.notification_channels),
        "missed_policy": draft.missed_policy,
        "max_lateness_seconds": lateness,
    }


def check_schedule(draft: Draft, now: datetime) -> Planned:
    """The columns of the schedule. Raises AITaskError, for one that has no occurrence after `now` too."""
    try:
        get_zone(draft.zone)
        schedule = parse_schedule(draft.schedule_type, draft.schedule_config, draft.zone)
        first = schedule.next_after(now)
    except (UnknownZoneError, ScheduleError) as error:
        raise AITaskError(str(error)) from error
    if first is None:
        raise AITaskError(f"This lies in the past: {schedule.describe()}. Give a time that is still to come.")
    schedule_type, schedule_config = schedule.to_config()
    columns = {"schedule_type": schedule_type, "schedule_config": schedule_config, "zone": draft.zone}
    return Planned(columns, first)


def title(text: str) -> str:
    """A title in one line. Raises AITaskError for an empty one and for one that is too long."""
    one_line = " ".join(text.split())
    if not one_line:
        raise AITaskError("It needs a title: say what to remind you of.")
    if len(one_line) > MAX_TITLE:
        raise AITaskError(
            f"The title has {len(one_line)} characters; at most {MAX_TITLE} are allowed. "
            "Put the rest into the description."
        )
    return _printable(one_line, "title")


def _text(text: str | None, name: str, longest: int) -> str | None:
    if text is None:
        return None
    if len(text) > longest:
        raise AITaskError(f"The {name} has {len(text)} characters; at most {longest} are allowed.")
    return _printable(text, name)


def _printable(text: str, name: str) -> str:
    if any(category(char) in ("Cc", "Cs") and char not in "\n\t" for char in text):
        raise AITaskError(f"The {name} holds control characters; remove them.")
    return text
