"""Yourself: name, zone, password, second factor, the browsers that are signed in, and API tokens."""

from datetime import timedelta

from starlette.responses import Response

from personal_assistant.api.web.access import keep
from personal_assistant.api.web.qr import qr_svg
from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.errors import AssistantError
from personal_assistant.people import accounts, audit, sessions, signing_in, tokens, totp
from personal_assistant.people.audit import Actor
from personal_assistant.people.tokens import ADMIN, READ, WRITE
from personal_assistant.people.totp import Enrolment, SecondFactorError
from personal_assistant.store.secrets import vault_of
from personal_assistant.workers.schedulers.timetable import sync_timetable

_BY = "web"
# What a form may say of how long a token lasts, in days.
_LASTS = {"30": 30, "90": 90, "365": 365, "": None}


def shown(visit: Visit) -> Response:
    """Everything about yourself."""
    with visit.runtime.db.read() as conn:
        browsers = sessions.list_sessions(conn, visit.user_id, visit.now)
        mine = tokens.list_tokens(conn, visit.user_id)
    scopes = [READ, WRITE, *([ADMIN] if visit.is_admin else [])]
    return visit.render("me.html", browsers=browsers, tokens=mine, scopes=scopes)


def edit(visit: Visit) -> Response:
    """Change your name, zone and language."""
    changes = {name: visit.form[name] for name in ("full_name", "zone", "language") if name in visit.form}
    with visit.runtime.db.write() as conn:
        account = accounts.edit_account(conn, visit.user_id, visit.now, changes, actor=Actor(visit.user_id, _BY))
    if account.is_owner and account.zone != visit.account.zone:
        sync_timetable(visit.runtime, account.zone)
    return visit.go("/people", "Saved")


def change_password(visit: Visit) -> Response:
    """A new password; all other browsers are signed out, and this one goes on with another cookie."""
    old, new = visit.form.get("old", ""), visit.form.get("new", "")
    mine = visit.session.id
    secret = signing_in.change_password(visit.runtime.db, visit.user_id, old, new, visit.now, keep=mine)
    answer = visit.go("/people", "The password is changed, and your other browsers are signed out")
    return keep(answer, visit.request, secret)


def end_session(visit: Visit) -> Response:
    """Sign one browser out."""
    session_id = visit.number("session_id")
    with visit.runtime.db.write() as conn:
        if not sessions.end_session(conn, visit.user_id, session_id):
            return visit.render("missing.html", 404)
        audit.note(conn, visit.user_id, "session.ended", f"session:{session_id}", visit.now, by=_BY)
    return visit.go("/people", "That browser is signed out")


def end_others(visit: Visit) -> Response:
    """Sign all browsers but this one out."""
    with visit.runtime.db.write() as conn:
        count = sessions.end_sessions(conn, visit.user_id, but=visit.session.id)
        details = {"count": count}
        audit.note(conn, visit.user_id, "session.ended", "sessions", visit.now, by=_BY, details=details)
    return visit.go("/people", f"Signed out: {count}")


def add_token(visit: Visit) -> Response:
    """Make a token, which is shown in the answer and never again."""
    lasts = visit.form.get("days", "")
    if lasts not in _LASTS:
        raise AssistantError("Choose how long the token lasts.")
    days = _LASTS[lasts]
    ends = None if days is None else visit.now + timedelta(days=days)
    with visit.runtime.db.write() as conn:
        made, secret = tokens.create_token(
            conn, visit.user_id, visit.form.get("name", ""), [visit.form.get("scope", "")], ends, visit.now, by=_BY
        )
    return visit.render(
        "once.html", title=f"The token «{made.name}»", about="A program sends it as «Authorization: Bearer …».",
        lines=[secret], link="",
    )  # fmt: skip


def remove_token(visit: Visit) -> Response:
    """Take a token no more."""
    with visit.runtime.db.write() as conn:
        tokens.revoke_token(conn, visit.user_id, visit.number("token_id"), visit.now, by=_BY)
    return visit.go("/people", "The token is removed")


def enrol(visit: Visit) -> Response:
    """What an authenticator app is to be given."""
    with visit.runtime.db.write() as conn:
        found = totp.enrol(conn, vault_of(visit.runtime.settings), visit.user_id, visit.account.email, visit.now)
    return _to_confirm(visit, found)


def _to_confirm(visit: Visit, found: Enrolment, reason: str = "") -> Response:
    status = 422 if reason else 200
    return visit.render("second_factor.html", status, enrolment=found, qr=qr_svg(found.uri), reason=reason)


def confirm(visit: Visit) -> Response:
    """Have the second factor count, from the first right code on."""
    vault = vault_of(visit.runtime.settings)
    try:
        with visit.runtime.db.write() as conn:
            codes = totp.confirm(conn, vault, visit.user_id, visit.form.get("code", ""), visit.now)
            audit.note(conn, visit.user_id, "second_factor.on", f"user:{visit.user_id}", visit.now, by=_BY)
    except SecondFactorError as error:
        with visit.runtime.db.read() as conn:
            found = totp.waiting(conn, vault, visit.user_id, visit.account.email)
        return visit.refuse(error) if found is None else _to_confirm(visit, found, str(error))
    return visit.render(
        "once.html", title="Your recovery codes", link="", lines=codes,
        about="From now on a code of your app is asked for. Where you have lost it, each of these works once instead.",
    )  # fmt: skip


def switch_off(visit: Visit) -> Response:
    """Ask for no code any more."""
    vault, code = vault_of(visit.runtime.settings), visit.form.get("code", "")
    signing_in.switch_off_second_factor(visit.runtime.db, vault, visit.user_id, code, visit.now)
    return visit.go("/people", "The second factor is off")


PAGES = [
    Page("/people", shown, menu="People & tokens", order=80),
    Page("/people/me", edit, methods=("POST",)),
    Page("/people/password", change_password, methods=("POST",)),
    Page("/people/second-factor", enrol, methods=("POST",)),
    Page("/people/second-factor/confirm", confirm, methods=("POST",)),
    Page("/people/second-factor/off", switch_off, methods=("POST",)),
    Page("/people/sessions/end-others", end_others, methods=("POST",)),
    Page("/people/sessions/{session_id}/end", end_session, methods=("POST",)),
    Page("/people/tokens", add_token, methods=("POST",)),
    Page("/people/tokens/{token_id}/remove", remove_token, methods=("POST",)),
]
