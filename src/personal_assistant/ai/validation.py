"""The one place that says what an AI task may look like."""

from collections.abc import Callable, Container, Mapping, Sequence
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
    notification_channels: Sequence[str] = ()
    missed_policy: str = "once"
    max_lateness_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """The columns of a schedule, and its first instant."""

    columns: dict[str, Any]
    first: datetime


def check_fields(draft: Draft, names: Container[str] | None = None) -> dict[str, Any]:
    """The columns that do not depend on the time, or those of them that are named.

    Raises AITaskError, UnknownChannelError with what is wrong and what is allowed.
    """
    return {name: check(getattr(draft, name)) for name, check in _CHECKS.items() if names is None or name in names}


def check_schedule(draft: Draft, now: datetime) -> Planned:
    """The columns of the schedule. Raises AITaskError, for one that has no occurrence after `now` too."""
    try:
        zone = get_zone(draft.zone).key
        schedule = parse_schedule(draft.schedule_type, draft.schedule_config, zone)
        first = schedule.next_after(now)
    except (UnknownZoneError, ScheduleError) as error:
        raise AITaskError(str(error)) from error
    if first is None:
        raise AITaskError(f"This lies in the past: {schedule.describe()}. Give a time that is still to come.")
    schedule_type, schedule_config = schedule.to_config()
    columns = {"schedule_type": schedule_type, "schedule_config": schedule_config, "zone": zone}
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


def one_of(name: str, allowed: Sequence[str]) -> Callable[[str], str]:
    def check(word: str) -> str:
        if word not in allowed:
            raise AITaskError(f"There is no {name} {word[:60]!r}. There are {', '.join(allowed)}.")
        return word

    return check


def text(name: str, longest: int) -> Callable[[str | None], str | None]:
    def check(text: str | None) -> str | None:
        if text is not None and len(text) > longest:
            raise AITaskError(f"The {name} has {len(text)} characters; at most {longest} are allowed.")
        return _printable(text, name) if text else None

    return check


def _lateness(seconds: int | None) -> int | None:
    if seconds is not None and not 0 <= seconds <= MAX_LATENESS_SECONDS:
        raise AITaskError(f"The greatest lateness is 0 to {MAX_LATENESS_SECONDS} seconds, not {seconds}.")
    return seconds


def _printable(text: str, name: str) -> str:
    if any(category(char) in ("Cc", "Cs") and char not in "\n\t" for char in text):
        raise AITaskError(f"The {name} holds control characters; remove them.")
    return text


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "title": title,
    "description": text("description", MAX_DESCRIPTION),
    "task_type": one_of("type of AI task", AI_TASK_TYPES),
    "ai_context": text("context", MAX_CONTEXT),
    "notification_channels": check_channels,
    "missed_policy": one_of("missed-run policy", MISSED_POLICIES),
    "max_lateness_seconds": _lateness,
}
