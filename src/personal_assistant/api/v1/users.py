"""`/users`, for admins: who may use this assistant. `/me`: yourself."""

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from personal_assistant.api.v1.callers import Admin, Reader, Running, Writer
from personal_assistant.api.v1.etags import IfMatch, revision_of
from personal_assistant.api.v1.paging import Cursor, Limit, Page, after_id, page_of
from personal_assistant.api.v1.people_shapes import ChangedMe, ChangedUser, InvitedUser, Me, NewUser, UserShape
from personal_assistant.api.v1.problems import responses
from personal_assistant.notifications.account_mail import hand_out
from personal_assistant.people import accounts
from personal_assistant.people.accounts import Account, AccountError
from personal_assistant.people.audit import Actor
from personal_assistant.people.tokens import Caller
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers.timetable import sync_timetable

router = APIRouter(tags=["People"])
_MAY_BE_EMPTY = frozenset({"full_name"})


@router.get("/me", response_model=Me)
def get_me(caller: Reader, runtime: Running) -> Response:
    """You, and what the token that you ask with may do. The ETag is the revision."""
    with runtime.db.read() as conn:
        return _answer(accounts.get_account(conn, caller.user_id), scopes=sorted(caller.scopes))


@router.patch("/me", response_model=UserShape, responses=responses(412))
def change_me(caller: Writer, runtime: Running, body: ChangedMe, if_match: IfMatch = None) -> Response:
    """Change your name, zone or language. What is scheduled already keeps the zone that it was made in."""
    return _change(caller, runtime, caller.user_id, body, if_match)


@router.get("/users", response_model=Page[UserShape])
def list_users(caller: Admin, runtime: Running, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Everybody, in the order in which they came."""
    del caller
    after = after_id(cursor)
    with runtime.db.read() as conn:
        found = accounts.list_accounts(conn, after=after, limit=limit + 1)
    return page_of([UserShape.model_validate(it) for it in found], limit)


@router.post("/users", status_code=201, response_model=InvitedUser, responses=responses(409))
def invite_user(caller: Admin, runtime: Running, body: NewUser) -> Response:
    """Invite somebody: by mail where that is set up, else by the link in the answer. An address is invited once."""
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        account = accounts.create_account(
            conn,
            body.email,
            now,
            name=body.full_name,
            zone=body.zone or accounts.get_account(conn, caller.user_id).zone,
            language=body.language or accounts.DEFAULT_LANGUAGE,
            role=body.role or "member",
            actor=_actor(caller),
        )
        link = hand_out(conn, "invite", account, runtime.settings, now)
    return _answer(account, 201, {"Location": f"/api/v1/users/{account.id}"}, link=link)


@router.get("/users/{user_id}", response_model=UserShape, responses=responses(404))
def get_user(caller: Admin, runtime: Running, user_id: int) -> Response:
    """One person. The ETag is the revision."""
    del caller
    with runtime.db.read() as conn:
        return _answer(accounts.get_account(conn, user_id))


@router.patch("/users/{user_id}", response_model=UserShape, responses=responses(404, 409, 412))
def change_user(caller: Admin, runtime: Running, user_id: int, body: ChangedUser, if_match: IfMatch = None) -> Response:
    """Change the fields that are given. A new role signs the person out everywhere."""
    return _change(caller, runtime, user_id, body, if_match)


@router.post("/users/{user_id}/pause", response_model=UserShape, responses=responses(404))
def pause_user(caller: Admin, runtime: Running, user_id: int) -> Response:
    """Let somebody neither sign in nor use tokens. Their reminders go on. Doing it again changes nothing."""
    with runtime.db.write() as conn:
        return _answer(accounts.deactivate(conn, user_id, runtime.clock.now(), _actor(caller)))


@router.post("/users/{user_id}/resume", response_model=UserShape, responses=responses(404))
def resume_user(caller: Admin, runtime: Running, user_id: int) -> Response:
    """Let somebody sign in again. Doing it again changes nothing."""
    with runtime.db.write() as conn:
        return _answer(accounts.reactivate(conn, user_id, runtime.clock.now(), _actor(caller)))


def _change(caller: Caller, runtime: Runtime, user_id: int, body: ChangedMe, if_match: str | None) -> Response:
    changes = body.changes()
    if not changes:
        raise AccountError("Say what to change: give at least one field.")
    empty = [name for name, value in changes.items() if value is None and name not in _MAY_BE_EMPTY]
    if empty:
        raise AccountError(f"{empty[0]} cannot be null. Leave it out to keep what it is.")
    with runtime.db.write() as conn:
        before = accounts.get_account(conn, user_id)
        account = _edited(conn, caller, runtime, user_id, changes, if_match)
    if account.is_owner and account.zone != before.zone:
        sync_timetable(runtime, account.zone)
    return _answer(account)


def _edited(
    conn: sa.Connection, caller: Caller, runtime: Runtime, user_id: int, changes: dict[str, Any], if_match: str | None
) -> Account:
    revision = revision_of(if_match)
    now = runtime.clock.now()
    return accounts.edit_account(conn, user_id, now, changes, actor=_actor(caller), if_revision=revision)


def _actor(caller: Caller) -> Actor:
    return Actor(caller.user_id, "api")


def _answer(account: Account, status: int = 200, headers: dict[str, str] | None = None, **more: Any) -> Response:
    content = {**UserShape.model_validate(account).model_dump(mode="json"), **more}
    return JSONResponse(content, status, {"ETag": f'"{account.revision}"', **(headers or {})})
