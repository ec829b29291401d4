"""`/notifications`: what was delivered to you."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query
from starlette.responses import Response

from personal_assistant.ai import acting
from personal_assistant.api.v1.callers import Reader, Running, Writer
from personal_assistant.api.v1.paging import Cursor, Limit, Page, after_id, page_of
from personal_assistant.api.v1.problems import responses
from personal_assistant.api.v1.shapes import Marked, NotificationDetail, NotificationShape, TryShape, Until
from personal_assistant.api.v1.until import instant_of
from personal_assistant.notifications import threads
from personal_assistant.notifications.inbox import get_notification, list_notifications, mark_read, tries_of

router = APIRouter(prefix="/notifications", tags=["Notifications"])

Unread = Annotated[bool, Query(description="Only those that are not marked as read.")]
_BY = "api"


@router.get("", response_model=Page[NotificationShape])
def list_messages(
    caller: Reader, runtime: Running, unread: Unread = False, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Your notifications, the newest first."""
    before = after_id(cursor)
    with runtime.db.read() as conn:
        found = list_notifications(conn, caller.user_id, unread=unread, before=before, limit=limit + 1)
    return page_of([NotificationShape.model_validate(it) for it in found], limit)


@router.post("/read")
def read_messages(caller: Writer, runtime: Running) -> Marked:
    """Mark all of yours as read."""
    with runtime.db.write() as conn:
        return Marked(marked=mark_read(conn, caller.user_id, None, runtime.clock.now()))


@router.get("/{notification_id}", responses=responses(404))
def get_message(caller: Reader, runtime: Running, notification_id: int) -> NotificationDetail:
    """One notification with its tries to reach you outside of the assistant."""
    with runtime.db.read() as conn:
        return _detail(conn, caller.user_id, notification_id)


@router.post("/{notification_id}/read", responses=responses(404))
def read_message(caller: Writer, runtime: Running, notification_id: int) -> NotificationDetail:
    """Mark it as read. Doing it again changes nothing."""
    with runtime.db.write() as conn:
        mark_read(conn, caller.user_id, notification_id, runtime.clock.now())
        return _detail(conn, caller.user_id, notification_id)


@router.post("/{notification_id}/done", responses=responses(404))
def finish_message(caller: Writer, runtime: Running, notification_id: int) -> NotificationDetail:
    """Say that it is done, so that nothing more follows. Doing it again changes nothing."""
    with runtime.db.write() as conn:
        acting.done(conn, caller.user_id, notification_id, runtime.clock.now(), _BY)
        return _detail(conn, caller.user_id, notification_id)


@router.post("/{notification_id}/snooze", responses=responses(404))
def snooze_message(caller: Writer, runtime: Running, notification_id: int, body: Until) -> NotificationDetail:
    """Have it come again later: `words` like «for 20 minutes», or `until` an instant."""
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        get_notification(conn, caller.user_id, notification_id)
        until = instant_of(conn, caller.user_id, body, now)
        acting.snooze(conn, caller.user_id, notification_id, until, now)
        return _detail(conn, caller.user_id, notification_id)


def _detail(conn: sa.Connection, user_id: int, notification_id: int) -> NotificationDetail:
    detail = NotificationDetail.model_validate(get_notification(conn, user_id, notification_id))
    thread = threads.find(conn, user_id, notification_id)
    detail.done_at, detail.snoozed_until = thread.done_at, thread.snoozed_until
    detail.tries = [TryShape.model_validate(one) for one in tries_of(conn, user_id, notification_id)]
    return detail
