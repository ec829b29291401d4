"""An outcome that cannot be written becomes a failure that says so, and holds up no other."""

from tests.workers.bench import Declare

from personal_assistant.jobs.claim import claim
from personal_assistant.jobs.outcomes import Failed, Outcome, Succeeded
from personal_assistant.jobs.queries import get_job
from personal_assistant.workers.recording import record
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import Registry


def test_one_outcome_that_cannot_be_written_fails_alone(in_use: Runtime, declare: Declare) -> None:
    def work() -> None: ...

    task = declare(work)
    ids = [task.delay().id for _ in range(3)]
    now = in_use.clock.now()
    with in_use.db.write() as conn:
        claimed = claim(conn, "worker", ids, now)
    outcomes: list[Outcome] = [Succeeded(1), Failed("It failed.", None), Succeeded(3)]  # type: ignore[arg-type]
    with in_use.db.write() as conn:
        record(conn, Registry({}, ()), "worker", list(zip(claimed, outcomes, strict=True)), now)
    with in_use.db.read() as conn:
        jobs = [get_job(conn, job_id) for job_id in ids]
    assert [job.state for job in jobs] == ["succeeded", "failed", "succeeded"]
    assert jobs[1].error == "How it ended cannot be written down: TypeError."
