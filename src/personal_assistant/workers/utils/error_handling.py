"""The one place that says what an error means and whether the job is tried again."""

import traceback
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from personal_assistant.errors import AssistantError, PermanentError, TransientError
from personal_assistant.jobs.context import JobCancelled, JobParked
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Retry, Waiting
from personal_assistant.jobs.retry import Backoff
from personal_assistant.store.errors import StoreError


class ErrorKind(StrEnum):
    """`transient` may work later, `permanent` will not, `bug` is a mistake in the task, `timeout`: it took too long."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    BUG = "bug"
    TIMEOUT = "timeout"


class JobTimeout(BaseException):
    """Raised inside a task whose time limit is over. Not an Exception: `except Exception` must not swallow it."""


# How far back to look for what an error came up in.
_LONGEST_CHAIN = 20


def came_of_time_limit(error: BaseException) -> bool:
    """Whether JobTimeout was on its way out when the error came up: in the clean-up of a driver that it struck, say."""
    link: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if link is None or isinstance(link, JobTimeout):
            break
        link = link.__context__
    return isinstance(link, JobTimeout)


# What Python raises for mistakes in code, and what ends a program, which is not the task's to end. Anything else from a
# library is taken for the outside world's fault.
_BUGS = (
    TypeError,
    ValueError,
    AttributeError,
    NameError,
    LookupError,
    AssertionError,
    ImportError,
    SyntaxError,
    ArithmeticError,
    NotImplementedError,
    RecursionError,
    sa.exc.ProgrammingError,
    sa.exc.IntegrityError,
    sa.exc.ArgumentError,
    SystemExit,
    KeyboardInterrupt,
    GeneratorExit,
)


def classify(error: BaseException) -> ErrorKind:
    """What kind of error this is."""
    if isinstance(error, JobTimeout):
        return ErrorKind.TIMEOUT
    if isinstance(error, TransientError | StoreError):
        return ErrorKind.TRANSIENT
    if isinstance(error, PermanentError | AssistantError):
        return ErrorKind.PERMANENT
    return ErrorKind.BUG if isinstance(error, _BUGS) else ErrorKind.TRANSIENT


def outcome_of(
    error: BaseException, *, attempt: int, max_attempts: int, at_most_once: bool, backoff: Backoff, now: datetime
) -> Outcome:
    """What becomes of a job whose attempt raised `error`.

    Transient errors and time-outs are tried again while attempts are left, unless the job must not be repeated;
    permanent errors and bugs fail at once (a bug keeps its traceback, and can be replayed once it is mended).
    """
    if isinstance(error, JobCancelled):
        return Cancelled()
    if isinstance(error, JobParked):
        return Waiting(error.reason, error.for_job)
    kind = classify(error)
    message = describe(error)
    trace = None if kind is ErrorKind.PERMANENT else "".join(traceback.format_exception(error))
    again = kind in (ErrorKind.TRANSIENT, ErrorKind.TIMEOUT) and attempt < max_attempts and not at_most_once
    if not again:
        return Failed(message, kind, trace)
    wait = getattr(error, "retry_after", None)
    run_at = now + timedelta(seconds=wait) if wait is not None else backoff.after(attempt, now)
    return Retry(run_at, message, kind, trace)


def describe(error: BaseException) -> str:
    """An error in one line: our own as they stand, others with their type."""
    text = " ".join(_text(error).split())
    if isinstance(error, AssistantError | JobTimeout):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # a `__str__` with a mistake in it
        return ""
