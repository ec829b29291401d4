"""Answers for people, in the manner of the earlier scheduler: ✅ ⏰ ⏸️ ❌."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from personal_assistant.ai.model import AITask
from personal_assistant.ai.occurrences import NO_AGENT
from personal_assistant.timing.missed import spoken
from personal_assistant.timing.zones import get_zone

if TYPE_CHECKING:
    from personal_assistant.timing.language import TimeRefused

_SIGNS = {
    "active": "⏰",
    "processing": "⚙️",
    "paused": "⏸️",
    "completed": "✅",
    "failed": "❌",
    "cancelled": "🚫",
    "missed": "⏭️",
}


def sign(status: str) -> str:
    """The sign of a state."""
    return _SIGNS.get(status, "•")


def local(instant: datetime, zone: str) -> str:
    """An instant on the person's clock: «Thu 26 Mar 2026 09:00:00»."""
    return instant.astimezone(get_zone(zone)).strftime("%a %d %b %Y %H:%M:%S")


def until(instant: datetime, now: datetime) -> str:
    """How far off an instant is: «in 3 h 20 min»."""
    return f"in {spoken(instant - now)}" if instant > now else f"{spoken(now - instant)} ago"


def ahead(task: AITask, now: datetime) -> list[str]:
    """The next instants in the AI task's own zone, a line each: the first with its distance from `now`."""
    first, *following = [local(instant, task.zone) for instant in task.upcoming(5)] or [""]
    if not first:
        return []
    distance = until(task.upcoming(1)[0], now)
    return [f"⏰ {first} ({task.zone}), {distance}", *(f"   then {instant}" for instant in following)]


def created(task: AITask, now: datetime, word: str = "Scheduled", *, not_set_up: Sequence[str] = ()) -> str:
    """What was scheduled, or what else the `word` says: id, when in the person's zone, what follows, and what will not
    work as asked: an AI task without an agent, channels that are `not_set_up`.
    """
    first, *following = ahead(task, now) or [f"{sign(task.status)} It is {task.status}."]
    lines = [f"✅ {word}: {task.title} (id {task.id})", first]
    if following:
        lines += [f"🔁 {task.schedule.describe()}", *following]
    if task.task_type != "reminder":
        lines.append(f"⚠️ {NO_AGENT}")
    lines += [f"⚠️ The channel {name} is not set up: it will come in_app." for name in not_set_up]
    return "\n".join(lines)


def refusal(refused: "TimeRefused") -> str:
    """Why a time text was not taken, and what would be."""
    nearby = f" Did you mean «{refused.suggestion}»?" if refused.suggestion else ""
    return f"{refused.message}{nearby}"
