"""`assistant remind`: the main job in one line."""

from typing import Annotated

import typer

from personal_assistant.cli.extras import (
    Before,
    EscalateAfter,
    EscalateTo,
    ExpireAfter,
    Files,
    Note,
    Priority,
    Repeat,
    RepeatLimit,
    Tags,
    Wished,
)
from personal_assistant.cli.output import Json


def remind(
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help='What and when: "call mom tomorrow at 9am".')],
    at: Annotated[str | None, typer.Option("--at", help="The time, when the words are the title only.")] = None,
    description: Annotated[str | None, typer.Option(help="A longer text that comes with it.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="in_app, email, sms, push, webhook; repeatable.")] = None,
    zone: Annotated[str | None, typer.Option(help="The IANA zone in which the time is meant.")] = None,
    missed: Annotated[str, typer.Option(help="If nothing ran at its time: skip, once or all.")] = "once",
    max_late: Annotated[int | None, typer.Option(help="The greatest lateness, in seconds.")] = None,
    priority: Priority = None,
    tag: Tags = None,
    note: Note = None,
    attach: Files = None,
    before: Before = None,
    repeat: Repeat = None,
    repeat_limit: RepeatLimit = None,
    escalate_after: EscalateAfter = None,
    escalate_to: EscalateTo = None,
    expire_after: ExpireAfter = None,
    as_json: Json = False,
) -> None:
    """Remind yourself of something, once or again and again."""
    from personal_assistant.cli.ai_tasks import answer_created, with_manager

    current, manager = with_manager()
    wished = Wished(
        priority, tag, note, attach, repeat, repeat_limit, escalate_after, escalate_to, before, expire_after
    )
    task = manager.create_from_words(
        current.owner.id,
        " ".join(words),
        when=at,
        zone=zone,
        description=description,
        notification_channels=channel,
        missed_policy=missed,
        max_lateness_seconds=max_late,
        extras=wished.given(),
    )
    answer_created(current, task, as_json)
