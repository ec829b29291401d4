"""Services that asked to be left alone for a while, each for its own time."""

import asyncio
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from weakref import WeakKeyDictionary

# However long a service asks for, its other deliveries try again after this.
_LONGEST_SECONDS = 3600.0


class Pauses:
    """Who is left alone until when. The delivery that was told so comes back at its own time, and is let through."""

    def __init__(self) -> None:
        self._paused: dict[str, tuple[float, str]] = {}

    def begin(self, host: str, seconds: float, key: str) -> None:
        """Leave a host alone for some seconds, as the delivery `key` was told."""
        now = time.monotonic()
        self._paused = {name: it for name, it in self._paused.items() if it[0] > now}
        until, _ = self._paused.get(host, (0.0, ""))
        asked = now + min(seconds, _LONGEST_SECONDS)
        if asked > until:
            self._paused[host] = asked, key

    def left(self, host: str, key: str) -> float:
        """For how many seconds more this delivery is to leave the host alone; 0 when it need not."""
        until, told = self._paused.get(host, (0.0, ""))
        return 0.0 if told == key else max(0.0, until - time.monotonic())


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Pauses] = WeakKeyDictionary()


def pauses() -> Pauses:
    """Those that the coroutines of the running loop share."""
    return _of_loops.setdefault(asyncio.get_running_loop(), Pauses())


def retry_after(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks to wait (RFC 9110, 10.2.3); None where there is none that makes sense."""
    if value is None:
        return None
    if value.isascii() and value.isdigit() and len(value) <= 9:
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
