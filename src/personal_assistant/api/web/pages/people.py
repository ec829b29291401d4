"""Who may use this assistant, and who did what: for admins."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from starlette.responses import Response

from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.notifications.account_mail import hand_out
from personal_assistant.people import accounts, audit
from personal_assistant.people.accounts import Account
from personal_assistant.people.audit import Actor

_SHOWN = 50
_BY = "web"


def listed(visit: Visit) -> Response:
    """Everybody, in the order in which they came."""
    with visit.runtime.db.read() as conn:
        found = accounts.list_accounts(conn, after=visit.place("after"), limit=_SHOWN + 1)
    more = found[_SHOWN - 1].id if len(found) > _SHOWN else None
    return visit.render("people.html", people=found[:_SHOWN], more=more, roles=accounts.ROLES)


def invite(visit: Visit) -> Response:
    """Invite somebody: by mail where that is set up, else by a link, shown in the answer and never again."""
    form = visit.form
    with visit.runtime.db.write() as conn:
        account = accounts.create_account(
            conn,
            form.get("email", ""),
            visit.now,
            name=form.get("name", ""),
            zone=form.get("zone", "").strip() or visit.account.zone,
            role=form.get("role", "member"),
            actor=Actor(visit.user_id, _BY),
        )
        link = hand_out(conn, "invite", account, visit.runtime.settings, visit.now)
    if link is None:
        return visit.go("/people/everybody", f"The invitation goes to {account.email} by mail")
    about = f"Hand this link on to {account.email}. It works once, within 7 days, and lets them choose a password."
    return visit.render("once.html", title="The invitation", about=about, lines=[link], link="/people/everybody")


def act(visit: Visit) -> Response:
    """Switch somebody off or on, or change their role."""
    what = visit.request.path_params["what"]
    if what not in _ACTS:
        return visit.render("missing.html", 404)
    said, change = _ACTS[what]
    with visit.runtime.db.write() as conn:
        account = change(conn, visit.number("user_id"), visit.now, Actor(visit.user_id, _BY))
    return visit.go("/people/everybody", f"{said}: {account.full_name or account.email}")


def audited(visit: Visit) -> Response:
    """Who did what, the newest first."""
    before, action = visit.place("before"), visit.query("action", 60).replace("\0", "")
    with visit.runtime.db.read() as conn:
        found = audit.list_entries(conn, None, action=action or None, before=before, limit=_SHOWN + 1)
    more = found[_SHOWN - 1].id if len(found) > _SHOWN else None
    return visit.render("audit.html", entries=found[:_SHOWN], more=more, action=action)


def _with_role(role: str) -> Callable[[sa.Connection, int, datetime, Actor], Account]:
    return lambda conn, user_id, now, actor: accounts.edit_account(conn, user_id, now, {"role": role}, actor=actor)


_ACTS: dict[str, tuple[str, Callable[[sa.Connection, int, datetime, Actor], Account]]] = {
    "pause": ("Switched off", accounts.deactivate),
    "resume": ("Switched on", accounts.reactivate),
    "make-admin": ("An admin now", _with_role("admin")),
    "make-member": ("A member now", _with_role("member")),
}

PAGES = [
    Page("/people/everybody", listed, admin=True),
    Page("/people/everybody", invite, methods=("POST",), admin=True),
    Page("/people/everybody/{user_id}/{what}", act, methods=("POST",), admin=True),
    Page("/people/audit", audited, admin=True),
]
