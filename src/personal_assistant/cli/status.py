"""`assistant status` and `assistant doctor`."""

import typer

from personal_assistant.cli.output import Json, as_typed, print_json, say, table


def status(as_json: Json = False) -> None:
    """What is running, what is planned, and what needs you."""
    from personal_assistant.cli.session import session
    from personal_assistant.jobs.queries import count_by_state
    from personal_assistant.notifications.deliveries import list_notifications
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
    for worker in alive:
        does = " and ".join(word for word, on in (("schedules", worker.schedules), ("runs jobs", worker.runs)) if on)
        say(f"✅ Process {worker.pid} on {worker.host} {does}, since {current.local(worker.started_at)}.")
    say("📋 Jobs: " + (", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none yet"))
    say(f"📬 Unread notifications: {len(unread)}")
    for task in ahead:
        say(f"⏰ {current.local(task.next_run_at)}  {task.title} (id {task.id})")
    for finding in findings:
        say(as_typed(f"{'❌' if finding.level == 'error' else '⚠️ '} {finding.message} {finding.fix or ''}"))


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
