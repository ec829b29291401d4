"""`assistant web`: the calendar feed, links in messages and health, over HTTP."""

import sys
from typing import Annotated

import typer

from personal_assistant.cli.first_link import say_first_link
from personal_assistant.cli.output import Json, as_line, say, warn


def web(
    host: Annotated[str, typer.Option(help="The address to listen on; only this machine reaches the default.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes any that is free.")] = 8400,
    as_json: Json = False,
) -> None:
    """Serve the calendar feed, the links in messages, and /health. Put a TLS proxy in front for the outside."""
    from personal_assistant.api.listening import listen, where
    from personal_assistant.api.server import serving
    from personal_assistant.cli.lasting import end_on_signals, leave
    from personal_assistant.cli.session import session
    from personal_assistant.store.web_address import note_address
    from personal_assistant.workers.logs import configure_logging

    current = session()
    configure_logging(current.runtime.settings)
    listening = listen(host, port)
    ended = end_on_signals()
    at = where(listening)
    note_address(current.runtime.settings.data_dir, at)
    say(as_line({"ready": True, "url": at}) if as_json else f"✅ Serving on {at} – Ctrl-C stops it.")
    sys.stdout.flush()
    if not current.runtime.settings.public_url:
        warn("⚠️ ASSISTANT_PUBLIC_URL is not set: it is needed for links, like https://assistant.example.org.")
    with serving(current.runtime, listening):
        if not as_json:
            say_first_link(current.runtime, current.runtime.settings.public_url or at)
            sys.stdout.flush()
        ended.wait()
    leave()
