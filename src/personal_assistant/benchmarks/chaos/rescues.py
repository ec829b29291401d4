"""How long after the death of a worker its jobs were taken back and ran again."""

from collections.abc import Sequence
from dataclasses import dataclass

from personal_assistant.benchmarks.chaos.evidence import Evidence
from personal_assistant.benchmarks.chaos.faults import Struck


@dataclass(frozen=True, slots=True)
class Rescues:
    """Seconds, each list sorted: until jobs were taken back, not counting what time a server was away meanwhile, and
    until they ran again, all in all."""

    taken_back: list[float]
    ran_again: list[float]


def rescues(evidence: Evidence, struck: Sequence[Struck]) -> Rescues:
    """For every job that a killed worker was running."""
    died = {worker: it.began for it in struck for worker in it.dead}
    taken, again = [], []
    for worker, job, at in evidence.taken_back:
        if worker not in died or at < died[worker]:
            continue  # taken for dead, not dead
        taken.append(at - died[worker] - _away(died[worker], at, struck))
        again += [min(run - died[worker] for run in later)] if (later := _after(evidence, job, at)) else []
    return Rescues(sorted(taken), sorted(again))


def _after(evidence: Evidence, job: str, at: float) -> list[float]:
    return [run for run in evidence.runs.get(job, ()) if run >= at]


def _away(start: float, end: float, struck: Sequence[Struck]) -> float:
    """Seconds between two instants in which a server was away. Faults do not overlap."""
    spans = [(it.began, it.ended) for it in struck if it.away is not None]
    return sum(max(0.0, min(end, ended) - max(start, began)) for began, ended in spans)
