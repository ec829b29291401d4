"""Judging the evidence: what was done, what was repeated, what is lost."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from personal_assistant.benchmarks.chaos.evidence import Accepted, Evidence, Row
from personal_assistant.benchmarks.chaos.faults import DATABASE, Struck
from personal_assistant.benchmarks.chaos.kinds import CANCELLED, FAILING, KINDS, ONCE, PAYLOAD, REMINDER
from personal_assistant.benchmarks.chaos.tasks import payload_of

# A refusal may come so long after the database is back: by connections that were cut off with it.
_REFUSAL_SECONDS = 5.0

DONE = "done"
FAILED = "failed as expected"
STOPPED = "cancelled"
ASKED = "asked"
GIVEN_UP = "given up"
LOST = "lost"


@dataclass(frozen=True, slots=True)
class Tally:
    """One kind of work: how much of it ended in which way, and how many runs there were beyond the first."""

    kind: str
    accepted: int
    ended: Counter[str]
    repeated: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`refused` counts refusals, `without_cause` those of them that came while the database could be used.

    `repeated_at_most_once` counts the forbidden ones. `lost_ids` names what is lost, and what was given up.
    """

    tallies: list[Tally]
    refused: int
    without_cause: int
    repeated_at_most_once: int
    lost_ids: list[str]

    def total(self, ending: str) -> int:
        return sum(tally.ended[ending] for tally in self.tallies)

    @property
    def accepted(self) -> int:
        return sum(tally.accepted for tally in self.tallies)

    @property
    def repeated(self) -> int:
        """Runs beyond the first of work that may be repeated."""
        return sum(tally.repeated for tally in self.tallies) - self.repeated_at_most_once

    @property
    def passed(self) -> bool:
        """Whether everything that is promised was kept."""
        return not (self.lost_ids or self.repeated_at_most_once or self.without_cause)


def judge(evidence: Evidence, struck: Sequence[Struck]) -> Verdict:
    """What is to be said of a run that has come to rest."""
    endings = [(one, _ending(one, evidence)) for one in evidence.accepted]
    tallies = [_tally(kind.name, endings, evidence) for kind in KINDS]
    return Verdict(
        tallies=tallies,
        refused=len(evidence.refused),
        without_cause=sum(not _away(at, struck) for at in evidence.refused),
        repeated_at_most_once=sum(tally.repeated for tally in tallies if tally.kind in (ONCE, CANCELLED)),
        lost_ids=[one.id for one, ending in endings if ending in (LOST, GIVEN_UP)],
    )


def _ending(one: Accepted, evidence: Evidence) -> str:
    if one.kind == REMINDER:
        return DONE if evidence.delivered.get(one.id) else LOST
    row = evidence.rows.get(one.id)
    if row is None:
        return LOST
    if one.kind == CANCELLED:
        return STOPPED if row.state == "cancelled" else LOST
    if one.kind == FAILING and row.state == "failed" and row.error_kind == "permanent":
        return FAILED
    if one.kind == ONCE and row.asks:
        return ASKED
    if row.state == "failed":
        return GIVEN_UP
    return DONE if row.state == "succeeded" and _really(one, row, evidence) else LOST


def _really(one: Accepted, row: Row, evidence: Evidence) -> bool:
    """Whether a job that is said to have succeeded ran, and has its result."""
    return bool(evidence.runs.get(one.id)) and (one.kind != PAYLOAD or row.result == payload_of(one.number or 0))


def _tally(kind: str, endings: Sequence[tuple[Accepted, str]], evidence: Evidence) -> Tally:
    of_kind = [(one, ending) for one, ending in endings if one.kind == kind]
    times = [
        evidence.delivered.get(one.id, 0) if kind == REMINDER else len(evidence.runs.get(one.id, ()))
        for one, _ in of_kind
    ]
    allowed = 0 if kind == CANCELLED else 1
    return Tally(
        kind=kind,
        accepted=len(of_kind),
        ended=Counter(ending for _, ending in of_kind),
        repeated=sum(max(0, count - allowed) for count in times),
    )


def _away(at: float, struck: Sequence[Struck]) -> bool:
    """Whether the database was away at that instant, or had just come back."""
    return any(it.away == DATABASE and it.began <= at <= it.ended + _REFUSAL_SECONDS for it in struck)
