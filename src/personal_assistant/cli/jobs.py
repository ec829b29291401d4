"""`assistant jobs`: the ledger."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personal_assistant.cli.output import Json, group, print_json, say, table

if TYPE_CHECKING:
    from personal_assistant.jobs.log_lines import LogLine

app = group("Pieces of work, what became of them, and doing them again.")

_LAST_LINES = 5

JobId = Annotated[str, typer.Argument(metavar="ID", help="The job's id.")]


def _whole_name(task: str) -> str:
    """A task's whole name from its last part, as `tasks list` shows it; other names as they are: the ledger keeps
    jobs of tasks that are no longer declared.
    """
    from personal_assistant.workers.tasks import UnknownTaskError, load_tasks

    try:
        return load_tasks().find(task).name
    except UnknownTaskError:
        return task


def _check_known(task: str) -> None:
    """Raises UnknownTaskError for a name that is neither declared nor has jobs."""
    from personal_assistant.workers.tasks import load_tasks

    load_tasks().find(task)


@app.command("list")
def list_(
    state: Annotated[list[str] | None, typer.Option(help="Only jobs in this state; repeatable.")] = None,
    task: Annotated[str | None, typer.Option(help="Only jobs of this task, by its name or its last part.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 30,
    as_json: Json = False,
) -> None:
    """Jobs, the newest first."""
    from personal_assistant.cli.remote import remote
    from personal_assistant.cli.session import session
    from personal_assistant.errors import AssistantError
    from personal_assistant.jobs.queries import list_jobs
    from personal_assistant.store.tables import JOB_STATES

    for name in state or []:
        if name not in JOB_STATES:
            raise AssistantError(f"There is no state {name!r}. The states are {', '.join(JOB_STATES)}.")
    there = remote()
    current: Any = there or session()
    whole = task and _whole_name(task)
    if there is not None:
        found = there.jobs(states=state, task=whole, limit=limit)
    else:
        with current.runtime.db.read() as conn:
            found = list_jobs(conn, states=state or (), task=whole, limit=limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            job.id,
            job.state,
            job.task.rsplit(".", 1)[-1],
            f"{job.attempt}/{job.max_attempts}",
            current.local(job.run_at),
            job.error or "",
        )
        for job in found
    ]
    table(("id", "state", "task", "attempt", "due", "error"), rows, empty="There are no such jobs.")


@app.command()
def show(job_id: JobId, as_json: Json = False) -> None:
    """One job with its failed attempts and the last lines that it logged."""
    from personal_assistant.cli.remote import remote
    from personal_assistant.cli.session import session
    from personal_assistant.jobs.logs import last_lines_of
    from personal_assistant.jobs.queries import errors_of, get_job

    there = remote()
    current: Any = there or session()
    if there is not None:
        job, errors = there.job(job_id)
        lines = there.job_log(job_id)[-_LAST_LINES:]
    else:
        with current.runtime.db.read() as conn:
            job = get_job(conn, job_id)
            errors = errors_of(conn, job_id)
            lines = last_lines_of(conn, job_id, _LAST_LINES)
    if as_json:
        print_json({"job": job, "errors": errors, "log": lines})
        return
    say(f"{job.id}  {job.state}")
    facts: dict[str, Any] = {
        "task": job.task,
        "arguments": ", ".join([*map(repr, job.args), *(f"{key}={value!r}" for key, value in job.kwargs.items())]),
        "queue": f"{job.queue}, priority {job.priority}",
        "attempt": f"{job.attempt} of {job.max_attempts}{', at most once' if job.at_most_once else ''}",
        "due": current.local(job.run_at),
        "accepted": current.local(job.created_at),
        "started": current.local(job.started_at),
        "finished": current.local(job.finished_at),
        "worker": job.worker_id,
        "host": job.host,
        "limited by": _limited(job.concurrency_key, job.slot if job.state == "queued" else None),
        "progress": _progress(job.progress),
        "waiting for": job.waiting_for if job.state == "waiting" else None,
        "error": job.error,
        "result": job.result,
    }
    for name, value in facts.items():
        if value not in (None, ""):
            say(f"  {name + ':':12} {value}")
    for error in errors:
        say(f"\n  attempt {error.attempt}, {current.local(error.at)}, {error.kind}: {error.message}")
        if error.traceback:
            say("    " + error.traceback.rstrip().replace("\n", "\n    "))
    if lines:
        say("\n  the last of what it logged (`assistant jobs logs` shows all that is kept):")
        _say_lines(lines, current, "    ")


@app.command()
def logs(job_id: JobId, as_json: Json = False) -> None:
    """What a job logged while it ran, of all its attempts."""
    from personal_assistant.cli.remote import remote
    from personal_assistant.cli.session import session
    from personal_assistant.jobs.logs import MOST_LINES, lines_of
    from personal_assistant.jobs.queries import get_job

    there = remote()
    current: Any = there or session()
    if there is not None:
        found = there.job_log(job_id)
    else:
        with current.runtime.db.read() as conn:
            found = lines_of(conn, get_job(conn, job_id).id, limit=MOST_LINES)
    if as_json:
        print_json(found)
    elif found:
        _say_lines(found, current)
    else:
        say("It has logged nothing that is kept. Lines of level info and above are.")


def _say_lines(lines: "Sequence[LogLine]", current: Any, indent: str = "") -> None:
    from personal_assistant.jobs.logs import with_gaps

    several = len({line.attempt for line in lines}) > 1
    for it in with_gaps(lines):
        if isinstance(it, int):
            say(f"{indent}… {it} left out")
        else:
            attempt = f"attempt {it.attempt}  " if several else ""
            say(f"{indent}{current.local(it.at)}  {attempt}{it.level:8}  {it.text}")


def _limited(key: str | None, slot: str | None) -> str | None:
    """By which key its limits count, and whether it waits for them."""
    return f"{key}, waits for its turn" if key and slot in ("asks", "waits") else key


def _progress(told: Any) -> str:
    """How far a job said that it is: «3 of 10, reading»."""
    if not isinstance(told, dict):
        return ""
    numbers = [f"{told[key]:g}" for key in ("done", "total") if told.get(key) is not None]
    return ", ".join(part for part in (" of ".join(numbers), told.get("note")) if part)


@app.command()
def run(
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task's name, or the last part of it.")],
    kwargs: Annotated[str, typer.Option(help="Its arguments, as a JSON object.")] = "{}",
    as_json: Json = False,
) -> None:
    """Queue a job of any task."""
    import json

    from personal_assistant.cli.session import session
    from personal_assistant.errors import AssistantError
    from personal_assistant.workers.tasks import load_tasks

    current = session()
    declared = load_tasks().find(task)
    try:
        given = json.loads(kwargs)
    except json.JSONDecodeError as error:
        raise AssistantError(f"The arguments are not JSON: {error}.") from error
    if not isinstance(given, dict):
        raise AssistantError('The arguments are a JSON object, like {"user_id": 1}.')
    job_id = declared.apply_async(kwargs=declared.checked(given), user_id=current.owner.id).id
    current.answer(as_json, {"job_id": job_id}, f"✅ Queued as job {job_id}")


@app.command()
def cancel(
    job_id: Annotated[str | None, typer.Argument(metavar="ID", help="The job's id.")] = None,
    task: Annotated[str | None, typer.Option(help="Every open job of this task instead.")] = None,
    as_json: Json = False,
) -> None:
    """Cancel a job; one that runs is asked to stop."""
    from personal_assistant.cli.session import session
    from personal_assistant.errors import AssistantError
    from personal_assistant.workers.control import cancel_job, cancel_task_jobs

    current = session()
    if (job_id is None) == (task is None):
        raise AssistantError("Give a job's id, or --task with a task's name.")
    if task is None:
        cancelled = [cancel_job(current.runtime, str(job_id))]
    else:
        cancelled = cancel_task_jobs(current.runtime, _whole_name(task))
        if not cancelled:
            _check_known(task)
    if as_json:
        print_json(cancelled)
        return
    for job in cancelled:
        done = "Asked to stop" if job.state == "running" else "Cancelled"
        say(f"🚫 {done}: {job.id} ({job.task.rsplit('.', 1)[-1]})")
    if not cancelled:
        say("There are no such jobs.")


@app.command()
def retry(job_id: JobId, as_json: Json = False) -> None:
    """Queue a failed, cancelled, missed or waiting job again."""
    from personal_assistant.cli.session import session
    from personal_assistant.jobs.replay import replay

    current = session()
    with current.runtime.db.write() as conn:
        job = replay(conn, job_id, current.runtime.clock.now())
    current.answer(as_json, {"job_id": job.id}, f"✅ Queued again: job {job.id}")
