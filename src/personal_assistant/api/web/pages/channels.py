"""Where you are reached outside of the assistant: added, tried, changed, put in order; beside it what goes where."""

from collections.abc import Callable, Mapping

import sqlalchemy as sa
from starlette.responses import Response

from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.jobs.model import JobNotFoundError, JobView
from personal_assistant.jobs.queries import get_job
from personal_assistant.notifications import addresses, trying
from personal_assistant.notifications.address_audit import note_change
from personal_assistant.notifications.address_states import address_states
from personal_assistant.notifications.addresses import check_host
from personal_assistant.notifications.model import Address, AddressError
from personal_assistant.notifications.preferences import KINDS, get_preferences
from personal_assistant.notifications.senders import config_of
from personal_assistant.store.message_tables import OUTWARD_CHANNELS
from personal_assistant.store.secrets import vault_of
from personal_assistant.workers.liveness import scheduler_alive

AT = "/notifications/channels"
_BY = "web"


def shown(visit: Visit) -> Response:
    """All of them, what came of the last test, and the forms."""
    return render(visit)


def render(visit: Visit, status: int = 200, wrong: Mapping[str, str] | None = None) -> Response:
    """The page. `wrong` says by the name of a form's part what of it cannot be; what was typed there stands in it."""
    with visit.runtime.db.read() as conn:
        states = address_states(conn, visit.user_id)
        wishes = get_preferences(conn, visit.user_id)
        tested = _tested(conn, visit)
    waits = tested is not None and tested.result is None and tested.finished_at is None
    return visit.render(
        "channels.html",
        status,
        states=states,
        wishes=wishes,
        tested=tested,
        alive=not waits or scheduler_alive(visit.runtime),
        kinds=KINDS,
        outward=OUTWARD_CHANNELS,
        wrong=wrong or {},
    )


def _tested(conn: sa.Connection, visit: Visit) -> JobView | None:
    """The job of a test that was asked for here."""
    job_id = visit.query("test")
    try:
        job = get_job(conn, job_id, user_id=visit.user_id) if job_id.isprintable() and job_id else None
    except JobNotFoundError:
        return None
    return job if job is not None and job.task == trying.TASK else None


def add(visit: Visit) -> Response:
    """Add one, tried after those that there are. A secret that is made for it is shown in the answer only."""
    channel, url = visit.form.get("channel", ""), visit.form.get("url", "").strip()
    name = visit.form.get("name", "").strip() or None
    try:
        check_host(url, config_of(visit.runtime.settings).private_hosts)
        with visit.runtime.db.write() as conn:
            vault = vault_of(visit.runtime.settings)
            made, secret = addresses.add_address(conn, vault, visit.user_id, channel, url, name=name, now=visit.now)
            note_change(conn, made, "added", visit.now, by=_BY)
    except AddressError as error:
        return render(visit, 422, {error.field or "url": str(error)})
    return _done(visit, made, secret, f"Added: {made.name}. Try it with its test button")


def one(visit: Visit) -> Response:
    """One, to be changed."""
    with visit.runtime.db.read() as conn:
        address = _mine(conn, visit)
    return visit.render("channel.html", address=address, wrong={})


def edit(visit: Visit) -> Response:
    """Another name or URL; the URL stays where none is given."""
    url, name = visit.form.get("url", "").strip() or None, visit.form.get("name", "")
    with visit.runtime.db.read() as conn:
        address = _mine(conn, visit)
    try:
        if url is not None:
            check_host(url, config_of(visit.runtime.settings).private_hosts)
        with visit.runtime.db.write() as conn:
            vault = vault_of(visit.runtime.settings)
            changed, _ = addresses.edit_address(conn, vault, _mine(conn, visit), url=url, name=name)
            note_change(conn, changed, "edited", visit.now, by=_BY)
    except AddressError as error:
        return visit.render("channel.html", 422, address=address, wrong={error.field or "url": str(error)})
    return visit.go(AT, f"Changed: {changed.name}")


def renew(visit: Visit) -> Response:
    """Sign with a new secret from now on."""
    with visit.runtime.db.write() as conn:
        vault = vault_of(visit.runtime.settings)
        changed, secret = addresses.edit_address(conn, vault, _mine(conn, visit), new_secret=True)
        note_change(conn, changed, "edited", visit.now, by=_BY)
    return _done(visit, changed, secret, "Changed")


def test(visit: Visit) -> Response:
    """Have a test message sent. What came of it appears on the page."""
    with visit.runtime.db.write() as conn:
        job_id = trying.ask_for_test(conn, _mine(conn, visit), visit.now)
    return visit.go(f"{AT}?test={job_id}")


def act(visit: Visit) -> Response:
    """Pause, resume, remove, or try it earlier."""
    acting = _ACTS.get(visit.request.path_params["what"])
    if acting is None:
        return visit.render("missing.html", 404)
    with visit.runtime.db.write() as conn:
        said = acting(conn, visit, _mine(conn, visit))
    return visit.go(AT, said)


def _pause(conn: sa.Connection, visit: Visit, address: Address) -> str:
    addresses.set_enabled(conn, address, False)
    return f"Paused: {address.name}"


def _resume(conn: sa.Connection, visit: Visit, address: Address) -> str:
    addresses.set_enabled(conn, address, True)
    return f"Resumed: {address.name}"


def _remove(conn: sa.Connection, visit: Visit, address: Address) -> str:
    addresses.remove_address(conn, address, visit.now)
    note_change(conn, address, "removed", visit.now, by=_BY)
    return f"Removed: {address.name}"


def _earlier(conn: sa.Connection, visit: Visit, address: Address) -> str:
    names = [it.id for it in addresses.list_addresses(conn, visit.user_id)]
    addresses.move(conn, address, max(1, names.index(address.id)))
    return f"Earlier now: {address.name}"


_ACTS: dict[str, Callable[[sa.Connection, Visit, Address], str]] = {
    "pause": _pause,
    "resume": _resume,
    "remove": _remove,
    "earlier": _earlier,
}


def _done(visit: Visit, address: Address, secret: str | None, said: str) -> Response:
    if secret is None:
        return visit.go(AT, said)
    about = "What is sent there is signed with this secret. Give it to the service, which proves the sender by it."
    return visit.render("once.html", title=f"The secret of «{address.name}»", about=about, lines=[secret], link=AT)


def _mine(conn: sa.Connection, visit: Visit) -> Address:
    return addresses.get_address(conn, visit.user_id, str(visit.number("channel_id")))


PAGES = [
    Page(AT, shown),
    Page(AT, add, methods=("POST",)),
    Page(f"{AT}/{{channel_id}}", one),
    Page(f"{AT}/{{channel_id}}/edit", edit, methods=("POST",)),
    Page(f"{AT}/{{channel_id}}/new-secret", renew, methods=("POST",)),
    Page(f"{AT}/{{channel_id}}/test", test, methods=("POST",)),
    Page(f"{AT}/{{channel_id}}/{{what}}", act, methods=("POST",)),
]
