"""Texts and numbers that a database refuses: they stop neither the job nor its neighbours."""

import math
from typing import Any

import pytest
from tests.support.databases import START
from tests.support.ledger import WORKER, Ledger

from personal_assistant.jobs.enqueue import enqueue, enqueue_many
from personal_assistant.jobs.finish import finish_many, write_progress
from personal_assistant.jobs.model import InvalidJobError, NewJob
from personal_assistant.jobs.outcomes import Failed, Outcome, Retry, Succeeded, Waiting
from personal_assistant.jobs.queries import errors_of, list_jobs

UNSTORABLE = "a\0b\ud800c"
STORED = "a\ufffdb\ufffdc"

RESULTS = ["text", "", "null", "é😀", "\\u0000", True, 0, 1.5, 2**53, [], [1, "a", None], {"a": {"b": []}}]


@pytest.mark.parametrize("result", RESULTS, ids=repr)
def test_a_result_comes_back_as_it_was(ledger: Ledger, result: Any) -> None:
    found = ledger.run(ledger.add(), Succeeded(result)).result
    assert (found, type(found)) == (result, type(result))


@pytest.mark.parametrize(
    ("result", "stored"),
    [
        (UNSTORABLE, STORED),
        ({UNSTORABLE: [UNSTORABLE]}, {STORED: [STORED]}),
        (math.nan, None),
        ([1.5, math.inf], [1.5, None]),
    ],
    ids=["text", "inside", "nan", "infinity"],
)
def test_what_cannot_be_kept_of_a_result_is_replaced(ledger: Ledger, result: Any, stored: Any) -> None:
    assert ledger.run(ledger.add(), Succeeded(result)).result == stored


@pytest.mark.parametrize(
    "outcome",
    [
        Failed(UNSTORABLE, "bug", UNSTORABLE),
        Retry(START, UNSTORABLE, "transient", UNSTORABLE),
        Waiting(UNSTORABLE),
        Failed("x" * 10_000, "a kind that is too long for its column", "x" * 100_000),
    ],
    ids=["failed", "retry", "waiting", "long"],
)
def test_a_bad_text_is_written_together_with_its_neighbours(ledger: Ledger, outcome: Outcome) -> None:
    bad, good = ledger.take(ledger.add(max_attempts=2), ledger.add())
    with ledger.db.write() as conn:
        written = finish_many(conn, WORKER, [(bad, outcome), (good, Succeeded())], ledger.now)
        errors = errors_of(conn, bad.id)
    assert len(written) == 2
    assert ledger.state(good.id) == "succeeded"
    job = ledger.show(bad.id)
    texts = [job.error, job.waiting_for, *(error.message for error in errors), *(error.traceback for error in errors)]
    assert all(text in (None, STORED) or set(text) == {"x"} for text in texts)


def test_progress_that_is_no_number_is_written_as_none(ledger: Ledger) -> None:
    job = ledger.take_one(ledger.add())
    with ledger.db.write() as conn:
        write_progress(conn, WORKER, {job.id: {"done": math.nan, "total": 3.0, "note": UNSTORABLE}})
    assert ledger.show(job.id).progress == {"done": None, "total": 3.0, "note": STORED}


@pytest.mark.parametrize(
    "argument", [UNSTORABLE, "\0", math.nan, {1, 2}, Ledger], ids=["text", "nul", "nan", "set", "class"]
)
def test_arguments_that_cannot_be_kept_are_refused(ledger: Ledger, argument: Any) -> None:
    with pytest.raises(InvalidJobError, match=r"arguments of a job of tests\.work cannot be kept"):
        ledger.add(args=(argument,))


@pytest.mark.parametrize("field", ["id", "task", "queue", "unique_key"])
@pytest.mark.parametrize("text", ["x" * 201, UNSTORABLE], ids=["long", "unstorable"])
def test_names_that_cannot_be_kept_are_refused(ledger: Ledger, field: str, text: str) -> None:
    fields: dict[str, Any] = {"task": "tests.work", "queue": "tests", field: text}
    with ledger.db.write() as conn, pytest.raises(InvalidJobError, match=f"The {field} .* cannot be kept"):
        enqueue(conn, NewJob(**fields))


@pytest.mark.parametrize("text", ["'); DROP TABLE jobs; --", "\"}]'", ":rows", "%s", "$1", "\\u0000", "😀"])
def test_text_is_never_taken_for_a_statement(ledger: Ledger, text: str) -> None:
    with ledger.db.write() as conn:
        batch = [NewJob(text, text, args=(text,), kwargs={text: text}, unique_key=f"{text}{n}") for n in range(2)]
        enqueue_many(conn, batch, now=ledger.now)
        found = list_jobs(conn, task=text)
    assert [(job.queue, job.args, job.kwargs) for job in found] == [(text, [text], {text: text})] * 2


def test_an_empty_key_is_refused_for_it_looks_like_none(ledger: Ledger) -> None:
    with ledger.db.write() as conn, pytest.raises(InvalidJobError, match="concurrency_key of a job is empty"):
        enqueue(conn, NewJob("tests.work", "tests", concurrency_key=""))
