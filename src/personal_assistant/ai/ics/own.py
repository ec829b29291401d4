"""What RFC 5545 has no property for: one property of our own, so that what is exported can be imported whole."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from personal_assistant.ai.model import AITask

NAME = "X-PERSONAL-ASSISTANT"
_LONGEST = 150_000
_FIELDS = ("task_type", "schedule_type", "schedule_config", "zone", "ai_context", "notification_channels")
FIELDS = (*_FIELDS, "missed_policy", "max_lateness_seconds")
# Of the table `reminders`. Escalation names an address or a person, which another assistant does not have.
EXTRAS = ("priority", "tags", "notes", "repeat_minutes", "repeat_limit", "expire_minutes", "pre_notices")


@dataclass(frozen=True, slots=True)
class Own:
    """Its content: columns by name. It counts only while `times` is what the standard properties say."""

    task: dict[str, Any]
    extras: dict[str, Any]
    paused: bool
    times: list[str | None]


def to_text(task: AITask, extras: dict[str, Any], times: list[str | None]) -> str:
    """The property's value; `times` are those of the standard properties."""
    columns = {name: getattr(task, name) for name in FIELDS}
    document = {"task": columns, "extras": extras, "paused": task.status == "paused", "times": times}
    # In base64: programs do not agree on whether the value of an unknown property is escaped.
    return base64.b64encode(json.dumps(document).encode()).decode()


def from_text(text: str) -> Own | None:
    """What the property says; None where it is not one of ours."""
    if len(text) > _LONGEST:
        return None
    try:
        document = json.loads(base64.b64decode(text, validate=True))
        own = Own(document["task"], document["extras"], document["paused"], document["times"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    whole = isinstance(own.task, dict) and own.task.keys() == set(FIELDS) and _extras_fit(own.extras)
    return own if whole and isinstance(own.paused, bool) and _task_fits(own.task) else None


def _task_fits(task: dict[str, Any]) -> bool:
    words = all(isinstance(task[name], str) for name in ("task_type", "schedule_type", "zone", "missed_policy"))
    channels, lateness = task["notification_channels"], task["max_lateness_seconds"]
    listed = isinstance(channels, list) and all(isinstance(channel, str) for channel in channels)
    whole = lateness is None or type(lateness) is int
    return words and listed and whole and isinstance(task["ai_context"], str | None)


def _extras_fit(extras: Any) -> bool:
    if not isinstance(extras, dict) or not extras.keys() <= set(EXTRAS):
        return False
    minutes = ("repeat_minutes", "repeat_limit", "expire_minutes")
    return (
        all(type(extras[name]) is int and 0 < extras[name] <= 10_000_000 for name in minutes if name in extras)
        and extras.get("priority", "normal") in ("low", "normal", "high", "urgent")
        and isinstance(extras.get("notes", ""), str)
        and len(extras.get("notes", "")) <= 10_000
        and _list_of(extras.get("tags", []), str)
        and _list_of(extras.get("pre_notices", []), int)
    )


def _list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and len(value) <= 50 and all(type(item) is kind for item in value)
