"""What jobs log while they run, until it is written with them.

Whatever is logged in the thread or coroutine of a job is held in memory and written in the transaction that writes how
its attempt ended; of one that runs for long, also every few seconds before that. A process that is killed loses what
was not written yet, which is no more than these seconds'. A bulk function works for many jobs at once: what it logs
belongs to none of them.
"""

import threading
import time
from collections.abc import Callable

import sqlalchemy as sa

from personal_assistant.jobs.log_lines import LogLines
from personal_assistant.jobs.logs import write_lines
from personal_assistant.timing.clock import Clock
from personal_assistant.workers.logs import get_logger

log = get_logger(__name__)

WRITE_EVERY_SECONDS = 2.0
# The database is away: everything is written later.
_AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError)


class OpenLogs:
    """The logs of attempts under way in this process. `open` is called from any thread, all else from the runner's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[tuple[str, int], LogLines] = {}
        self._write_at = 0.0
        self._writing: list[tuple[LogLines, int]] = []
        self._ended: list[tuple[str, int]] = []

    def __bool__(self) -> bool:
        """Whether any job has logged."""
        return bool(self._open)

    def open(self, job_id: str, attempt: int) -> LogLines:
        """What is to keep the lines of an attempt."""
        with self._lock:
            return self._open.setdefault((job_id, attempt), LogLines(attempt, self._clock))

    def write(self, conn: sa.Connection, is_running: Callable[[str, int], bool]) -> None:
        """Write the lines of attempts that have ended and, every few seconds, of those that have not."""
        with self._lock:
            logs = dict(self._open)
        self._ended = [token for token in logs if not is_running(*token)]
        if time.monotonic() < self._write_at:
            logs = {token: logs[token] for token in self._ended}
        else:
            self._write_at = time.monotonic() + WRITE_EVERY_SECONDS
        found = [(job_id, kept, lines) for (job_id, _), kept in logs.items() if (lines := kept.unwritten())]
        self._writing = [(kept, lines[-1].number) for _, kept, lines in found]
        try:
            with conn.begin_nested():
                write_lines(conn, [(job_id, lines) for job_id, _, lines in found])
        except _AWAY:
            raise
        except Exception:  # outcomes are written with them, and count for more
            log.exception("what jobs have logged cannot be kept", jobs=len(found))

    def written(self) -> None:
        """What the last `write` wrote is committed."""
        for kept, number in self._writing:
            kept.written(number)
        with self._lock:
            for token in self._ended:
                self._open.pop(token).close()
        self._writing, self._ended = [], []
