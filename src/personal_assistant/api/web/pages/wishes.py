"""What you wish of your messages: which kind goes where, when to be quiet, and how many a day."""

from collections.abc import Callable

import sqlalchemy as sa
from starlette.responses import Response

from personal_assistant.api.web.pages.channels import AT, render
from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.notifications import preferences
from personal_assistant.notifications.addresses import list_addresses
from personal_assistant.notifications.preferences import KINDS, PreferenceError, get_preferences
from personal_assistant.store.message_tables import OUTWARD_CHANNELS


def set_routes(visit: Visit) -> Response:
    """Where each kind goes: to all channels, to none, or to those that are ticked."""

    def change(conn: sa.Connection) -> None:
        for kind in KINDS:
            preferences.set_route(conn, visit.user_id, kind, _chosen(conn, visit, kind), visit.now)

    return _changed(visit, "routes", change, "Saved: what goes where")


def _chosen(conn: sa.Connection, visit: Visit, kind: str) -> list[str] | None:
    way = visit.form.get(kind, "all")
    if way == "all":
        return None
    if way != "chosen":
        return []
    there = [it.name for it in list_addresses(conn, visit.user_id) if f"{kind}-{it.id}" in visit.form]
    if not there:
        raise PreferenceError(f"Tick the channels that each {kind} is to go to, or choose another line.")
    # An order that was chosen elsewhere stays.
    before = [it for it in get_preferences(conn, visit.user_id).routes.get(kind, []) if it in there]
    return [*before, *(it for it in there if it not in before)]


def set_quiet_hours(visit: Visit) -> Response:
    """When what is not urgent is held back; without both times never."""
    start, end = (visit.form.get(name, "").strip() or None for name in ("start", "end"))
    said = "The quiet hours are off" if start is None else f"Quiet from {start} to {end}"

    def change(conn: sa.Connection) -> None:
        preferences.set_quiet_hours(conn, visit.user_id, start, end, visit.now)

    return _changed(visit, "quiet-hours", change, said)


def set_caps(visit: Visit) -> Response:
    """How many messages each kind of channel carries in a day."""

    def change(conn: sa.Connection) -> None:
        for channel in OUTWARD_CHANNELS:
            preferences.set_cap(conn, visit.user_id, channel, _number(visit.form.get(channel, "")), visit.now)

    return _changed(visit, "caps", change, "Saved: how many a day")


def _number(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise PreferenceError(f"{text[:20]!r} is no number of messages: write one like 5, or nothing for any number.")
    return int(text)


def _changed(visit: Visit, part: str, change: Callable[[sa.Connection], None], said: str) -> Response:
    try:
        with visit.runtime.db.write() as conn:
            change(conn)
    except PreferenceError as error:
        return render(visit, 422, {part: str(error)})
    return visit.go(AT, said)


PAGES = [
    Page(f"{AT}/routes", set_routes, methods=("POST",)),
    Page(f"{AT}/quiet-hours", set_quiet_hours, methods=("POST",)),
    Page(f"{AT}/caps", set_caps, methods=("POST",)),
]
