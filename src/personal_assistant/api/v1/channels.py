"""`/channels`: the ways to reach you outside of the assistant, in the order in which they are tried."""

import sqlalchemy as sa
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from personal_assistant.api.v1.callers import Reader, Running, Writer
from personal_assistant.api.v1.channel_shapes import (
    ChangedChannel,
    ChangedChannelShape,
    Channels,
    ChannelShape,
    NewChannel,
)
from personal_assistant.api.v1.etags import IfMatch, digest_of, require
from personal_assistant.api.v1.once import Key, once
from personal_assistant.api.v1.problems import responses
from personal_assistant.api.v1.shapes import Queued
from personal_assistant.notifications import addresses, trying
from personal_assistant.notifications.address_audit import note_change
from personal_assistant.notifications.address_states import AddressState, address_states
from personal_assistant.notifications.model import Address, AddressError
from personal_assistant.notifications.senders import config_of
from personal_assistant.people.tokens import Caller
from personal_assistant.store.secrets import vault_of
from personal_assistant.workers.liveness import scheduler_alive
from personal_assistant.workers.runtime import Runtime

router = APIRouter(prefix="/channels", tags=["Channels"])
_BY = "api"


@router.get("")
def list_channels(caller: Reader, runtime: Running) -> Channels:
    """Your channels. Their URLs are told in part only: they are secrets."""
    with runtime.db.read() as conn:
        return Channels(items=_shapes(conn, caller.user_id))


@router.post("", status_code=201, response_model=ChangedChannelShape)
def add_channel(caller: Writer, runtime: Running, body: NewChannel) -> Response:
    """Add one. The secret that a webhook is signed with is told where it was made, this once."""
    now = runtime.clock.now()
    addresses.check_host(body.url, config_of(runtime.settings).private_hosts)
    with runtime.db.write() as conn:
        address, secret = addresses.add_address(
            conn,
            vault_of(runtime.settings),
            caller.user_id,
            body.channel,
            body.url,
            name=body.name,
            secret=body.secret,
            now=now,
        )
        note_change(conn, address, "added", runtime.clock.now(), by=_BY)
        made = secret if body.secret is None else None
        return _answer(conn, address, 201, made, {"Location": f"/api/v1/channels/{address.id}"})


@router.get("/{channel_id}", response_model=ChannelShape, responses=responses(404))
def get_channel(caller: Reader, runtime: Running, channel_id: int) -> Response:
    """One channel. The ETag is the revision."""
    with runtime.db.read() as conn:
        address = _mine(conn, caller, channel_id)
        shape = _shape(conn, address)
    return JSONResponse(shape.model_dump(mode="json"), headers=_tag(shape))


@router.patch("/{channel_id}", response_model=ChangedChannelShape, responses=responses(404, 412))
def change_channel(
    caller: Writer, runtime: Running, channel_id: int, body: ChangedChannel, if_match: IfMatch = None
) -> Response:
    """Change where it leads, its name, its place in the order, or the secret that it signs with."""
    if body.url is None and body.name is None and body.position is None and not body.new_secret:
        raise AddressError("Say what to change: url, name, position or new_secret.")
    if body.url is not None:
        addresses.check_host(body.url, config_of(runtime.settings).private_hosts)
    with runtime.db.write() as conn:
        address = _mine(conn, caller, channel_id, if_match)
        address, secret = addresses.edit_address(
            conn, vault_of(runtime.settings), address, url=body.url, name=body.name, new_secret=body.new_secret
        )
        if body.position is not None:
            addresses.move(conn, address, body.position)
        note_change(conn, address, "edited", runtime.clock.now(), by=_BY)
        return _answer(conn, address, 200, secret)


@router.delete("/{channel_id}", status_code=204, responses=responses(404, 412))
def remove_channel(caller: Writer, runtime: Running, channel_id: int, if_match: IfMatch = None) -> None:
    """Forget it. What was sent there stays in the history."""
    with runtime.db.write() as conn:
        address = _mine(conn, caller, channel_id, if_match)
        addresses.remove_address(conn, address, runtime.clock.now())
        note_change(conn, address, "removed", runtime.clock.now(), by=_BY)


@router.post("/{channel_id}/pause", response_model=ChannelShape, responses=responses(404))
def pause_channel(caller: Writer, runtime: Running, channel_id: int) -> Response:
    """Have it passed over until it is resumed. Doing it again changes nothing."""
    return _switch(caller, runtime, channel_id, False)


@router.post("/{channel_id}/resume", response_model=ChannelShape, responses=responses(404))
def resume_channel(caller: Writer, runtime: Running, channel_id: int) -> Response:
    """Have it used again. Doing it again changes nothing."""
    return _switch(caller, runtime, channel_id, True)


@router.post("/{channel_id}/test", status_code=202, response_model=Queued, responses=responses(404, 409))
def test_channel(caller: Writer, runtime: Running, request: Request, channel_id: int, key: Key = None) -> Response:
    """Send a test message there, also when it is paused. The job's result says what came of it: `outcome` is `sent`,
    `unconfirmed` or `failed`, for a `reason`.
    """

    def act() -> Response:
        with runtime.db.write() as conn:
            job_id = trying.ask_for_test(conn, _mine(conn, caller, channel_id), runtime.clock.now())
        return JSONResponse({"job_id": job_id, "scheduler_alive": scheduler_alive(runtime)}, 202)

    return once(runtime, caller.user_id, key, request, "", act)


def _switch(caller: Caller, runtime: Runtime, channel_id: int, enabled: bool) -> Response:
    with runtime.db.write() as conn:
        address = addresses.set_enabled(conn, _mine(conn, caller, channel_id), enabled)
        shape = _shape(conn, address)
    return JSONResponse(shape.model_dump(mode="json"), headers=_tag(shape))


def _mine(conn: sa.Connection, caller: Caller, channel_id: int, if_match: str | None = None) -> Address:
    """One of the caller's. Raises AddressNotFoundError, and ChangedMeanwhileError where If-Match asks for another."""
    if if_match is not None:
        addresses.hold(conn, caller.user_id)
    address = addresses.get_address(conn, caller.user_id, str(channel_id))
    require(if_match, _shape(conn, address).revision)
    return address


def _answer(
    conn: sa.Connection, address: Address, status: int, secret: str | None, headers: dict[str, str] | None = None
) -> Response:
    shape = _shape(conn, address)
    content = {**shape.model_dump(mode="json"), "secret": secret}
    return JSONResponse(content, status, {**_tag(shape), **(headers or {})})


def _tag(shape: ChannelShape) -> dict[str, str]:
    return {"ETag": f'"{shape.revision}"'}


def _shape(conn: sa.Connection, address: Address) -> ChannelShape:
    return next(it for it in _shapes(conn, address.user_id) if it.id == address.id)


def _shapes(conn: sa.Connection, user_id: int) -> list[ChannelShape]:
    found = address_states(conn, user_id)
    sealed = trying.sealed_of(conn, [it.address for it in found])
    return [_shaped(it, place, sealed[it.address.id]) for place, it in enumerate(found, 1)]


def _shaped(it: AddressState, place: int, sealed: str) -> ChannelShape:
    """`sealed` changes with the URL, of which more than the mask may have changed."""
    about = it.address
    seen = {"name": about.name, "position": place, "enabled": about.enabled, "sealed": sealed}
    return ChannelShape(
        id=about.id,
        channel=about.channel,
        name=about.name,
        masked=about.masked,
        position=place,
        enabled=about.enabled,
        last_sent_at=it.last_sent_at,
        last_error=it.last_error,
        last_error_at=it.last_error_at,
        revision=digest_of(seen),
    )
