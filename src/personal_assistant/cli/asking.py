"""Asking for what must stay out of the shell's history: without echo, or from standard input."""

import getpass
import sys

from personal_assistant.errors import AssistantError

_LONGEST_LINE = 8192
# Typed in place of a URL to be asked for it.
HIDDEN = "-"


def ask_secret(what: str) -> str:
    """A secret typed without echo where a person sits there, else the next line of standard input.

    Raises AssistantError when nothing comes.
    """
    try:
        given = getpass.getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline(_LONGEST_LINE)
    except (EOFError, UnicodeDecodeError):
        given = ""
    if not given.strip():
        raise AssistantError(f"{what} is missing: type it when asked, or put it into standard input.")
    return given.strip()


def typed_url(what: str, url: str) -> str:
    """A URL that was given, or is asked for without echo where it is `HIDDEN`."""
    return ask_secret(what) if url == HIDDEN else url


def ask_url(what: str, url: str) -> str:
    """A URL that was given, or is asked for without echo where it is `HIDDEN`.

    Raises AssistantError for one whose host is a private address that is not allowed.
    """
    from personal_assistant.notifications.net.policy import refusal_of_url
    from personal_assistant.settings import get_settings

    given = typed_url(what, url)
    reason = refusal_of_url(given, get_settings().private_hosts.split(","))
    if reason is not None:
        raise AssistantError(f"{what} cannot be used: {reason}.")
    return given
