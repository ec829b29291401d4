"""What happens to the instants that passed while nothing ran."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

# A machine under load or one that has just started is late by moments; that is not a missed run.
ON_TIME = timedelta(seconds=60)


class Rule(Protocol):
    """Anything that knows the next instant after another."""

    def next_after(self, after: datetime) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class MissedPolicy:
    """`skip`: late instants do not run; `once`: of several late ones only the newest runs; `all`: each runs.

    Under every policy an instant that is later than `greatest_lateness` does not run.
    """

    name: str
    greatest_lateness: timedelta | None = None

    def reason_to_skip(self, due: datetime, following: datetime | None, now: datetime) -> str | None:
        """Why the occurrence at `due` is not to run, as a sentence; None when it runs."""
        late = now - due
        if late <= ON_TIME and (
            self.greatest_lateness is None or late <= max(self.greatest_lateness, timedelta(seconds=1))
        ):
            return None
        if self.greatest_lateness is not None and late > self.greatest_lateness:
            return f"It was {spoken(late)} late; at most {spoken(self.greatest_lateness)} is allowed."
        if self.name == "skip":
            return f"Nothing was running at its instant ({spoken(late)} ago), and missed runs are skipped."
        if self.name == "once" and following is not None and following <= now:
            return "Nothing was running at its instant, and only the newest missed run is made up for."
        return None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One instant, and why it does not run (None: it runs)."""

    due: datetime
    missed: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The occurrences up to now, oldest first, and the next instant: later than now, or the first that did not fit."""

    occurrences: list[Occurrence]
    next_due: datetime | None


def plan(rule: Rule, due: datetime, now: datetime, policy: MissedPolicy, limit: int) -> Plan:
    """Go through the instants from `due` to `now`, at most `limit` of them."""
    occurrences: list[Occurrence] = []
    current: datetime | None = due
    while current is not None and current <= now and len(occurrences) < limit:
        following = rule.next_after(current)
        occurrences.append(Occurrence(current, policy.reason_to_skip(current, following, now)))
        current = following
    return Plan(occurrences, current)


def spoken(span: timedelta) -> str:
    """A length of time in its two greatest units: «3 h 20 min»."""
    seconds = round(span.total_seconds())
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    parts: list[str] = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"
