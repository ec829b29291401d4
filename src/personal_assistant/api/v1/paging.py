"""Lists in pages: at most `limit` items, and a cursor for those that follow."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel
from starlette.responses import Response

from personal_assistant.errors import AssistantError

_LONGEST = 300

Limit = Annotated[int, Query(ge=1, le=200, description="The most items of a page.")]
Cursor = Annotated[str | None, Query(max_length=_LONGEST, description="`next_cursor` of the page before.")]


Item = TypeVar("Item", bound=BaseModel)


class Page(BaseModel, Generic[Item]):
    """One page. `next_cursor` is null on the last one."""

    items: list[Item]
    next_cursor: str | None


class CursorError(AssistantError):
    """A cursor that no page gave."""


def page_of(found: Sequence[Item], limit: int, key: str = "id", *, onward: str | None = None) -> Response:
    """A page from `limit` items and, where there are more, one further; `onward` is after what it goes on else.

    As it is answered: a model that a route returns is checked once more, which takes longer than all the rest.
    """
    items = list(found[:limit])
    after = str(getattr(items[-1], key)) if len(found) > limit else onward
    cursor = None if after is None else _cursor(after)
    page: Page[Item] = Page.model_construct(items=items, next_cursor=cursor)
    return Response(page.model_dump_json(serialize_as_any=True), media_type="application/json")


def after_text(cursor: str | None) -> str | None:
    """What a cursor says; None without one. Raises CursorError."""
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError as error:
        raise CursorError(_WRONG) from error
    if _cursor(text) != cursor or not text.isprintable():
        raise CursorError(_WRONG)
    return text


def after_id(cursor: str | None) -> int | None:
    """The id that a cursor says; None without one. Raises CursorError."""
    text = after_text(cursor)
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,18}", text):
        raise CursorError(_WRONG)
    return int(text)


def after_place(cursor: str | None) -> tuple[int, int]:
    """The two numbers that a cursor says; zeros without one. Raises CursorError."""
    text = after_text(cursor)
    if text is None:
        return 0, 0
    found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", text)
    if found is None:
        raise CursorError(_WRONG)
    return int(found.group(1)), int(found.group(2))


_WRONG = "This cursor is none that a page gave. Leave it out to begin with the first page."


def _cursor(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")
