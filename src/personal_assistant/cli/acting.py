"""`assistant done`, `snooze`, `skip`: what to do about a reminder."""

from typing import Annotated

import typer

from personal_assistant.cli.output import Json, id_parser, print_json, say

_read_id = id_parser("AI task", "ai-tasks list", 2**31 - 1)
_ID = typer.Argument(metavar="ID", help="The AI task's id.", parser=_read_id)
_MESSAGE = Annotated[
    int | None,
    typer.Option(
        "--message",
        metavar="ID",
        help="In place of an AI task, a message about it.",
        parser=id_parser("notification", "notifications list", 2**63 - 1),
    ),
]


def done(task_id: Annotated[int | None, _ID] = None, message: _MESSAGE = None, as_json: Json = False) -> None:
    """Say that what a reminder is about is done: nothing more of it follows."""
    from personal_assistant.ai import acting
    from personal_assistant.cli.session import session

    current = session()
    now, user_id = current.runtime.clock.now(), current.owner.id
    _one_of(task_id, message)
    with current.runtime.db.write() as conn:
        if task_id is not None:
            title = acting.done_task(conn, user_id, task_id, now, "cli").title
        else:
            assert message is not None
            title = acting.done(conn, user_id, message, now, "cli").title
    print_json({"done": title, "at": now}) if as_json else say(f"✅ Done: {title}")


def snooze(
    words: Annotated[
        list[str],
        typer.Argument(metavar="[ID] WORDS", help='Its id, and until when: "for 20 minutes", "tomorrow at 9".'),
    ],
    message: _MESSAGE = None,
    as_json: Json = False,
) -> None:
    """Have a reminder that has come come again later."""
    from personal_assistant.ai import acting
    from personal_assistant.cli.session import session

    current = session()
    now, user_id = current.runtime.clock.now(), current.owner.id
    task_id = None if message is not None else _task_id(words)
    said = " ".join(words if message is not None else words[1:])
    with current.runtime.db.write() as conn:
        until = acting.until_in_words(conn, user_id, said, now)
        if task_id is not None:
            thread = acting.snooze_task(conn, user_id, task_id, until, now)
        else:
            assert message is not None
            thread = acting.snooze(conn, user_id, message, until, now)
    text = f"💤 Until {current.local(until)}: {thread.title}"
    current.answer(as_json, {"snoozed": thread.title, "until": until}, text)


def skip(task_id: Annotated[int, _ID], as_json: Json = False) -> None:
    """Leave out the next time of something that recurs."""
    from personal_assistant.ai import acting
    from personal_assistant.cli.ai_tasks import answer_created
    from personal_assistant.cli.session import session

    current = session()
    with current.runtime.db.write() as conn:
        task = acting.skip_next(conn, current.owner.id, task_id, current.runtime.clock.now())
    answer_created(current, task, as_json, "Skipped once")


def _one_of(task_id: int | None, message: int | None) -> None:
    from personal_assistant.errors import AssistantError

    if (task_id is None) == (message is None):
        raise AssistantError("Give the id of an AI task, or --message with that of a notification.")


def _task_id(words: list[str]) -> int:
    from personal_assistant.errors import AssistantError

    if len(words) < 2:
        raise AssistantError('Say which and until when: `assistant snooze 3 "for 20 minutes"`.')
    return _read_id(words[0])
