"""The verdict of `bench chaos` on evidence in which something is wrong."""

from dataclasses import replace

import pytest

from personal_assistant.benchmarks.chaos.evidence import Accepted, Evidence, Row
from personal_assistant.benchmarks.chaos.faults import BROKER, DATABASE, Struck
from personal_assistant.benchmarks.chaos.kinds import CANCELLED, FAILING, ONCE, PAYLOAD, REMINDER
from personal_assistant.benchmarks.chaos.rescues import rescues
from personal_assistant.benchmarks.chaos.tasks import payload_of
from personal_assistant.benchmarks.chaos.verdict import ASKED, DONE, FAILED, GIVEN_UP, LOST, STOPPED, judge

DONE_ROW = Row("succeeded", None, asks=False, result=None)
SOUND = Evidence(
    accepted=[
        Accepted("plain", "p"),
        Accepted(PAYLOAD, "r", 7),
        Accepted(ONCE, "o"),
        Accepted(FAILING, "f"),
        Accepted(CANCELLED, "c"),
        Accepted(REMINDER, "12"),
    ],
    rows={
        "p": DONE_ROW,
        "r": replace(DONE_ROW, result=payload_of(7)),
        "o": DONE_ROW,
        "f": Row("failed", "permanent", asks=False, result=None),
        "c": Row("cancelled", None, asks=False, result=None),
    },
    runs={"p": [1.0], "r": [1.0], "o": [1.0], "f": [1.0]},
    delivered={"12": 1},
    refused=[],
    taken_back=[],
)


def with_row(job_id: str, row: Row) -> Evidence:
    return replace(SOUND, rows={**SOUND.rows, job_id: row})


def with_runs(job_id: str, count: int) -> Evidence:
    return replace(SOUND, runs={**SOUND.runs, job_id: [1.0] * count})


def test_all_is_well_where_all_ended_as_it_should() -> None:
    verdict = judge(SOUND, [])
    assert verdict.passed
    assert [verdict.total(it) for it in (DONE, FAILED, STOPPED, LOST)] == [4, 1, 1, 0]


@pytest.mark.parametrize(
    ("evidence", "lost"),
    [
        (replace(SOUND, rows={name: row for name, row in SOUND.rows.items() if name != "p"}), "p"),
        (with_row("p", Row("queued", None, asks=False, result=None)), "p"),
        (with_row("p", Row("waiting", None, asks=True, result=None)), "p"),
        (with_row("p", Row("failed", "interrupted", asks=False, result=None)), "p"),
        (with_row("f", Row("failed", "interrupted", asks=False, result=None)), "f"),
        (with_row("r", replace(DONE_ROW, result=payload_of(8))), "r"),
        (with_row("c", DONE_ROW), "c"),
        (with_runs("p", 0), "p"),
        (replace(SOUND, delivered={}), "12"),
    ],
    ids=[
        "no row",
        "open",
        "parked",
        "given up",
        "wrong reason",
        "wrong result",
        "not cancelled",
        "never ran",
        "silent",
    ],
)
def test_what_did_not_come_to_its_end_is_named(evidence: Evidence, lost: str) -> None:
    verdict = judge(evidence, [])
    assert (verdict.passed, verdict.lost_ids) == (False, [lost])
    assert verdict.total(LOST) + verdict.total(GIVEN_UP) == 1


def test_a_repeated_run_is_counted_and_allowed_where_at_least_once_is_promised() -> None:
    verdict = judge(with_runs("p", 3), [])
    assert (verdict.passed, verdict.repeated, verdict.repeated_at_most_once) == (True, 2, 0)


@pytest.mark.parametrize(("job_id", "count"), [("o", 2), ("c", 1)], ids=["at most once", "cancelled"])
def test_a_run_that_must_not_be_fails(job_id: str, count: int) -> None:
    verdict = judge(with_runs(job_id, count), [])
    assert (verdict.passed, verdict.repeated, verdict.repeated_at_most_once) == (False, 0, 1)


def test_an_at_most_once_job_that_asks_is_not_lost() -> None:
    verdict = judge(with_row("o", Row("waiting", None, asks=True, result=None)), [])
    assert (verdict.passed, verdict.total(ASKED)) == (True, 1)


@pytest.mark.parametrize(("away", "without_cause"), [(DATABASE, 1), (BROKER, 2)])
def test_adding_may_be_refused_only_while_the_database_is_away(away: str, without_cause: int) -> None:
    verdict = judge(replace(SOUND, refused=[15.0, 90.0]), [Struck("cut", 10.0, 20.0, away)])
    assert (verdict.refused, verdict.without_cause, verdict.passed) == (2, without_cause, False)


def test_the_time_to_rescue_leaves_outages_out() -> None:
    evidence = replace(
        SOUND, taken_back=[("w", "p", 90.0), ("w", "p", 112.0), ("other", "r", 112.0)], runs={"p": [99.0, 113.0]}
    )
    killed = Struck("worker killed", 100.0, 101.0, dead=["w"])
    found = rescues(evidence, [killed, Struck("cut", 104.0, 108.0, DATABASE)])
    assert (found.taken_back, found.ran_again) == ([8.0], [13.0])
