"""What all calendars that are written have in common."""

from datetime import datetime
from unicodedata import category

from icalendar import Calendar

PRODID = "-//personal_assistant//EN"
DOMAIN = "personal-assistant.invalid"


def new_calendar(name: str) -> Calendar:
    """An empty calendar that calendar programs show under this name."""
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", clean(name, 100))
    return calendar


def clean(text: str, longest: int) -> str:
    """Text that a calendar can hold: without control characters other than line ends, cut where it is too long."""
    kept = "".join(char for char in text.replace("\r\n", "\n") if char in "\n\t" or category(char) not in ("Cc", "Cs"))
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


def stamp(instant: datetime) -> str:
    """An aware UTC instant as part of a UID."""
    return instant.strftime("%Y%m%dT%H%M%S.%fZ").replace(".000000Z", "Z")
