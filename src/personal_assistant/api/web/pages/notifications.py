"""What was delivered, and how."""

from starlette.responses import Response

from personal_assistant.ai import acting
from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.notifications import threads
from personal_assistant.notifications.address_states import address_states
from personal_assistant.notifications.inbox import get_notification, list_notifications, mark_read, tries_of

_SHOWN = 50
_BY = "web"


def listed(visit: Visit) -> Response:
    """The newest first, and which channels fail."""
    before = visit.place("before")
    unread = visit.query("show") == "unread"
    with visit.runtime.db.read() as conn:
        found = list_notifications(conn, visit.user_id, unread=unread, before=before, limit=_SHOWN + 1)
        states = address_states(conn, visit.user_id)
    more = found[_SHOWN - 1].id if len(found) > _SHOWN else None
    return visit.render("notifications.html", messages=found[:_SHOWN], more=more, unread=unread, channels=states)


def shown(visit: Visit) -> Response:
    """One with all that was tried to bring it."""
    message_id = visit.number("message_id")
    with visit.runtime.db.read() as conn:
        message = get_notification(conn, visit.user_id, message_id)
        thread = threads.find(conn, visit.user_id, message_id)
        tries = tries_of(conn, visit.user_id, message_id)
    return visit.render("notification.html", message=message, thread=thread, tries=tries)


def act(visit: Visit) -> Response:
    """Done, later, or read."""
    message_id, what = visit.number("message_id"), visit.request.path_params["what"]
    with visit.runtime.db.write() as conn:
        if what == "done":
            acting.done(conn, visit.user_id, message_id, visit.now, _BY)
            said = "Done"
        elif what == "snooze":
            until = acting.until_in_words(conn, visit.user_id, visit.form.get("words", ""), visit.now)
            acting.snooze(conn, visit.user_id, message_id, until, visit.now)
            said = "Put off"
        else:
            mark_read(conn, visit.user_id, message_id, visit.now)
            said = "Marked as read"
    return visit.go(f"/notifications/{message_id}", said)


def read_all(visit: Visit) -> Response:
    """Mark everything as read."""
    with visit.runtime.db.write() as conn:
        count = mark_read(conn, visit.user_id, None, visit.now)
    return visit.go("/notifications", f"Marked as read: {count}")


PAGES = [
    Page("/notifications", listed, menu="Notifications", order=30),
    Page("/notifications/read-all", read_all, methods=("POST",)),
    Page("/notifications/{message_id}", shown),
    Page("/notifications/{message_id}/{what}", act, methods=("POST",)),
]
