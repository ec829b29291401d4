"""A message as plain text for SMS, push and chat, within what the service takes."""

from personal_assistant.notifications.model import Parcel
from personal_assistant.notifications.senders.texts import clean_line, clean_text, due_line, web_links

_MAX_TITLE = 200
_MAX_BODY = 4000


def title_and_body(parcel: Parcel, most_title: int, most_body: int) -> tuple[str, str]:
    """The title and a body of at most `most_body` characters; a service without titles (0) has it before the body.

    When it is due and the links come whole or not at all, in at most half of the room; the text is cut to the rest.
    """
    title = clean_line(parcel.title, min(_MAX_TITLE, most_title) if most_title > 0 else _MAX_TITLE)
    room = min(_MAX_BODY, most_body) - (0 if most_title > 0 else len(title) + 2)
    ending = _ending(parcel, room // 2)
    text = clean_text(parcel.body or "")
    left = max(1, room - len(ending) - 2)
    if len(text) > left:
        text = text[: left - 1].rstrip() + "…"
    body = "\n\n".join(it for it in (text, ending) if it)
    return (title, body) if body else ("", title)


def _ending(parcel: Parcel, room: int) -> str:
    due = due_line(parcel)
    lines = ([due] if due else []) + [f"{it.label}: {it.url}" for it in web_links(parcel)]
    ending = ""
    for line in lines:
        longer = f"{ending}\n{line}" if ending else line
        if len(longer) <= room:
            ending = longer
    return ending
