"""Asking for what must stay out of the shell's history: without echo, or from standard input."""

import getpass
import sys

from personal_assistant.errors import AssistantError

_LONGEST_LINE = 8192


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
