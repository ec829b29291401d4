"""The one place that says what extras may look like."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai.model import AITaskError
from personal_assistant.ai.validation import one_of, text
from personal_assistant.store.message_tables import PRIORITIES
from personal_assistant.store.tables import addresses, users

MAX_NOTES = 10_000
_MOST_TAGS, _LONGEST_TAG = 20, 40
_MOST_FILES = 20
_MOST_NOTICES = 10
_LONGEST_NAME = 255
_YEAR_SECONDS = 366 * 86_400
_MOST_REPEATS = 1000
_FILE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MINUTES = {
    "repeat_minutes": ("It can be told again", "every minute"),
    "escalate_minutes": ("It can be escalated", "after a minute"),
    "expire_minutes": ("It can expire", "after a minute"),
}


def check(conn: sa.Connection, user_id: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of what is given; for each, None stands for its default.

    Lengths of time may be given in words. Raises AITaskError with what is wrong and what is allowed.
    """
    known = {**_CHECKS, "escalate_to": None}
    unknown = given.keys() - known.keys()
    if unknown:
        raise AITaskError(f"A reminder has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}.")
    values = {name: _CHECKS[name](value) for name, value in given.items() if name in _CHECKS}
    if "escalate_to" in given:
        values |= _escalation(conn, user_id, given["escalate_to"])
    return values


def split_notices(words: Iterable[str]) -> list[str]:
    """«1 day and 1 hour before» names two lengths of time: one, and another."""
    said = [re.sub(r"\s+(before|ahead|earlier|in advance)\s*$", "", each.strip(), flags=re.I) for each in words]
    return [part for each in said for part in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", each) if part]


def _minutes(name: str) -> Callable[[Any], int | None]:
    what, least = _MINUTES[name]

    def checked(value: Any) -> int | None:
        if value is None:
            return None
        seconds = _seconds(value) if isinstance(value, str) else value * 60
        if seconds % 60 or not 60 <= seconds <= _YEAR_SECONDS:
            raise AITaskError(
                f"{what} {least} at the soonest and a year at the latest, in whole minutes: «30 minutes»."
            )
        return int(seconds // 60)

    return checked


def _seconds(words: str) -> int:
    # Here: a scheduler reads extras and hears no words.
    from personal_assistant.timing.language.lengths import read_length

    seconds = read_length(re.sub(r"^(every|after|in|for)\s+", "", words.strip(), flags=re.I))
    if seconds is None:
        raise AITaskError(f"«{words[:60]}» is no length of time; write it like «10 minutes», «1 hour» or «2 days».")
    return seconds


def _repeat_limit(value: int | None) -> int:
    if value is None:
        return 48
    if not 1 <= value <= _MOST_REPEATS:
        raise AITaskError(f"It can be told again 1 to {_MOST_REPEATS} times, not {value}.")
    return value


def _pre_notices(value: Sequence[Any] | None) -> list[int] | None:
    if not value:
        return None
    words = [value] if isinstance(value, str) else value
    given = [it for each in words for it in (split_notices([each]) if isinstance(each, str) else [each])]
    found = sorted({_seconds(it) if isinstance(it, str) else int(it) for it in given}, reverse=True)
    if len(found) > _MOST_NOTICES:
        raise AITaskError(f"At most {_MOST_NOTICES} notices ahead are possible, not {len(found)}.")
    if not all(60 <= seconds <= _YEAR_SECONDS for seconds in found):
        raise AITaskError("A notice can come a minute to a year ahead: «1 day and 1 hour before».")
    return found


def _tags(value: Sequence[str] | None) -> list[str] | None:
    tags = list(dict.fromkeys(" ".join(tag.removeprefix("#").split()) for tag in value or ()))
    tags = [tag for tag in tags if tag]
    if len(tags) > _MOST_TAGS:
        raise AITaskError(f"At most {_MOST_TAGS} tags are possible, not {len(tags)}.")
    if any(len(tag) > _LONGEST_TAG or not tag.isprintable() or "," in tag for tag in tags):
        raise AITaskError(f"A tag is a word or a few, without commas, in at most {_LONGEST_TAG} characters.")
    return tags or None


def _attachments(value: Sequence[str] | None) -> list[str] | None:
    ids = list(dict.fromkeys(value or ()))
    if len(ids) > _MOST_FILES:
        raise AITaskError(f"At most {_MOST_FILES} files can be attached, not {len(ids)}.")
    if wrong := next((it for it in ids if not _FILE_ID.fullmatch(it)), None):
        raise AITaskError(f"{wrong[:60]!r} is no file's id: letters, digits, - and _ make one, 64 at most.")
    return ids or None


def _escalation(conn: sa.Connection, user_id: int, name: str | None) -> dict[str, int | None]:
    """The address of this person, or the other person, that goes by a name."""
    none: dict[str, int | None] = {"escalate_address_id": None, "escalate_user_id": None}
    if name is None:
        return none
    if len(name) <= _LONGEST_NAME:
        mine = sa.select(addresses.c.id).where(addresses.c.user_id == user_id)
        first = mine.order_by(addresses.c.position, addresses.c.id).limit(1)
        lowered = name.strip().lower()
        # An address by its name, before a channel, before a person.
        for chosen in (sa.func.lower(addresses.c.name) == lowered, addresses.c.channel == lowered):
            if (address_id := conn.scalar(first.where(chosen))) is not None:
                return none | {"escalate_address_id": address_id}
        person = sa.select(users.c.id).where(sa.func.lower(users.c.email) == lowered, users.c.id != user_id)
        if (other_id := conn.scalar(person)) is not None:
            return none | {"escalate_user_id": other_id}
    raise AITaskError(
        f"There is nobody to escalate to by the name {name[:60]!r}: give one of your addresses or channels "
        "(`assistant channels list` shows them), or another person's e-mail address."
    )


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "priority": lambda value: one_of("priority", PRIORITIES)(value or "normal"),
    "tags": _tags,
    "notes": text("note", MAX_NOTES),
    "attachments": _attachments,
    **{name: _minutes(name) for name in _MINUTES},
    "repeat_limit": _repeat_limit,
    "pre_notices": _pre_notices,
}
