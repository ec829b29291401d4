"""A run for people, as figures and tables, and for programs, as one document."""

from collections import Counter
from typing import Any

from personal_assistant.benchmarks.chaos.run import LEASE_SECONDS, Run
from personal_assistant.benchmarks.chaos.verdict import ASKED, DONE, FAILED, GIVEN_UP, LOST, STOPPED
from personal_assistant.benchmarks.figures import Figure, as_json, share

_ENDINGS = (DONE, FAILED, STOPPED, ASKED, GIVEN_UP, LOST)
KIND_COLUMNS = ("kind", "accepted", *_ENDINGS, "repeated")
FAULT_COLUMNS = ("fault", "times")


def figures(run: Run) -> list[Figure]:
    """The whole in figures, with what each may be at most."""
    verdict, taken, again = run.verdict, run.rescues.taken_back, run.rescues.ran_again
    return [
        Figure("accepted", "accepted", verdict.accepted),
        Figure("done", "done", verdict.total(DONE)),
        Figure("failed_as_expected", "failed as expected", verdict.total(FAILED)),
        Figure("cancelled", "cancelled as asked", verdict.total(STOPPED)),
        Figure("asked", "at-most-once jobs cut off, which ask", verdict.total(ASKED)),
        Figure("repeated", "runs repeated that may be (at least once)", verdict.repeated),
        Figure("repeated_at_most_once", "runs repeated that must not be", verdict.repeated_at_most_once, "", 0),
        Figure("given_up", "failed though they should not", verdict.total(GIVEN_UP), "", 0),
        Figure("lost", "lost", verdict.total(LOST), "", 0),
        Figure("refused", "times that adding was refused, the database being away", verdict.refused),
        Figure("refused_without_cause", "times that it was refused otherwise", verdict.without_cause, "", 0),
        Figure("faults", "faults", len(run.struck)),
        Figure("refused_to_start", "starts put off, the database being away", run.refused_to_start),
        Figure("ended_unasked", "processes that ended by themselves", len(run.ended_unasked), "", 0),
        Figure("settled_seconds", "from the last fault and job until all was done", run.settled_seconds, "s"),
        Figure("rescued", "jobs that a killed worker was running", len(taken)),
        Figure("p50_rescue_seconds", "until taken back, beside outages: half within", share(taken, 0.5), "s"),
        _worst("worst_rescue_seconds", "the last of them", taken, LEASE_SECONDS),
        _worst("worst_rerun_seconds", "until they ran again, outages and all: the last", again, None),
        Figure("seconds", "all in all", run.seconds, "s"),
    ]


def _worst(key: str, label: str, seconds: list[float], at_most: float | None) -> Figure:
    # Without any there is nothing to keep a limit.
    return Figure(key, label, round(seconds[-1], 2) if seconds else None, "s", at_most if seconds else None)


def kind_rows(run: Run) -> list[tuple[str, ...]]:
    """For each kind how its jobs ended, in the order of KIND_COLUMNS."""
    return [
        (
            tally.kind,
            *(f"{number:,}" for number in (tally.accepted, *(tally.ended[it] for it in _ENDINGS), tally.repeated)),
        )
        for tally in run.verdict.tallies
    ]


def fault_counts(run: Run) -> dict[str, int]:
    """Each fault and how many times it struck."""
    return dict(sorted(Counter(it.name for it in run.struck).items()))


def document(run: Run) -> dict[str, Any]:
    """The run for programs."""
    return {
        "passed": run.passed,
        **as_json(figures(run)),
        "kinds": {
            tally.kind: {"accepted": tally.accepted, **tally.ended, "repeated": tally.repeated}
            for tally in run.verdict.tallies
        },
        "fault_counts": fault_counts(run),
        "lost_ids": run.verdict.lost_ids,
        "said": run.ended_unasked,
    }
