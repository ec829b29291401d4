"""Jobs through `celery beat`, a broker and `celery worker`: every way in which work comes, on threads."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from uuid import uuid4

import psycopg
from celery import Celery
from tests.transport.cluster import BOTH_BROKERS, Cluster

pytestmark = BOTH_BROKERS


# A loaded machine of two cores may be late.
LATEST = timedelta(seconds=2)

# A plain program beside the workers.
_ELSEWHERE = """
import json
from celery.result import AsyncResult
from personal_assistant.workers.celery_app import app
from personal_assistant.workers.control import cancel_job
from personal_assistant.workers.runtime import runtime
from transport_work import add

def told(result, seconds=30):
    try:
        return result.get(timeout=seconds)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

done, failed, later = add.delay(20, second=22), add.delay("not a number"), add.apply_async((1,), countdown=600)
answers = {
    "id": done.id,
    "done": told(done),
    "by id": told(AsyncResult(done.id, app=app)),
    "failed": told(failed),
    "too early": told(later, 0.2),
}
cancel_job(runtime(), later.id)
print(json.dumps({**answers, "cancelled": told(later)}))
"""


def stranger(cluster: Cluster) -> Celery:
    """Another program, which knows the broker and nothing else."""
    prefix = {"global_keyprefix": cluster.prefix}
    return Celery(broker=cluster.broker.url, broker_transport_options=prefix, set_as_current=False)


def test_jobs_of_every_kind_run(running: Cluster) -> None:
    sums = [running.add("tests.add", number) for number in range(100)]
    doubles = [running.add("tests.twice", number) for number in range(30)]
    assert [job.result for job in running.ended(*sums)] == [number + 1 for number in range(100)]
    assert [job.result for job in running.ended(*doubles)] == [2 * number for number in range(30)]


def test_a_reminder_of_the_command_line_fires(running: Cluster) -> None:
    reminder = running.call("remind", "stretch in 3 seconds")
    assert reminder["scheduler_alive"]
    running.until(lambda: bool(running.call("notifications", "list")))
    [told] = running.call("notifications", "list")
    due = datetime.fromisoformat(reminder["next"][0])
    assert told["title"] == "stretch"
    assert timedelta(0) <= datetime.fromisoformat(told["sent_at"]) - due <= LATEST


def test_a_call_in_another_process_gets_its_result_from_the_ledger(running: Cluster) -> None:
    command = [sys.executable, "-c", _ELSEWHERE]
    done = subprocess.run(command, env=running.environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert running.job(answers.pop("id")).state == "succeeded"
    assert answers == {
        "done": 42,
        "by id": 42,
        "failed": 'JobFailedError: TypeError: can only concatenate str (not "int") to str',
        "too early": "TimeoutError: The operation timed out.",
        "cancelled": "TaskRevokedError: The job was cancelled.",
    }


def test_a_message_of_another_program_becomes_a_job_once(running: Cluster) -> None:
    job_id = str(uuid4())
    for _ in range(3):
        stranger(running).send_task("tests.note", ("from elsewhere",), task_id=job_id)
    running.until(lambda: running.known(job_id))
    [job] = running.ended(job_id)
    assert (job.task, job.queue, job.args, job.max_attempts) == ("tests.note", "tests", ["from elsewhere"], 5)
    assert running.marks("notes").count("elsewhere") == 1


def test_a_task_name_that_nobody_knows_is_kept_and_reported(running: Cluster) -> None:
    job_id = str(uuid4())
    stranger(running).send_task("nobody.knows", (1,), {"two": 2}, task_id=job_id)
    running.until(lambda: running.known(job_id))
    job = running.job(job_id)
    assert (job.state, job.task, job.args, job.kwargs) == ("queued", "nobody.knows", [1], {"two": 2})
    findings = subprocess.run(
        [sys.executable, "-m", "personal_assistant.cli.main", "doctor", "--json"],
        env=running.environment,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    assert "nobody.knows, which no installed module declares" in findings


def test_a_task_name_that_nobody_knows_waits_for_the_database(running: Cluster, postgres: str) -> None:
    [*_, worker] = running.programs
    database = running.runtime.db.url.database
    job_id = str(uuid4())
    with psycopg.connect(postgres.format("postgres").replace("+psycopg", ""), autocommit=True) as server:
        try:
            server.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,))
            stranger(running).send_task("nobody.knows.yet", (1,), task_id=job_id)
            running.until(lambda: "unknown task goes back to the broker" in worker.log)
        finally:
            server.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
    running.until(lambda: running.known(job_id))
    assert (running.job(job_id).task, running.job(job_id).args) == ("nobody.knows.yet", [1])


def test_a_message_that_comes_again_does_nothing_again(running: Cluster) -> None:
    job_id = running.add("tests.note", "one")
    for _ in range(5):
        stranger(running).send_task("personal_assistant.run_jobs", ("tests.note", [job_id]), queue="tests")
    last = running.add("tests.add", 1)
    running.ended(job_id, last)
    assert running.marks("notes").count("one") == 1
    assert running.job(job_id).attempt == 1


def test_celery_can_look_into_the_worker(running: Cluster) -> None:
    answers = stranger(running).control.inspect(timeout=10, limit=1).ping()
    assert answers is not None
    assert list(answers.values()) == [{"ok": "pong"}]
