"""Logging: one line an event on standard error, coloured where a person reads and JSON where a machine does."""

import contextlib
import logging
import sys
from typing import TextIO, cast

import structlog

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


def configure_logging(settings: Settings) -> None:
    """Set up structlog for this process, and send what libraries log to the same place."""
    level = getattr(logging, settings.log_level)
    person = sys.stderr.isatty()
    standard_error = cast(TextIO, _StandardError())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if person else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer() if person else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=standard_error),
    )
    logging.basicConfig(level=level, stream=standard_error, format="%(asctime)s %(levelname)s %(name)s %(message)s")
