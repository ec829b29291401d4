"""Keeping with a job what it logs, through structlog or through the standard `logging`."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

from personal_assistant.jobs.context import running_job

# What the processors before `keep` add to an event, and what is told in a way of its own.
_NOT_FIELDS = frozenset({"event", "level", "timestamp", "exc_info", "stack_info"})
_LEVELS = (
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)


def keep(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: keeps the event with the job that logs it, and changes nothing."""
    del logger
    job = running_job()
    if job is not None:
        job.log(str(event.get("level", method)), _text(event))
    return event


class Keeper(logging.Handler):
    """Keeps what jobs log through the standard `logging`."""

    def emit(self, record: logging.LogRecord) -> None:
        job = running_job()
        if job is None:
            return
        try:
            text = f"{record.name}: {record.getMessage()}{_error(record.exc_info)}"
            level = next((name for number, name in _LEVELS if record.levelno >= number), "debug")
            job.log(level, text)
        except Exception:
            self.handleError(record)


keeper = Keeper()


def _text(event: Mapping[str, Any]) -> str:
    fields = [f"{name}={_value(value)}" for name, value in event.items() if name not in _NOT_FIELDS]
    return " ".join([str(event.get("event", "")), *fields]) + _error(event.get("exc_info"))


def _value(value: Any) -> str:
    return value if isinstance(value, str) and value.isalnum() else repr(value)


def _error(exc_info: Any) -> str:
    """The error that an event tells of. Where in the program it came up stays in the log of the process."""
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    return f": {type(error).__name__}: {error}" if isinstance(error, BaseException) else ""
