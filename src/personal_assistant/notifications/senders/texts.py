"""What a message says outside of the assistant: cleaned, cut to size, and the plain text of a mail."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from personal_assistant.notifications.model import Link, Parcel
from personal_assistant.store.plain import plain_text
from personal_assistant.timing.zones import get_zone

# Mail programs hide what is beyond 100 kB; with its markup such a text stays below.
_MAX_BODY = 20_000
_MAX_TITLE = 500
# So much of a text is looked at: cleaning shortens it, mostly by nothing.
_MAX_READ = 2 * _MAX_BODY
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
# Invisible, and able to make a text look like another one. What joins emoji, and what isolates a direction, stays.
_INVISIBLE = re.compile("[\u00ad\u200b\u202a-\u202e\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0001]")
_MAX_LABEL = 60
_MAX_LINKS = 10


@dataclass(frozen=True, slots=True)
class MailContent:
    """The parts of a mail in the order in which they are read; texts without control characters, not yet escaped."""

    title: str
    body: str
    due: str | None
    links: Sequence[Link]
    note: str | None
    footer: str


def content_of(parcel: Parcel) -> MailContent:
    """What the mail says."""
    given = parcel.body or ""
    body = clean_text(given)
    cut = len(body) > _MAX_BODY or len(given) > _MAX_READ
    return MailContent(
        title=clean_line(parcel.title, _MAX_TITLE) or "A message from your assistant",
        body=body[:_MAX_BODY].rstrip() + "…" if cut else body,
        due=due_line(parcel),
        links=web_links(parcel),
        note=_note(parcel, len(given)) if cut else None,
        footer=_footer(parcel),
    )


def text_of(content: MailContent) -> str:
    """The plain text. A link stands alone on its line, so that every program finds its end."""
    parts = [content.title, content.due, content.body, content.note]
    parts += [f"{it.label}:\n{it.url}" for it in content.links]
    parts.append(f"-- \n{content.footer}")
    return "\n\n".join(it for it in parts if it) + "\n"


def clean_line(text: str, length: int) -> str:
    """The text on one line without control characters, cut to a length."""
    line = " ".join(_clean(text[:_MAX_READ]).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def clean_text(text: str) -> str:
    """The beginning of a text of several lines, without control characters; enough of it for every channel."""
    return _clean(text[:_MAX_READ]).strip("\n").rstrip()


def _clean(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain_text(_INVISIBLE.sub("", _CONTROLS.sub(" ", lines)))


def web_links(parcel: Parcel) -> list[Link]:
    """The links that lead to web pages, at most ten, with clean labels."""
    return [_clean_link(it) for it in parcel.links if _is_web(it.url)][:_MAX_LINKS]


def _clean_link(link: Link) -> Link:
    return Link(clean_line(link.label, _MAX_LABEL) or "Open", link.url)


def _is_web(url: str) -> bool:
    if not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def due_line(parcel: Parcel) -> str | None:
    """When it is due, by the person's clock; None for what is not due at a time."""
    if parcel.due_at is None:
        return None
    at = parcel.due_at.astimezone(get_zone(parcel.zone))
    return f"Due: {at:%A}, {at.day} {at:%B %Y, %H:%M} ({parcel.zone})"


def _note(parcel: Parcel, length: int) -> str:
    rest = f"{length:,} characters are too many for a mail, so the rest is left out."
    return rest + (f" All of it: `assistant notifications show {parcel.message_id}`." if parcel.message_id else "")


def _footer(parcel: Parcel) -> str:
    number = f" It is number {parcel.message_id} in its list." if parcel.message_id else ""
    return f"This comes from your assistant.{number} Where you are reached: `assistant channels list`."
