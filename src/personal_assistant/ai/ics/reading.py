"""An .ics file, cut into its entries: each is read by itself, so that one that cannot be read spoils no other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from warnings import catch_warnings, simplefilter

from icalendar import Event, Todo

from personal_assistant.errors import AssistantError

MAX_BYTES = 5_000_000
MAX_ENTRIES = 5_000
_LONGEST_ENTRY = 200_000
_KINDS = {"VTODO": Todo, "VEVENT": Event}
_LINE_END = re.compile(r"\r\n|\n|\r")


class IcsError(AssistantError):
    """A file that cannot be imported."""


class UnreadableEntry(ValueError):  # noqa: N818 - a reason, told with the others
    """Why one entry cannot be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A VTODO or VEVENT as text."""

    kind: str
    text: str

    def read(self) -> Any:
        """The component. Raises UnreadableEntry with the reason."""
        if len(self.text) > _LONGEST_ENTRY:
            raise UnreadableEntry("it is longer than 200,000 characters")
        try:
            with catch_warnings():
                simplefilter("ignore")
                return _KINDS[self.kind].from_ical(self.text)
        except Exception as error:  # the library raises what its parsers raise
            shown = "".join(char if char.isprintable() else " " for char in str(error))
            raise UnreadableEntry(f"it cannot be read: {shown[:150]}") from error

    @property
    def digest(self) -> str:
        """Its name where it has no UID."""
        return "sha256:" + sha256(self.text.encode()).hexdigest()


def entries_of(data: bytes) -> list[Entry]:
    """Its VTODOs and VEVENTs. Raises IcsError for what is no calendar, or too large."""
    if len(data) > MAX_BYTES:
        raise IcsError(
            f"The file has more than {MAX_BYTES // 1_000_000} MB. Export fewer entries, and import in parts."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise IcsError("The file is not in UTF-8, which iCalendar files are in. Export it anew.") from error
    lines = [line for line in _LINE_END.split(text) if line.strip()]
    if not lines or lines[0].strip().upper() != "BEGIN:VCALENDAR":
        raise IcsError("The file is no iCalendar file: those begin with BEGIN:VCALENDAR.")
    found = []
    for entry in _cut(lines):
        found.append(entry)
        if len(found) > MAX_ENTRIES:
            raise IcsError(f"The file has more than {MAX_ENTRIES} entries. Export fewer, and import in parts.")
    return found


def _cut(lines: list[str]) -> Iterator[Entry]:
    kind, begun = "", 0
    for number, line in enumerate(lines):
        word = line.strip().upper() if line[:1] in "BbEe" else ""
        if not kind and word.startswith("BEGIN:") and word[6:] in _KINDS:
            kind, begun = word[6:], number
        elif kind and word == f"END:{kind}":
            yield Entry(kind, "\r\n".join(lines[begun : number + 1]) + "\r\n")
            kind = ""
    if kind:
        raise IcsError(f"The file is cut off: a {kind} has no end. Export it anew.")
