"""`/a/{token}`: what a link in a message opens. Looking changes nothing (previews look, too); the buttons act."""

from datetime import datetime
from urllib.parse import parse_qs

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from personal_assistant.ai import acting, rows
from personal_assistant.ai.model import AITaskNotFoundError
from personal_assistant.api.pages import Button, page
from personal_assistant.errors import AssistantError
from personal_assistant.notifications.inbox import NotificationNotFoundError
from personal_assistant.notifications.links import PURPOSE, Linked, LinkError, LinkExpiredError, read_link
from personal_assistant.notifications.threads import Thread, find
from personal_assistant.store.people import get_person
from personal_assistant.store.secrets import vault_of
from personal_assistant.timing.zones import get_zone
from personal_assistant.workers.runtime import Runtime

_LONGEST_BODY = 4096
_SNOOZES = (("In 20 minutes", "for 20 minutes"), ("In 1 hour", "for 1 hour"), ("Tomorrow", "until tomorrow morning"))


async def action(request: Request) -> Response:
    """Show what the link is about (GET, HEAD), or do what is posted: done, unless it says something else."""
    body = b""
    if request.method == "POST":
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > _LONGEST_BODY:
                    return page("This is too long", ["Say in a few words until when to put it off."], status=413)
        except ClientDisconnect:
            return Response(status_code=400)
    return await run_in_threadpool(_answer, request, body)


def _answer(request: Request, body: bytes) -> Response:
    runtime: Runtime = request.app.state.runtime
    now = runtime.clock.now()
    try:
        linked = read_link(request.path_params["token"], vault_of(runtime.settings).derive_all(PURPOSE), now)
        if request.method != "POST":
            return _shown(runtime, linked)
        posted = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        try:
            return _shown(runtime, linked, _act(runtime, linked, posted, now))
        except (LinkError, NotificationNotFoundError):
            raise
        except AssistantError as error:
            return _shown(runtime, linked, str(error), status=422)
    except LinkExpiredError as error:
        return page("This link has expired", [str(error)], status=410)
    except LinkError as error:
        return page("This link does not work", [str(error)], status=403)
    except NotificationNotFoundError:
        return page("This message is gone", ["It was removed from your list."], status=404)


def _act(runtime: Runtime, linked: Linked, posted: dict[str, str], now: datetime) -> str:
    """Do what was posted; returns what to say of it, where the page does not say so by itself."""
    user_id, message_id = linked.user_id, linked.message_id
    with runtime.db.write() as conn:
        if "snooze" in posted:
            until = acting.until_in_words(conn, user_id, posted["snooze"], now)
            acting.snooze(conn, user_id, message_id, until, now)
        elif "skip" in posted:
            task = acting.skip_next(conn, user_id, find(conn, user_id, message_id).ai_task_id or 0, now)
            assert task.next_run_at is not None
            return f"The next time is left out. It comes again on {_local(task.next_run_at, task.zone)}."
        else:
            acting.done(conn, user_id, message_id, now, "link")
    return ""


def _shown(runtime: Runtime, linked: Linked, said: str = "", status: int = 200) -> Response:
    with runtime.db.read() as conn:
        thread = find(conn, linked.user_id, linked.message_id)
        zone = get_person(conn, linked.user_id).zone
        recurs = _recurs(conn, linked, thread)
    when = _local(thread.due_at or thread.sent_at, zone)
    if thread.done_at is not None:
        return page(thread.title, [when, f"Done on {_local(thread.done_at, zone)}.", said], status=status)
    later = f"It comes again on {_local(thread.snoozed_until, zone)}." if thread.snoozed_until is not None else ""
    buttons = [Button("Done", "done", main=True), *(Button(label, "snooze", words) for label, words in _SNOOZES)]
    if recurs:
        buttons.append(Button("Skip the next time", "skip"))
    field = Button("Later", "snooze", "until friday at 9")
    return page(thread.title, [when, later, said], buttons=buttons, field=field, status=status)


def _recurs(conn: sa.Connection, linked: Linked, thread: Thread) -> bool:
    """Whether it is this person's, and a next time can be skipped."""
    if thread.ai_task_id is None:
        return False
    try:
        return len(rows.find(conn, thread.ai_task_id, linked.user_id).upcoming(2)) > 1
    except AITaskNotFoundError:
        return False


def _local(instant: datetime, zone: str) -> str:
    return instant.astimezone(get_zone(zone)).strftime("%a %d %b %Y, %H:%M")


ROUTES = [Route("/a/{token}", action, methods=["GET", "POST"])]
