"""Logging: one line an event on standard error, coloured where a person reads and JSON where a machine does.

What a job logs is kept with it, too.
"""

import contextlib
import logging
import sys
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any, TextIO, cast

from personal_assistant.settings import Settings


class _StandardError:
    """Whatever standard error is at the moment of writing, for it may be replaced.

    A log that cannot be written (the terminal is gone, the disk is full) holds no work up.
    """

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def person_reads_both() -> bool:
    """Whether a person sees the log and what the program prints on the same terminal."""
    with contextlib.suppress(AttributeError, ValueError):  # a standard stream that there is not, or is closed
        return sys.stdout.isatty() and sys.stderr.isatty()
    return False


class Logger:
    """A module's log. It brings structlog in with its first event: that takes long, and most commands log nothing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, level: str) -> Any:
        """The method of structlog's logger for that level: it takes the event and its fields."""
        import structlog

        _configure_now()
        return getattr(structlog.get_logger(self._name), level)


def get_logger(name: str) -> Logger:
    """The log of the module of that name."""
    return Logger(name)


def _nothing() -> None:
    pass


_configure_now: Callable[[], None] = _nothing


def configure_logging(settings: Settings, *, now: bool = True) -> None:
    """Set up the log for this process, and send what libraries log to the same place.

    Unless `now`, the former waits for the first event of a Logger: for processes that run no tasks, which may have
    loggers of their own.
    """
    global _configure_now
    level = getattr(logging, settings.log_level)
    standard_error = cast(TextIO, _StandardError())
    logging.basicConfig(level=level, stream=standard_error, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    _keep_with_jobs(level)
    _configure_now = partial(_configure_structlog, level, standard_error)
    if now:
        _configure_now()


def _keep_with_jobs(level: int) -> None:
    # Here: it brings in the ledger, which a module that only has a log may do without.
    from personal_assistant.workers.log_keeping import keeper

    keeper.setLevel(level)
    logging.getLogger().addHandler(keeper)


def _configure_structlog(level: int, standard_error: TextIO) -> None:
    import structlog

    from personal_assistant.workers.log_keeping import keep

    global _configure_now
    _configure_now = _nothing
    person = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep,
            _from_level(level),
            *([] if person else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer() if person else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        # What is kept with a job tells more than standard error does.
        wrapper_class=structlog.make_filtering_bound_logger(min(level, logging.INFO)),
        logger_factory=structlog.WriteLoggerFactory(file=standard_error),
    )


def _from_level(level: int) -> Callable[[Any, str, MutableMapping[str, Any]], MutableMapping[str, Any]]:
    """A processor that lets through what is of that level or above."""
    import structlog

    numbers = logging.getLevelNamesMapping()

    def let_through(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        del logger, method
        if numbers[event["level"].upper()] < level:
            raise structlog.DropEvent
        return event

    return let_through
