"""Signing in and out: by password and code, or by a one-time link, whose page changes nothing until its button is
pressed.
"""

from collections.abc import Callable
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from personal_assistant.api.web.access import has_token, session_of, sign_in, sign_out
from personal_assistant.api.web.rendering import render
from personal_assistant.errors import AssistantError
from personal_assistant.notifications.account_mail import ask_for_reset, can_mail
from personal_assistant.notifications.senders import config_of
from personal_assistant.people import signing_in
from personal_assistant.people.one_time_links import Purpose, find_link
from personal_assistant.people.sessions import end_session
from personal_assistant.people.signing_in import Client, CodeNeeded
from personal_assistant.people.tries import LockedOutError
from personal_assistant.store.secrets import vault_of
from personal_assistant.workers.runtime import Runtime

_BY_LINK: dict[str, Purpose] = {"sign_in": "sign_in", "invite": "invite", "reset": "reset"}


def _client(request: Request) -> Client:
    """Where a try comes from. Behind a proxy on this machine that is not known: all would count as one client."""
    address = request.client.host if request.client else ""
    known = address and not ip_address(address).is_loopback
    return Client(address if known else None, request.headers.get("user-agent", ""))


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def login(request: Request, form: dict[str, str]) -> Response:
    """The form, and what it sends: a password, then a code where there is a second factor."""
    if request.method != "POST":
        return render("login.html", reason="", email="")
    runtime, now = _runtime(request), _runtime(request).clock.now()
    try:
        if "code" in form:
            vault = vault_of(runtime.settings)
            done = signing_in.give_code(runtime.db, vault, form.get("step", ""), form["code"], now, _client(request))
            return sign_in(RedirectResponse("/", 303), request, done.secret)
        email, password = form.get("email", ""), form.get("password", "")
        got = signing_in.sign_in(runtime.db, email, password, now, _client(request))
    except AssistantError as error:
        if "code" in form:
            answer = render("code.html", 403, reason=str(error), step=form.get("step", ""))
        else:
            answer = render("login.html", 403, reason=str(error), email=form.get("email", "")[:320])
        if isinstance(error, LockedOutError):
            answer.status_code, answer.headers["Retry-After"] = 429, str(error.seconds)
        return answer
    if isinstance(got, CodeNeeded):
        return render("code.html", reason="", step=got.secret)
    return sign_in(RedirectResponse("/", 303), request, got.secret)


def forgotten(request: Request, form: dict[str, str]) -> Response:
    """Ask for a link by mail that sets a new password. It answers the same for whoever is asked for."""
    runtime = _runtime(request)
    mails = can_mail(config_of(runtime.settings))
    if request.method != "POST" or not mails:
        return render("forgotten.html", mails=mails, asked=False, reason="", email="")
    email = form.get("email", "")
    try:
        ask_for_reset(runtime.db, email, runtime.clock.now(), _client(request).address)
    except LockedOutError as error:
        answer = render("forgotten.html", 429, mails=True, asked=False, reason=str(error), email=email[:320])
        answer.headers["Retry-After"] = str(error.seconds)
        return answer
    return render("forgotten.html", mails=True, asked=True, reason="", email="")


def logout(request: Request, form: dict[str, str]) -> Response:
    """End this browser's session."""
    session, runtime = session_of(request), _runtime(request)
    if session is not None:
        if not has_token(session, form):
            return RedirectResponse("/", 303)
        with runtime.db.write() as conn:
            end_session(conn, session.user_id, session.id)
    return sign_out(RedirectResponse("/login", 303))


def by_link(request: Request, form: dict[str, str]) -> Response:
    """What a one-time link opens. Looking does not use it up."""
    runtime, now = _runtime(request), _runtime(request).clock.now()
    purpose, secret = _BY_LINK.get(request.path_params["purpose"]), request.path_params["secret"]
    with runtime.db.read() as conn:
        link = None if purpose is None else find_link(conn, secret, purpose, now)
    if link is None or purpose is None:
        return render("link.html", 410, purpose="gone", reason="")
    if request.method != "POST":
        return render("link.html", purpose=purpose, reason="")
    try:
        if purpose != "sign_in":
            signing_in.set_password_by_link(runtime.db, secret, purpose, form.get("password", ""), now)
            return RedirectResponse("/login", 303)
        with runtime.db.write() as conn:
            done = signing_in.by_link(conn, secret, now, _client(request))
    except AssistantError as error:
        return render("link.html", 422, purpose=purpose, reason=str(error))
    return sign_in(RedirectResponse("/", 303), request, done.secret)


_Endpoint = Callable[[Request, dict[str, str]], Response]
ROUTES: list[tuple[str, tuple[str, ...], _Endpoint]] = [
    ("/login", ("GET", "POST"), login),
    ("/forgotten", ("GET", "POST"), forgotten),
    ("/logout", ("POST",), logout),
    ("/link/{purpose}/{secret}", ("GET", "POST"), by_link),
]
