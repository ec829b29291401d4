"""When to try again."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waiting times that double from `first` to at most `longest` seconds.

    Half of each is random, so that jobs that failed together do not come back together.
    """

    first: float = 2.0
    longest: float = 900.0

    def after(self, attempt: int, now: datetime) -> datetime:
        """The instant of the next try after attempt number `attempt` (1 is the first)."""
        full = min(self.longest, self.first * 2.0 ** min(attempt - 1, 30))
        return now + timedelta(seconds=full * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
