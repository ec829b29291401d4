"""`/routes`, `/quiet-hours`, `/caps`: what you wish of your messages."""

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from personal_assistant.api.v1.callers import Reader, Running, Writer
from personal_assistant.api.v1.channel_shapes import Caps, CapsShape, QuietHours, QuietHoursShape, Routes, RoutesShape
from personal_assistant.api.v1.etags import IfMatch, digest_of, require
from personal_assistant.api.v1.problems import responses
from personal_assistant.notifications import preferences
from personal_assistant.notifications.preferences import KINDS, get_preferences
from personal_assistant.store.message_tables import OUTWARD_CHANNELS
from personal_assistant.store.people import get_person

router = APIRouter(tags=["Channels"])


@router.get("/routes", response_model=RoutesShape)
def get_routes(caller: Reader, runtime: Running) -> Response:
    """Where each kind of message goes. The ETag is the revision."""
    with runtime.db.read() as conn:
        return _answer(_routes(conn, caller.user_id))


@router.put("/routes", response_model=RoutesShape, responses=responses(412))
def set_routes(caller: Writer, runtime: Running, body: Routes, if_match: IfMatch = None) -> Response:
    """Say where each kind of message goes; a kind that is left out goes to all your channels."""
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        require(if_match, digest_of(_routes(conn, caller.user_id)))
        for kind, names in body.model_dump().items():
            preferences.set_route(conn, caller.user_id, kind, names, now)
        return _answer(_routes(conn, caller.user_id))


@router.get("/quiet-hours", response_model=QuietHoursShape)
def get_quiet_hours(caller: Reader, runtime: Running) -> Response:
    """When what is not urgent is held back. The ETag is the revision."""
    with runtime.db.read() as conn:
        return _answer(_quiet_hours(conn, caller.user_id))


@router.put("/quiet-hours", response_model=QuietHoursShape, responses=responses(412))
def set_quiet_hours(caller: Writer, runtime: Running, body: QuietHours, if_match: IfMatch = None) -> Response:
    """Hold what is not urgent in these hours; it comes when they end, several messages as one. Without both: never."""
    with runtime.db.write() as conn:
        require(if_match, digest_of(_quiet_hours(conn, caller.user_id)))
        preferences.set_quiet_hours(conn, caller.user_id, body.start, body.end, runtime.clock.now())
        return _answer(_quiet_hours(conn, caller.user_id))


@router.get("/caps", response_model=CapsShape)
def get_caps(caller: Reader, runtime: Running) -> Response:
    """How many messages each channel carries in a day. The ETag is the revision."""
    with runtime.db.read() as conn:
        return _answer(_caps(conn, caller.user_id))


@router.put("/caps", response_model=CapsShape, responses=responses(412))
def set_caps(caller: Writer, runtime: Running, body: Caps, if_match: IfMatch = None) -> Response:
    """Let each channel carry so many messages a day; one that is left out carries any number."""
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        require(if_match, digest_of(_caps(conn, caller.user_id)))
        for channel, most in body.model_dump().items():
            preferences.set_cap(conn, caller.user_id, channel, most, now)
        return _answer(_caps(conn, caller.user_id))


def _answer(content: dict[str, Any]) -> Response:
    revision = digest_of(content)
    return JSONResponse({**content, "revision": revision}, headers={"ETag": f'"{revision}"'})


def _routes(conn: sa.Connection, user_id: int) -> dict[str, Any]:
    found = get_preferences(conn, user_id).routes
    return {kind: found.get(kind) for kind in KINDS}


def _quiet_hours(conn: sa.Connection, user_id: int) -> dict[str, Any]:
    found = get_preferences(conn, user_id)
    return {"start": found.quiet_from, "end": found.quiet_to, "zone": get_person(conn, user_id).zone}


def _caps(conn: sa.Connection, user_id: int) -> dict[str, Any]:
    found = get_preferences(conn, user_id).caps
    return {channel: found.get(channel) for channel in OUTWARD_CHANNELS}
