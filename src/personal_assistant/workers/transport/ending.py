"""A worker that is told to end ends, whatever is away: Celery waits for its broker and for its pool without a limit."""

import os
import sys
import threading
from collections.abc import Callable

import psutil

from personal_assistant.workers.logs import get_logger

log = get_logger(__name__)

# What Celery itself has for its end, once nothing of ours runs any more.
_CELERY_SECONDS = 3.0


def end_in_any_case(drained: Callable[[float], object], seconds: float) -> None:
    """End this process and its children a little after `drained`, which waits for so many seconds at most, returns."""
    threading.Thread(target=_end, args=(drained, seconds), name="end", daemon=True).start()


def _end(drained: Callable[[float], object], seconds: float) -> None:
    drained(seconds)
    threading.Event().wait(_CELERY_SECONDS)
    log.warning("Celery did not end by itself; what its children had in hand goes to others")
    for child in psutil.Process().children(recursive=True):
        child.kill()
    sys.stdout.flush()
    sys.stderr.flush()
    # As asked, so with success: a supervisor need not look into it.
    os._exit(0)
