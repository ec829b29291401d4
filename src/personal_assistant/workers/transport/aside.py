"""What the consumer's thread wants of the ledger, which may be away or slow: it must not wait for it."""

import threading
from collections.abc import Callable

import structlog

from personal_assistant.workers.runtime import runtime

log = structlog.get_logger(__name__)


def aside(do: Callable[[], None]) -> threading.Thread:
    """Have it done on a thread of its own, which is returned. An error is logged."""
    thread = threading.Thread(target=_do, args=(do,), name="aside", daemon=True)
    thread.start()
    return thread


def _do(do: Callable[[], None]) -> None:
    try:
        do()
    except Exception:
        log.exception("something beside the consumer failed")
    finally:
        runtime().db.close()  # a child that is forked later must not inherit a connection
