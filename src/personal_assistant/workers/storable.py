"""Outcomes as the ledger can hold them: whatever a task returns, writing it down must not fail."""

import json
from typing import Any

from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Retry, Succeeded, Waiting
from personal_assistant.store.plain import plain_value
from personal_assistant.workers.utils.error_handling import ErrorKind, describe

MAX_RESULT_BYTES = 1_000_000


def storable(outcome: object) -> Outcome:
    """The outcome, its result as plain JSON; a `bug` where it is none, or its result is not JSON or too much of it."""
    match outcome:
        case Succeeded(None) | Failed() | Retry() | Waiting() | Cancelled():
            return outcome
        case Succeeded(result):
            return _checked(result)
    return Failed(f"The bulk function returned {type(outcome).__name__} where an outcome belongs.", ErrorKind.BUG)


def _checked(result: Any) -> Outcome:
    try:
        plain = plain_value(result)
        size = len(json.dumps(plain, ensure_ascii=False).encode())
    except Exception as error:  # whatever a class of the task's, or another thread that still changes it, makes of it
        return Failed(f"The task returned something that is not JSON: {describe(error)}.", ErrorKind.BUG)
    if size > MAX_RESULT_BYTES:
        return Failed(f"The task returned {size} bytes; at most {MAX_RESULT_BYTES} are kept.", ErrorKind.BUG)
    return Succeeded(plain)
