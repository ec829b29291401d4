"""`assistant status` and `assistant doctor`."""

from typing import Annotated

import typer

from personal_assistant.cli.output import Json, as_typed, print_json, say, table


def status(
    worker: Annotated[
        str,
        typer.Option(
            help="Only whether the worker or scheduler of this name, or those on the machine of this name, are alive "
            "and at work; exit code 1 when not."
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """What is running, what is planned, and what needs you."""
    if worker:
        _status_of(worker, as_json)
        return
    from personal_assistant.cli.session import session
    from personal_assistant.jobs.stats import count_by_state
    from personal_assistant.notifications.inbox import list_notifications
    from personal_assistant.workers.liveness import living
    from personal_assistant.workers.utils.health_check import check_health

    current = session()
    with current.runtime.db.read() as conn:
        counts = count_by_state(conn)
        alive = living(current.runtime, conn)
        unread = list_notifications(conn, current.owner.id, unread=True, limit=1000)
    from personal_assistant.ai import AITaskManager

    ahead = AITaskManager(current.runtime.db, current.runtime.clock).get_user_tasks(current.owner.id, "active", 5)
    findings = [finding for finding in check_health(current.runtime) if finding.level != "ok"]
    if as_json:
        print_json({"processes": alive, "jobs": counts, "unread": len(unread), "ai_tasks": ahead, "findings": findings})
        return
    for process in alive:
        does = " and ".join(word for word, on in (("schedules", process.schedules), ("runs jobs", process.runs)) if on)
        rests = " It rests." if process.rests else " It takes no new jobs." if process.draining else ""
        since = current.local(process.started_at) + (f" ({process.name})" if process.name else "")
        say(f"✅ Process {process.pid} on {process.host} {does}, since {since}.{rests}")
    say("📋 Jobs: " + (", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none yet"))
    say(f"📬 Unread notifications: {len(unread)}")
    for task in ahead:
        say(f"⏰ {current.local(task.next_run_at)}  {task.title} (id {task.id})")
    for finding in findings:
        say(as_typed(f"{'❌' if finding.level == 'error' else '⚠️ '} {finding.message} {finding.fix or ''}"))


def _status_of(name: str, as_json: bool) -> None:
    from personal_assistant.store.schema import require_current
    from personal_assistant.workers.runtime import runtime
    from personal_assistant.workers.utils.processes import check_worker

    current = runtime()
    require_current(current.db)
    findings = check_worker(current, name)
    if as_json:
        print_json(findings)
    for finding in () if as_json else findings:
        say(as_typed(f"{'✅' if finding.level == 'ok' else '❌'} {finding.message} {finding.fix or ''}".rstrip()))
    # A broker that answers nobody is not held against a worker.
    if any(finding.level == "error" and finding.check != "broker" for finding in findings):
        raise typer.Exit(1)


def doctor(as_json: Json = False) -> None:
    """Check everything and say what to do about what is wrong. Exit code 1 when something is."""
    from personal_assistant.cli.session import session
    from personal_assistant.workers.utils.health_check import check_health, check_setup

    current = session()
    findings = check_health(current.runtime) + check_setup(current.runtime)
    if as_json:
        print_json(findings)
    else:
        rows = [(finding.check, finding.level, finding.message, as_typed(finding.fix or "")) for finding in findings]
        table(("check", "result", "what", "what to do"), rows, empty="Nothing was checked.")
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)
