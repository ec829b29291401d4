"""How many requests a token may make: a bucket for each, which fills steadily.

The buckets are this process's own: where several serve, each allows the whole rate.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

_MOST_BUCKETS = 10_000
_MINUTE = 60


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a token has after a request. `wait_seconds` is 0 for one that may pass, else when to ask again."""

    per_minute: int
    left: int
    full_seconds: int
    wait_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """As the draft of the IETF has them: what is allowed in 60 s, what is left, and when all of it is again."""
        return {
            "RateLimit-Policy": f'"token";q={self.per_minute};w={_MINUTE}',
            "RateLimit": f'"token";r={self.left};t={self.full_seconds}',
        }


class Rates:
    """The buckets of this process. `timer` gives seconds that never go back."""

    def __init__(self, per_minute: int, timer: Callable[[], float] = time.monotonic) -> None:
        self._most, self._timer = per_minute, timer
        self._buckets: dict[int, _Bucket] = {}

    def take(self, token_id: int) -> Allowance:
        """Count a request of a token."""
        now, speed = self._timer(), self._most / _MINUTE
        bucket = self._buckets.get(token_id)
        if bucket is None:
            self._make_room(now)
            bucket = self._buckets[token_id] = _Bucket(self._most, now)
        bucket.left = min(self._most, bucket.left + (now - bucket.at) * speed)
        bucket.at = now
        passes = bucket.left >= 1
        bucket.left -= passes
        wait = 0 if passes else max(1, math.ceil((1 - bucket.left) / speed))
        return Allowance(self._most, int(bucket.left), math.ceil((self._most - bucket.left) / speed), wait)

    def _make_room(self, now: float) -> None:
        """Forget those that are full again, which is what a new one is."""
        if len(self._buckets) >= _MOST_BUCKETS:
            self._buckets = {key: it for key, it in self._buckets.items() if now - it.at < _MINUTE}
