"""What one attempt at a job logs, held in memory until it is written: bounded, harmless, without secrets."""

import re
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from personal_assistant.jobs.masking import without_secrets
from personal_assistant.store.observed_tables import LOG_LEVELS
from personal_assistant.store.plain import plain_text
from personal_assistant.timing.clock import Clock

# Of an attempt that logs more, the first and the last so many lines are kept.
FIRST = LAST = 100
MAX_LINE = 2_000
# More of a text is not even looked at.
_READ = 4 * MAX_LINE
# Control characters, the marks that turn the direction of writing or show nothing, and separators of lines.
_HARMFUL = re.compile(
    "[\0-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_WHITE = re.compile(r"[\t\n\v\f\r]+")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. Those of an attempt are numbered from 1; a number that is missing is that of one that was left out."""

    attempt: int
    number: int
    at: datetime
    level: str
    text: str


class LogLines:
    """The lines of one attempt that are not written yet. May be called from several threads."""

    def __init__(self, attempt: int, clock: Clock) -> None:
        self._attempt = attempt
        self._clock = clock
        self._lock = threading.Lock()
        self._first: list[LogLine] = []
        self._last: deque[LogLine] = deque(maxlen=LAST)
        self._count = 0
        self._closed = False

    def add(self, level: str, text: str) -> None:
        """Take a line in, unless the attempt is over. A level that is none of `LOG_LEVELS` counts as info."""
        level = level if level in LOG_LEVELS else "info"
        text = one_line(text)
        with self._lock:
            if self._closed:
                return
            self._count += 1
            kept = self._first if self._count <= FIRST else self._last
            kept.append(LogLine(self._attempt, self._count, self._clock.now(), level, text))

    def unwritten(self) -> Sequence[LogLine]:
        """Those that are to be written, in their order."""
        with self._lock:
            return [*self._first, *self._last]

    def written(self, number: int) -> None:
        """Forget those up to that number."""
        with self._lock:
            self._first = [line for line in self._first if line.number > number]
            self._last = deque((line for line in self._last if line.number > number), LAST)

    def close(self) -> None:
        """Take no more in: the attempt is over, and a thread that was left to itself may go on logging."""
        with self._lock:
            self._closed = True


def one_line(text: str) -> str:
    """A text as a line that no terminal and no page takes for anything else: masked, and cut where it is too long."""
    line = _WHITE.sub(" ", plain_text(text[:_READ]).strip())
    line = without_secrets(_HARMFUL.sub("\N{REPLACEMENT CHARACTER}", line))
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"
