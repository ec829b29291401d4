"""What a task says about itself where it is declared."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog

from personal_assistant.jobs.finish import Finished
from personal_assistant.jobs.limits import Limit, Rate
from personal_assistant.jobs.model import ClaimedJob, NewJob
from personal_assistant.jobs.outcomes import Outcome
from personal_assistant.jobs.retry import Backoff
from personal_assistant.store.plain import plain_text
from personal_assistant.store.tables import MISSED_POLICIES
from personal_assistant.timing.recurrence import parse_schedule

Bulk = Callable[[sa.Connection, Sequence[ClaimedJob], datetime], Sequence[Outcome]]
Key = Callable[..., object]
Settled = Callable[[sa.Connection, ClaimedJob, Outcome], None]
Written = Callable[[sa.Connection, Sequence[Finished]], None]

BULK_SIZE = 1000
KEY_LENGTH = 255

log = structlog.get_logger(__name__)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a system task runs: a schedule type and its configuration, in the owner's zone.

    `missed_policy` and `max_lateness_seconds` say what happens to runs that fell into a time when nothing ran.
    Raises ScheduleError (a ValueError) for a configuration that cannot be read.
    """

    schedule_type: str
    config: Mapping[str, Any] = field(default_factory=dict)
    missed_policy: str = "once"
    max_lateness_seconds: int | None = None

    def __post_init__(self) -> None:
        parse_schedule(self.schedule_type, self.config, "UTC")
        if self.missed_policy not in MISSED_POLICIES:
            raise ValueError(f"a missed policy is one of {', '.join(MISSED_POLICIES)}")
        if self.max_lateness_seconds is not None and self.max_lateness_seconds < 0:
            raise ValueError("the greatest lateness is zero seconds or more")


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """Declared with the task.

    attempts: how often it is tried when its errors are transient or its worker dies.
    time_limit: seconds for one attempt, held on threads and on the event loop.
    at_most_once: an attempt that was cut off is not repeated but asks; errors are not retried.
    bulk: does many jobs of this task in one call and returns their outcomes, in order. It works in the transaction
        that writes these outcomes too (given to it with the present instant), so both are kept or neither.
    alias_of: the whole name of the task that this one is another name of; lists leave it out.
    concurrency: how many jobs of one key may run at once, in all workers together.
    rate: how many jobs of one key may start, in all workers together: "10/s", "10/m" or "10/h".
    key: the name of an argument, or a function of the arguments, by whose value the two count apart; without it
        they hold for the task as a whole.
    settled: called in the transaction that writes a failed, cancelled or parked outcome.
    written: called in the transaction that writes outcomes, whatever they are, with all of this task's at once.
    """

    queue: str
    attempts: int = 5
    time_limit: float = 300.0
    at_most_once: bool = False
    backoff: Backoff = field(default_factory=Backoff)
    timetable: Timetable | None = None
    bulk: Bulk | None = None
    settled: Settled | None = None
    written: Written | None = None
    priority: int = 0
    alias_of: str | None = None
    concurrency: int | None = None
    rate: str | None = None
    key: str | Key | None = None

    def __post_init__(self) -> None:
        self._check_kinds()
        if self.attempts < 1 or self.time_limit <= 0:
            raise ValueError("a task has at least one attempt and a time limit above zero seconds")
        if self.at_most_once and self.bulk is not None:
            raise ValueError("a task that runs at most once cannot have a bulk function")
        self._check_limits()

    def _check_kinds(self) -> None:
        if not _is_whole(self.attempts):
            raise ValueError(f"the attempts of a task are a whole number, not {self.attempts!r}")
        if not _is_whole(self.time_limit) and not isinstance(self.time_limit, float):
            raise ValueError(f"the time limit of a task is a number of seconds, not {self.time_limit!r}")
        if self.timetable is not None and not isinstance(self.timetable, Timetable):
            raise ValueError(
                'the timetable of a task is a Timetable, like Timetable("daily", {"hour": 7, "minute": 30}), '
                f"not {self.timetable!r}"
            )

    def _check_limits(self) -> None:
        if self.concurrency is not None and (not _is_whole(self.concurrency) or self.concurrency < 1):
            raise ValueError(f"the concurrency of a task is a whole number above zero, not {self.concurrency!r}")
        if self.concurrency is not None and self.bulk is not None:
            raise ValueError("a task with a bulk function does many jobs in one call: it cannot limit concurrency")
        if self.key is not None and self.concurrency is None and self.rate is None:
            raise ValueError("a key says what a limit counts by, and there is none: give concurrency or rate, too")
        if self.key is not None and not isinstance(self.key, str) and not callable(self.key):
            raise ValueError(f"a key is the name of an argument or a function of the arguments, not {self.key!r}")
        if self.rate is not None:
            Rate.parse(self.rate)

    @property
    def limit(self) -> Limit:
        """What holds for each key. Of a task that declares no limit, jobs with the same key run one at a time."""
        rate = None if self.rate is None else Rate.parse(self.rate)
        return Limit(1 if self.concurrency is None and rate is None else self.concurrency, rate)

    def job(self, name: str, **fields: Any) -> NewJob:
        """A new job of the task `name` with what is declared here; `fields` are NewJob's."""
        defaults: dict[str, Any] = {
            "queue": self.queue,
            "priority": self.priority,
            "max_attempts": 1 if self.at_most_once else self.attempts,
            "at_most_once": self.at_most_once,
        }
        if self.concurrency is not None or self.rate is not None:
            defaults["concurrency_key"] = self._key_of(name, fields.get("args", ()), fields.get("kwargs", {}))
        return NewJob(name, **{**defaults, **fields})

    def _key_of(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """The key by which a job of the task `name` is counted: it begins with the task's name."""
        if self.key is None:
            return name
        assert callable(self.key), "the decorator has made a function of an argument's name"
        try:
            value = str(self.key(*args, **kwargs))
        except Exception as error:
            # Accepted all the same, under the task's own key: what is wrong with it shows when it runs. Its text, which
            # may quote an argument, is nothing for a log.
            log.warning("the key of a job cannot be told from its arguments", task=name, error=type(error).__name__)
            return name
        key = f"{name}:{value}"
        if len(key) <= KEY_LENGTH and plain_text(key) == key:
            return key
        return f"{name}:{hashlib.sha256(value.encode(errors='surrogatepass')).hexdigest()[:32]}"
