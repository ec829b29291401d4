"""`assistant notifications quiet-hours`, `route`, `cap`, `settings`: what you wish of your messages."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from personal_assistant.cli.output import Json, print_json, say

if TYPE_CHECKING:
    from personal_assistant.cli.wish_desk import Wishes


def add_to(app: typer.Typer) -> None:
    """Make these commands part of a group."""
    app.command("quiet-hours")(quiet_hours)
    app.command("route")(route)
    app.command("cap")(cap)
    app.command("settings")(settings)


def quiet_hours(
    start: Annotated[str, typer.Argument(metavar="FROM", help="Like 22:00, in your zone; off for none.")],
    end: Annotated[str | None, typer.Argument(metavar="TO", help="Like 07:00.")] = None,
    as_json: Json = False,
) -> None:
    """Hold what is not urgent in these hours; it comes when they end, several messages as one."""
    off = start == "off" and end is None
    _change(as_json, lambda wishes: wishes.be_quiet(None if off else start, end))


def route(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="reminder, alert or result.")],
    names: Annotated[
        list[str], typer.Argument(metavar="NAMES", help="Your channels by name, in order; in_app for none; all.")
    ],
    as_json: Json = False,
) -> None:
    """Say where messages of a kind go."""
    chosen = None if names == ["all"] else [] if names == ["in_app"] else names
    _change(as_json, lambda wishes: wishes.route(kind, chosen))


def cap(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="email, sms, push or webhook.")],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The most messages in a day; off for any number.")],
    as_json: Json = False,
) -> None:
    """Let a channel carry so many messages a day; further ones take the next channel."""
    from personal_assistant.notifications.preferences import PreferenceError

    if number != "off" and not (number.isascii() and number.isdigit() and len(number) <= 9):
        raise PreferenceError(f"{number!r} is no number of messages; give one like 5, or off.")
    most = None if number == "off" else int(number)
    _change(as_json, lambda wishes: wishes.cap(channel, most))


def settings(as_json: Json = False) -> None:
    """Show your quiet hours, routes and caps."""
    _change(as_json, lambda wishes: None)


def _change(as_json: bool, change: "Callable[[Wishes], None]") -> None:
    """Do it, and show what holds now."""
    from personal_assistant.cli.wish_desk import wishes
    from personal_assistant.notifications.preferences import KINDS

    current = wishes()
    change(current)
    found = current.now()
    if as_json:
        print_json(found)
        return
    quiet = f"from {found.quiet_from} to {found.quiet_to} ({current.zone})" if found.quiet_from else "none"
    say(f"🌙 Quiet hours: {quiet}")
    for kind in KINDS:
        say(f"📨 {kind}: {_way(found.routes.get(kind))}")
    for channel, most in sorted(found.caps.items()):
        say(f"✋ {channel}: at most {most} a day")


def _way(names: list[str] | None) -> str:
    if names is None:
        return "all your channels, in their order"
    return ", ".join(names) or "in_app only"
