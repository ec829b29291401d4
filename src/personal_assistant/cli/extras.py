"""The options for what a reminder has beyond a time and a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from personal_assistant.ai.extras import Extras

Priority = Annotated[str | None, typer.Option(help="low, normal, high or urgent, which comes in quiet hours, too.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="A word to find it by; repeatable.")]
Note = Annotated[str | None, typer.Option("--note", help="What you want to have at hand with it.")]
Files = Annotated[list[str] | None, typer.Option("--attach", metavar="FILE_ID", help="A file's id; repeatable.")]
Repeat = Annotated[str | None, typer.Option(help='Tell it again until it is done: "every 10 minutes".')]
RepeatLimit = Annotated[int | None, typer.Option(help="How often at most; 48 times unless given.")]
EscalateAfter = Annotated[str | None, typer.Option(help='Tell it elsewhere, too, unless it is done: "1 hour".')]
EscalateTo = Annotated[
    str | None, typer.Option(metavar="NAME", help="One of your channels, or another person's e-mail address.")
]
Before = Annotated[list[str] | None, typer.Option(help='Notices ahead: "1 day and 1 hour"; repeatable.')]
ExpireAfter = Annotated[str | None, typer.Option(help='Do not send it any more after so long: "2 hours".')]

# What clears a wish, typed in place of a value.
_NONE = frozenset({"", "never", "none", "off", "nobody"})


@dataclass(frozen=True, slots=True)
class Wished:
    """What was given of these options."""

    priority: str | None = None
    tags: Sequence[str] | None = None
    notes: str | None = None
    attachments: Sequence[str] | None = None
    repeat_minutes: str | None = None
    repeat_limit: int | None = None
    escalate_minutes: str | None = None
    escalate_to: str | None = None
    pre_notices: Sequence[str] | None = None
    expire_minutes: str | None = None

    def given(self) -> dict[str, Any]:
        """By field of the extras. «never» and the like stand for nothing."""
        named = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: _value(it) for name, it in named.items() if it is not None}


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return None if value.strip().casefold() in _NONE else value
    if isinstance(value, list):
        return [it for it in value if it.strip().casefold() not in _NONE]
    return value


def described(extras: "Extras") -> list[str]:
    """Lines for a person about what is not as usual."""
    from personal_assistant.timing.missed import spoken

    def minutes(count: int) -> str:
        return spoken(timedelta(minutes=count))

    lines = []
    if extras.priority != "normal" or extras.tags:
        tags = " ".join(f"#{tag}" for tag in extras.tags)
        lines.append("🏷️ " + "  ".join(filter(None, (f"priority {extras.priority}", tags))))
    if extras.pre_notices:
        lines.append("🔜 notices ahead: " + ", ".join(spoken(timedelta(seconds=it)) for it in extras.pre_notices))
    if extras.repeat_minutes:
        lines.append(f"🔂 again every {minutes(extras.repeat_minutes)} until done, {extras.repeat_limit} times at most")
    if extras.escalate_minutes:
        lines.append(f"⏫ escalated after {minutes(extras.escalate_minutes)} unless done")
    if extras.expire_minutes:
        lines.append(f"⌛ not sent any more after {minutes(extras.expire_minutes)}")
    if extras.notes:
        lines.append("📝 " + extras.notes.replace("\n", "\n   "))
    if extras.attachments:
        lines.append("📎 " + ", ".join(extras.attachments))
    return lines
