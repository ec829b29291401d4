"""ETags are revisions: If-Match has a change made only to what the caller has seen."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Header

from personal_assistant.errors import AssistantError

IfMatch = Annotated[str | None, Header(max_length=100, description="The ETag that is to be changed, or `*`.")]
_NEVER = -1
_DIGITS = 16


class ChangedMeanwhileError(AssistantError):
    """It is not what the caller has seen any more."""


def revision_of(if_match: str | None) -> int | None:
    """The revision that If-Match asks for; None for any."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = re.fullmatch(r'"(\d{1,9})"', if_match.strip())
    return int(found[1]) if found else _NEVER


def digest_of(content: Mapping[str, Any]) -> str:
    """The revision of what has no counted one: another for other content."""
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def require(if_match: str | None, revision: str) -> None:
    """Raises ChangedMeanwhileError where If-Match asks for another revision. To be asked where it is changed."""
    if if_match is not None and if_match.strip() not in ("*", f'"{revision}"'):
        raise ChangedMeanwhileError("This was changed since you read it. Read it again and repeat your change.")
