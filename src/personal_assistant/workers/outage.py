"""A spell in which the database cannot be used: told once, and waited out with growing pauses."""

import threading

from personal_assistant.store.errors import StoreError
from personal_assistant.workers.logs import get_logger

log = get_logger(__name__)

SHORTEST_SECONDS = 1.0
LONGEST_SECONDS = 30.0


class Outage:
    """What the loops of a process know of it together. It begins with the first loop that fails, and is over once each
    loop that failed works again: a disk that is full may be read.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[str, int] = {}

    def failed(self, loop: str, error: StoreError) -> float:
        """Note that a loop could not use the database; returns for how many seconds it should leave it alone."""
        with self._lock:
            begins = not self._failures
            times = self._failures[loop] = self._failures.get(loop, 0) + 1
        if begins:
            log.error("nothing is done for now; trying again until the database can be used", error=str(error))
        return float(min(LONGEST_SECONDS, SHORTEST_SECONDS * 2 ** min(times - 1, 10)))

    def worked(self, loop: str) -> None:
        """Note that a loop could use the database."""
        if not self._failures:
            return
        with self._lock:
            ends = self._failures.pop(loop, None) is not None and not self._failures
        if ends:
            log.warning("the database can be used again")
