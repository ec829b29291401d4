"""What both databases can keep: no NUL, no half of a surrogate pair in a text, no NaN and no infinity in JSON.

Such things do occur (a file name that is not UTF-8 in an error message, a division by zero in a progress report), and
one of them must not keep a whole transaction of outcomes from being written.
"""

import json
import math
from datetime import datetime
from typing import Any

from personal_assistant.store.types import instant_text

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def plain_text(text: str) -> str:
    """The text with U+FFFD in place of every character that cannot be kept."""
    if text.isascii():
        return text.replace("\0", _REPLACEMENT)
    return text.replace("\0", _REPLACEMENT).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def plain_value(value: Any) -> Any:
    """A JSON value with its texts made plain, and with None in place of numbers that JSON does not know."""
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {plain_value(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    return value


def dump_json(value: Any) -> str:
    """JSON text that both databases accept; instants in the form in which they are stored.

    Raises TypeError for what is not JSON, ValueError for what is and cannot be kept.
    """
    text = json.dumps(value, default=_instant, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    if "\\u0000" in text and "\0" in _all_text(value):
        raise ValueError("a text with a NUL character cannot be kept")
    if not text.isascii():
        text.encode()  # a UnicodeEncodeError, which is a ValueError, for half of a surrogate pair
    return text


def _all_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "".join(_all_text(item) for pair in value.items() for item in pair)
    return "".join(_all_text(item) for item in value) if isinstance(value, list | tuple) else ""


def _instant(value: Any) -> str:
    if isinstance(value, datetime):
        return instant_text(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
