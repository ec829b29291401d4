"""What an error means, and whether its job is tried again."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from personal_assistant.errors import AssistantError, PermanentError, TransientError
from personal_assistant.jobs.context import JobCancelled, JobParked
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Retry, Waiting
from personal_assistant.jobs.retry import Backoff
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.utils.error_handling import JobTimeout, classify, describe, outcome_of

NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)


def _outcome(error: BaseException, *, attempt: int = 1, at_most_once: bool = False) -> Outcome:
    return outcome_of(
        error, attempt=attempt, max_attempts=3, at_most_once=at_most_once, backoff=Backoff(10, 900), now=NOW
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TransientError("later"), "transient"),
        (StoreError("locked"), "transient"),
        (ConnectionResetError(), "transient"),
        (TimeoutError(), "transient"),
        (OSError(28, "No space left"), "transient"),
        (RuntimeError("a library's own"), "transient"),
        (sa.exc.OperationalError("SELECT", {}, Exception()), "transient"),
        (PermanentError("never"), "permanent"),
        (AssistantError("wrong address"), "permanent"),
        (TypeError(), "bug"),
        (KeyError("x"), "bug"),
        (ZeroDivisionError(), "bug"),
        (RecursionError(), "bug"),
        (NotImplementedError(), "bug"),
        (ModuleNotFoundError(), "bug"),
        (sa.exc.IntegrityError("INSERT", {}, Exception()), "bug"),
        (SystemExit(1), "bug"),
        (KeyboardInterrupt(), "bug"),
        (JobTimeout(), "timeout"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_kinds_of_error(error: BaseException, kind: str) -> None:
    assert classify(error) == kind


@pytest.mark.parametrize("error", [TransientError("later"), JobTimeout("too long")], ids=["transient", "timeout"])
def test_what_may_work_later_is_tried_again_while_attempts_are_left(error: BaseException) -> None:
    again = _outcome(error, attempt=2)
    assert isinstance(again, Retry)
    assert NOW + timedelta(seconds=10) <= again.run_at <= NOW + timedelta(seconds=20)
    assert isinstance(_outcome(error, attempt=3), Failed)


@pytest.mark.parametrize("error", [PermanentError("never"), KeyError("x")], ids=["permanent", "bug"])
def test_what_will_not_work_later_fails_at_once(error: BaseException) -> None:
    assert isinstance(_outcome(error), Failed)


def test_a_job_that_must_not_be_repeated_is_not_tried_again() -> None:
    assert isinstance(_outcome(TransientError("later"), at_most_once=True), Failed)


def test_a_server_that_says_when_is_obeyed() -> None:
    again = _outcome(TransientError("busy", retry_after=7))
    assert isinstance(again, Retry)
    assert again.run_at == NOW + timedelta(seconds=7)


def test_a_cancelled_job_is_no_failure() -> None:
    assert _outcome(JobCancelled()) == Cancelled()


@pytest.mark.parametrize("at_most_once", [True, False])
def test_a_parked_job_waits_whatever_its_attempts(at_most_once: bool) -> None:
    parked = _outcome(JobParked("Somebody has to agree.", "job-1"), attempt=3, at_most_once=at_most_once)
    assert parked == Waiting("Somebody has to agree.", "job-1")


def test_a_bug_keeps_its_traceback_and_a_sentence_needs_none() -> None:
    try:
        json.loads("{")
    except ValueError as error:
        bug = _outcome(error)
    sentence = _outcome(PermanentError("The address is wrong."))
    assert isinstance(bug, Failed)
    assert isinstance(sentence, Failed)
    assert bug.traceback is not None
    assert "json.loads" in bug.traceback
    assert (sentence.error, sentence.traceback) == ("The address is wrong.", None)


def test_an_error_is_told_in_one_line() -> None:
    class SpeechlessError(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert describe(KeyError("x")) == "KeyError: 'x'"
    assert describe(OSError("a\n  b")) == "OSError: a b"
    assert describe(RuntimeError()) == "RuntimeError"
    assert describe(SpeechlessError()) == "SpeechlessError"
    assert describe(AssistantError("Do this.")) == "Do this."
