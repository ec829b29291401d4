"""`/a/{token}`: what a link in a message opens. Looking changes nothing (previews look, too); the button acts."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from personal_assistant.api.pages import page
from personal_assistant.notifications.inbox import NotificationNotFoundError
from personal_assistant.notifications.links import PURPOSE, LinkError, LinkExpiredError, read_link
from personal_assistant.notifications.threads import done, find
from personal_assistant.store.people import get_person
from personal_assistant.store.secrets import vault_of
from personal_assistant.timing.zones import get_zone
from personal_assistant.workers.runtime import Runtime


def action(request: Request) -> Response:
    """Show what the link is about (GET, HEAD), or note that it is done (POST). No body is read."""
    runtime: Runtime = request.app.state.runtime
    now = runtime.clock.now()
    try:
        keys = vault_of(runtime.settings).derive_all(PURPOSE)
        linked = read_link(request.path_params["token"], keys, now)
        if request.method == "POST":
            with runtime.db.write() as conn:
                done(conn, linked.user_id, linked.message_id, now, "link")
        with runtime.db.read() as conn:
            thread = find(conn, linked.user_id, linked.message_id)
            zone = get_person(conn, linked.user_id).zone
    except LinkExpiredError as error:
        return page("This link has expired", [str(error)], status=410)
    except LinkError as error:
        return page("This link does not work", [str(error)], status=403)
    except NotificationNotFoundError:
        return page("This message is gone", ["It was removed from your list."], status=404)
    when = _local(thread.due_at or thread.sent_at, zone)
    if thread.done_at is not None:
        return page(thread.title, [when, f"Done on {_local(thread.done_at, zone)}."])
    return page(thread.title, [when], button="Done")


def _local(instant: datetime, zone: str) -> str:
    return instant.astimezone(get_zone(zone)).strftime("%a %d %b %Y, %H:%M")


ROUTES = [Route("/a/{token}", action, methods=["GET", "POST"])]
