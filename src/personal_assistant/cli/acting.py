"""`assistant done`, `snooze`, `skip`: what to do about a reminder."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from personal_assistant.cli.output import Json, id_parser, print_json, say

if TYPE_CHECKING:
    from personal_assistant.cli.remote import Remote

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
    from personal_assistant.cli.remote import remote
    from personal_assistant.cli.session import session

    _one_of(task_id, message)
    there = remote()
    if there is not None:
        _done_there(there, task_id, message, as_json)
        return
    current = session()
    now, user_id = current.runtime.clock.now(), current.owner.id
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
    from personal_assistant.cli.remote import remote
    from personal_assistant.cli.session import session

    task_id = None if message is not None else _task_id(words)
    said = " ".join(words if message is not None else words[1:])
    there = remote()
    if there is not None:
        _snoozed_there(there, task_id, message, said, as_json)
        return
    current = session()
    now, user_id = current.runtime.clock.now(), current.owner.id
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
    from personal_assistant.cli.remote import remote
    from personal_assistant.cli.session import session

    there = remote()
    if there is not None:
        answer_created(there, there.ai_tasks.skip_next(task_id), as_json, "Skipped once")
        return
    current = session()
    with current.runtime.db.write() as conn:
        task = acting.skip_next(conn, current.owner.id, task_id, current.runtime.clock.now())
    answer_created(current, task, as_json, "Skipped once")


def _done_there(there: "Remote", task_id: int | None, message: int | None, as_json: bool) -> None:
    now = there.clock.now()
    if task_id is not None:
        title = there.client.finish_ai_task(task_id)["title"]
    else:
        assert message is not None
        title = there.client.finish_notification(message)["title"]
    print_json({"done": title, "at": now}) if as_json else say(f"✅ Done: {title}")


def _snoozed_there(there: "Remote", task_id: int | None, message: int | None, said: str, as_json: bool) -> None:
    if task_id is not None:
        found = there.client.snooze_ai_task(task_id, said)
        title, until = found["title"], datetime.fromisoformat(found["until"])
    else:
        assert message is not None
        found = there.client.snooze_notification(message, said)
        title, until = found["title"], datetime.fromisoformat(found["snoozed_until"])
    text = f"💤 Until {there.local(until)}: {title}"
    there.answer(as_json, {"snoozed": title, "until": until}, text)


def _one_of(task_id: int | None, message: int | None) -> None:
    from personal_assistant.errors import AssistantError

    if (task_id is None) == (message is None):
        raise AssistantError("Give the id of an AI task, or --message with that of a notification.")


def _task_id(words: list[str]) -> int:
    from personal_assistant.errors import AssistantError

    if len(words) < 2:
        raise AssistantError('Say which and until when: `assistant snooze 3 "for 20 minutes"`.')
    return _read_id(words[0])
