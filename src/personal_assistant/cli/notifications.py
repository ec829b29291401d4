"""`assistant notifications`: what has been delivered to you."""

from typing import Annotated, Any

import typer

from personal_assistant.cli import preferences
from personal_assistant.cli.output import Json, group, id_parser, plain, print_json, say, table

app = group("What has been delivered to you.")
preferences.add_to(app)

_SIGNS = {"pending": "⏳", "sent": "✅", "unconfirmed": "❔", "failed": "❌", "suppressed": "🚫"}
_ID = typer.Argument(
    metavar="ID", help="The notification's id.", parser=id_parser("notification", "notifications list", 2**63 - 1)
)


@app.command("list")
def list_(
    unread: Annotated[bool, typer.Option("--unread", help="Only those you have not marked as read.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 30,
    as_json: Json = False,
) -> None:
    """Your notifications, the newest first."""
    from personal_assistant.cli.remote import remote
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.inbox import list_notifications

    there = remote()
    current: Any = there or session()
    if there is not None:
        found = there.notifications(unread, limit)
    else:
        with current.runtime.db.read() as conn:
            found = list_notifications(conn, current.owner.id, unread=unread, limit=limit)
    if as_json:
        print_json([document(it) for it in found])
        return
    rows = [
        (
            str(it.id),
            "" if it.read_at else "●",
            current.local(it.sent_at),
            _late(it.late_seconds),
            it.title,
            it.body or "",
        )
        for it in found
    ]
    table(("id", "new", "delivered", "late", "title", "text"), rows, empty=_nothing(unread))


def _nothing(unread: bool) -> str:
    return "Nothing is unread." if unread else "Nothing has been delivered yet."


def document(it: Any) -> dict[str, Any]:
    """A notification as JSON has it, with how late it came."""
    return {**plain(it), "late_seconds": it.late_seconds}


def _late(seconds: float | None) -> str:
    from datetime import timedelta

    from personal_assistant.timing.missed import spoken

    if seconds is None:
        return ""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else spoken(timedelta(seconds=seconds))


@app.command()
def show(notification_id: Annotated[int, _ID], as_json: Json = False) -> None:
    """One notification with its whole text."""
    from personal_assistant.cli.remote import remote
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.inbox import get_notification, tries_of

    there = remote()
    current: Any = there or session()
    if there is not None:
        it, tries = there.notification(notification_id)
    else:
        with current.runtime.db.read() as conn:
            it = get_notification(conn, current.owner.id, notification_id)
            tries = tries_of(conn, current.owner.id, notification_id)
    if as_json:
        print_json({**document(it), "tries": [plain(one) for one in tries]})
        return
    say(it.title)
    if it.body:
        say(it.body)
    about = f", AI task {it.ai_task_id}" if it.ai_task_id else ""
    late = f", {_late(it.late_seconds)} after its time" if it.late_seconds is not None else ""
    say(f"   delivered {current.local(it.sent_at)}{late}; {it.kind}{about}{'' if it.read_at else ', unread'}")
    for one in tries:
        when = f" {current.local(one.sent_at)}" if one.sent_at else ""
        why = f": {one.error}" if one.error else ""
        say(f"   {_SIGNS[one.state]} {one.name or one.channel}: {one.state}{when}{why}")


@app.command()
def read(
    notification_id: Annotated[int | None, _ID] = None,
    everything: Annotated[bool, typer.Option("--all", help="Mark all of them.")] = False,
    as_json: Json = False,
) -> None:
    """Mark a notification as read."""
    from personal_assistant.cli.remote import remote
    from personal_assistant.cli.session import session
    from personal_assistant.errors import AssistantError
    from personal_assistant.notifications.inbox import mark_read

    if everything == (notification_id is not None):
        raise AssistantError("Give the id of a notification, or --all.")
    there = remote()
    if there is not None:
        count = there.mark_read(notification_id)
    else:
        current = session()
        with current.runtime.db.write() as conn:
            count = mark_read(conn, current.owner.id, notification_id, current.runtime.clock.now())
    print_json({"marked": count}) if as_json else say(_marked(count))


@app.command()
def feed(
    new: Annotated[
        bool, typer.Option("--new", help="Make a new address; the one before does not work any more.")
    ] = False,
    off: Annotated[bool, typer.Option("--off", help="Let no address work any more.")] = False,
    as_json: Json = False,
) -> None:
    """The address of your calendar feed. It is secret and shown once: only its fingerprint is kept."""
    from personal_assistant.cli.session import session
    from personal_assistant.errors import AssistantError
    from personal_assistant.notifications.feed_token import has_token, new_token, switch_off
    from personal_assistant.store.web_address import base_of_links

    if new and off:
        raise AssistantError("Give --new or --off, not both.")
    current = session()
    now, user_id = current.runtime.clock.now(), current.owner.id
    if off:
        with current.runtime.db.write() as conn:
            had_one = switch_off(conn, user_id, now)
        text = "✅ The calendar feed is off." if had_one else "The calendar feed was off already."
        print_json({"on": False, "url": None}) if as_json else say(text)
        return
    with current.runtime.db.write() as conn:
        if not new and has_token(conn, user_id):
            text = "The calendar feed is on. Its address was shown when it was made; `feed --new` makes another one."
            print_json({"on": True, "url": None}) if as_json else say(text)
            return
        token = new_token(conn, user_id, now)
    base = base_of_links(current.runtime.settings.public_url, current.runtime.settings.data_dir)
    url = f"{base}/calendar/{token}.ics"
    text = (
        f"📅 {url}\n   Subscribe to it in your calendar. Who knows it can read your occurrences; it is not shown again."
    )
    print_json({"on": True, "url": url}) if as_json else say(text)


def _marked(count: int) -> str:
    if not count:
        return "Nothing was unread."
    return f"✅ Marked as read: {count} notification{'' if count == 1 else 's'}"


@app.command()
def test(
    channel: Annotated[
        str | None, typer.Option("--channel", help="The name of an address, or a channel; else all that are used.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send a test message outside of the assistant now. Exit code 1 when one failed."""
    from personal_assistant.cli.channels import send_tests

    send_tests(channel, as_json)
