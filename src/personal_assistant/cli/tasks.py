"""`assistant tasks`: what the workers can do, and how it goes."""

from typing import Annotated

import typer

from personal_assistant.cli.output import Json, group, print_json, say, table

app = group("The tasks that the workers know, with their figures.")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every task, and what became of its jobs in the last 24 hours."""
    from personal_assistant.cli.session import session
    from personal_assistant.workers.tasks import load_tasks
    from personal_assistant.workers.utils.task_monitoring import recent_stats

    current = session()
    with current.runtime.db.read() as conn:
        stats = {it.task: it for it in recent_stats(conn, current.runtime.clock.now())}
    registry = load_tasks()
    if as_json:
        print_json(
            [
                {"name": name, "queue": it.options.queue, "stats": stats.get(name)}
                for name, it in sorted(registry.own.items())
            ]
        )
        return
    rows = []
    for name, declared in sorted(registry.own.items()):
        it = stats.get(name)
        figures = (
            ("0", "0", "–", "–")
            if it is None
            else (str(it.succeeded), str(it.failed), _ms(it.mean_run_seconds), _ms(it.longest_wait_seconds))
        )
        rows.append((name.rsplit(".", 1)[-1], declared.options.queue, *figures))
    table(("task", "queue", "done 24 h", "failed", "mean run", "longest wait"), rows, empty="No tasks are declared.")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The task's name, or the last part of it.")],
    as_json: Json = False,
) -> None:
    """One task: what it does and what it declares."""
    from personal_assistant.timing.recurrence import parse_schedule
    from personal_assistant.workers.tasks import load_tasks

    declared = load_tasks().find(name)
    options = declared.options
    facts = {
        "name": declared.name,
        "queue": options.queue,
        "attempts": 1 if options.at_most_once else options.attempts,
        "time_limit_seconds": options.time_limit,
        "guarantee": "at most once" if options.at_most_once else "at least once",
        "timetable": None
        if options.timetable is None
        else [options.timetable.schedule_type, dict(options.timetable.config)],
        "bulk": options.bulk is not None,
        "concurrency": options.concurrency,
        "rate": options.rate,
        "counted_by_key": options.key is not None,
        "about": (declared.run.__doc__ or "").strip(),
    }
    if as_json:
        print_json(facts)
        return
    timetable = options.timetable
    if timetable is not None:
        facts["timetable"] = parse_schedule(timetable.schedule_type, timetable.config, "UTC").describe()
    for key, value in facts.items():
        say(f"{key.replace('_', ' ') + ':':20} {_word(value)}")


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
