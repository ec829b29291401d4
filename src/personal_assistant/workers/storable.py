"""Outcomes as the ledger can hold them: whatever a task returns or raises, writing it down must not fail."""

import json
from dataclasses import replace
from typing import Any

from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Retry, Succeeded, Waiting
from personal_assistant.workers.utils.error_handling import ErrorKind

MAX_RESULT_BYTES = 1_000_000


def storable(outcome: object) -> Outcome:
    """The outcome, with text that every database takes; a `bug` where it is none or its result is not JSON."""
    match outcome:
        case Succeeded(result):
            return outcome if result is None else _checked(result)
        case Failed(error, _, trace) | Retry(_, error, _, trace):
            return replace(outcome, error=_clean(error), traceback=trace and _clean(trace))
        case Waiting(reason):
            return Waiting(_clean(reason))
        case Cancelled():
            return outcome
    return Failed(f"The bulk function returned {type(outcome).__name__} where an outcome belongs.", ErrorKind.BUG)


def _checked(result: Any) -> Outcome:
    try:
        text = _clean(json.dumps(result, ensure_ascii=False, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        return Failed(f"The task returned something that is not JSON: {_clean(str(error))}.", ErrorKind.BUG)
    size = len(text.encode())
    if size > MAX_RESULT_BYTES:
        return Failed(f"The task returned {size} bytes; at most {MAX_RESULT_BYTES} are kept.", ErrorKind.BUG)
    return Succeeded(json.loads(text))


def _clean(text: str) -> str:
    """Without what UTF-8 or PostgreSQL cannot hold: lone surrogates (from file names) and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
