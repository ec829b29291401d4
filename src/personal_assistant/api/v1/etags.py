"""ETags are revisions: If-Match has a change made only to what the caller has seen."""

import re
from typing import Annotated

from fastapi import Header

IfMatch = Annotated[str | None, Header(max_length=100, description="The ETag that is to be changed, or `*`.")]
_NEVER = -1


def revision_of(if_match: str | None) -> int | None:
    """The revision that If-Match asks for; None for any."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = re.fullmatch(r'"(\d{1,9})"', if_match.strip())
    return int(found[1]) if found else _NEVER
