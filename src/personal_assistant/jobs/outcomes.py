"""How an attempt can end. Values, decided where the attempt ran and written down in one place (`finish`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Succeeded:
    """Done; `result` is what the task returned, as JSON."""

    result: Any = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Not done; try again at `run_at`, if attempts are left.

    Without `counted` the attempt does not count (a worker that shuts down).
    """

    run_at: datetime
    error: str
    kind: str
    traceback: str | None = None
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Waiting:
    """Parked until something outside decides: `reason` is a sentence for the person.

    With `for_job`, a job's id, it runs again once that job has ended, in whichever way.
    """

    reason: str
    for_job: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Given up: kept, searchable, replayable."""

    error: str
    kind: str
    traceback: str | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Stopped because somebody asked for it."""


Outcome = Succeeded | Retry | Waiting | Failed | Cancelled
