"""The ledger against a small model of it: whatever is done in whatever order, both agree, and the promises hold."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.support.databases import START
from tests.support.ledger import FAILED, TASK, Ledger

from personal_assistant.jobs.model import ClaimedJob, JobStateError
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Retry, Succeeded, Waiting
from personal_assistant.store.tables import ai_tasks, jobs

OPEN = ("scheduled", "queued", "running", "waiting")
WORKERS = st.sampled_from(["worker-a", "worker-b"])
KEYS = st.sampled_from([None, None, "key-1", "key-2"])
# Where in a list, and whether in the list of those preferred. What is drawn must not depend on the ledger: of jobs with
# one instant it takes those with the smaller ids, and ids of one millisecond are in random order.
Choice = tuple[int, bool]
CHOICES = st.tuples(st.integers(0, 999), st.sampled_from((True, True, True, False)))
EXAMPLES = 20
KINDS = st.sampled_from(["succeeded", "failed", "cancelled", "waiting", "retry", "uncounted"])


@dataclass
class Job:
    """What the model knows of a job."""

    state: str
    run_at: Any
    key: str | None
    occurrence: Any
    max_attempts: int
    at_most_once: bool
    attempt: int = 0
    worker: str | None = None
    stop: bool = False
    waits_for: str | None = None


class LedgerModel(RuleBasedStateMachine):
    """Each rule does something to the ledger and to the model; the invariants compare them."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.ledger = ledger
        ledger.clock.set(START)
        with ledger.db.write() as conn:
            conn.execute(sa.delete(jobs))
            conn.execute(sa.delete(ai_tasks))
        self.task = ledger.ai_task()
        self.jobs: dict[str, Job] = {}
        self.claims: list[tuple[str, ClaimedJob]] = []

    def pick(self, choice: Choice) -> str | None:
        """A job, an open one where there is any and the draw wants it."""
        position, prefers = choice
        still_open = [job_id for job_id, job in self.jobs.items() if job.state in OPEN]
        among = still_open if still_open and prefers else list(self.jobs)
        return among[position % len(among)] if among else None

    def release(self, ended: str) -> None:
        for job in self.jobs.values():
            if job.state == "waiting" and job.waits_for == ended:
                self.queue_again(job)

    def queue_again(self, job: Job) -> None:
        job.state, job.run_at, job.stop, job.waits_for = "queued", self.ledger.now, False, None
        job.max_attempts = max(job.max_attempts, job.attempt + 1)

    @initialize()
    def some_are_there(self) -> None:
        for _ in range(4):
            self.enqueue(0, None, None, 2, False)

    @rule(
        delay=st.integers(-5, 5),
        key=KEYS,
        due=st.one_of(st.none(), st.integers(0, 3)),
        attempts=st.integers(1, 3),
        once=st.booleans(),
    )
    def enqueue(self, delay: int, key: str | None, due: int | None, attempts: int, once: bool) -> None:
        at, now = self.ledger.later(delay), self.ledger.now
        occurrence = None if due is None else now.replace(hour=due)
        fields: dict[str, Any] = {} if occurrence is None else {"ai_task_id": self.task, "due_at": occurrence}
        job_id = self.ledger.add(run_at=at, unique_key=key, max_attempts=attempts, at_most_once=once, **fields)
        holders = {
            known
            for known, job in self.jobs.items()
            if (key is not None and job.key == key and job.state in OPEN)
            or (occurrence is not None and job.occurrence == occurrence)
        }
        if holders:
            assert job_id in holders
        else:
            assert job_id not in self.jobs
            self.jobs[job_id] = Job("queued" if delay <= 0 else "scheduled", at, key, occurrence, attempts, once)

    @rule(worker=WORKERS, limit=st.integers(1, 3))
    def claim(self, worker: str, limit: int) -> None:
        queued = sorted((job.run_at, job_id) for job_id, job in self.jobs.items() if job.state == "queued")
        taken = self.ledger.take(worker=worker, limit=limit)
        assert [self.jobs[job.id].run_at for job in taken] == [at for at, _ in queued[:limit]]
        for claimed in taken:
            job = self.jobs[claimed.id]
            assert job.state == "queued"
            job.state, job.attempt, job.worker = "running", job.attempt + 1, worker
            assert claimed.attempt == job.attempt
            self.claims.append((worker, claimed))

    @rule(kind=KINDS, which=CHOICES, other=CHOICES)
    def finish(self, kind: str, which: Choice, other: Choice) -> None:
        """End an attempt; now and then one that was ended or taken away long ago."""
        if not any(job.state == "running" for job in self.jobs.values()):
            self.claim("worker-a", 2)
        if not self.claims:
            return
        position, prefers_newest = which
        claims = self.claims[-2:] if prefers_newest else self.claims
        worker, claimed = claims[position % len(claims)]
        job = self.jobs[claimed.id]
        awaited = self.pick(other) if kind == "waiting" else None
        awaited = None if awaited == claimed.id else awaited
        outcomes: dict[str, Outcome] = {
            "succeeded": Succeeded(),
            "failed": FAILED,
            "cancelled": Cancelled(),
            "waiting": Waiting("Approve it.", awaited),
            "retry": Retry(self.ledger.later(9), "", "transient"),
            "uncounted": Retry(self.ledger.now, "", "interrupted", counted=False),
        }
        outcome = outcomes[kind]
        written = self.ledger.end(claimed, outcome, worker=worker)
        valid = (job.state, job.worker, job.attempt) == ("running", worker, claimed.attempt)
        assert written == valid
        if valid:
            self.apply(claimed.id, outcome)

    def apply(self, job_id: str, outcome: Outcome) -> None:
        job = self.jobs[job_id]
        match outcome:
            case Retry() | Waiting() if job.stop:
                job.state = "cancelled"
            case Retry(counted=True) if job.attempt >= job.max_attempts:
                job.state = "failed"
            case Retry():
                job.state = "scheduled" if outcome.run_at > self.ledger.now else "queued"
                job.run_at, job.max_attempts = outcome.run_at, job.max_attempts + (not outcome.counted)
            case Waiting(_, awaited):
                job.state, job.waits_for = "waiting", awaited
                if awaited is not None and self.jobs[awaited].state not in OPEN:
                    self.queue_again(job)
            case _:
                job.state = {Succeeded: "succeeded", Failed: "failed", Cancelled: "cancelled"}[type(outcome)]
        if job.state not in OPEN:
            self.release(job_id)

    @rule(seconds=st.integers(-20, 60))
    def time_passes(self, seconds: int) -> None:
        self.ledger.clock.advance(seconds)

    @rule()
    def queue_due(self) -> None:
        due = [job for job in self.jobs.values() if job.state == "scheduled" and job.run_at <= self.ledger.now]
        assert self.ledger.queue_due() == len(due)
        for job in due:
            job.state = "queued"

    @rule(which=CHOICES)
    def cancel(self, which: Choice) -> None:
        job_id = self.pick(which)
        if job_id is None:
            return
        job = self.jobs[job_id]
        try:
            self.ledger.cancel(job_id)
        except JobStateError:
            assert job.state not in OPEN
            return
        job.stop = True
        if job.state != "running":
            job.state = "cancelled"
            self.release(job_id)

    @rule(which=CHOICES)
    def replay(self, which: Choice) -> None:
        job_id = self.pick(which)
        if job_id is None:
            return
        job = self.jobs[job_id]
        rivals = [
            other
            for other in self.jobs.values()
            if other is not job and job.key is not None and other.key == job.key and other.state in OPEN
        ]
        try:
            self.ledger.replay(job_id)
        except JobStateError:
            assert rivals or job.state not in ("failed", "cancelled", "missed", "waiting")
            return
        self.queue_again(job)

    @rule(worker=WORKERS)
    def worker_dies(self, worker: str) -> None:
        self.ledger.recover(worker)
        lost = [job_id for job_id, job in self.jobs.items() if (job.state, job.worker) == ("running", worker)]
        for job_id in lost:
            job = self.jobs[job_id]
            if job.stop:
                self.apply(job_id, Cancelled())
            elif job.at_most_once:
                self.apply(job_id, Waiting("It died."))
            else:
                self.apply(job_id, Retry(self.ledger.now, "", "interrupted"))

    @invariant()
    def ledger_and_model_agree(self) -> None:
        with self.ledger.db.read() as conn:
            rows = {row.id: row for row in conn.execute(sa.select(jobs).where(jobs.c.task == TASK))}
        assert rows.keys() == self.jobs.keys()
        for job_id, job in self.jobs.items():
            row = rows[job_id]
            found = (row.state, row.attempt, row.max_attempts, row.run_at, row.waits_for_job_id)
            assert found == (job.state, job.attempt, job.max_attempts, job.run_at, job.waits_for)
            assert row.attempt <= row.max_attempts
        held = [row.unique_key for row in rows.values() if row.unique_key and row.state in OPEN]
        occurrences = [row.due_at for row in rows.values() if row.due_at]
        assert len(held) == len(set(held))
        assert len(occurrences) == len(set(occurrences))


def test_the_ledger_does_what_the_model_does(ledger: Ledger) -> None:
    run_state_machine_as_test(
        lambda: LedgerModel(ledger),  # type: ignore[arg-type]
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
