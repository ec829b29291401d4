"""`assistant bench`: measuring this system on the machine at hand."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personal_assistant.cli.output import Json, group, print_json, say, table, warn

if TYPE_CHECKING:
    from personal_assistant.benchmarks.figures import Figure

Distributed = Annotated[bool, typer.Option("--distributed", help="Over PostgreSQL and a broker, as processes.")]
Postgresql = Annotated[bool, typer.Option("--postgresql", help="On PostgreSQL; else on SQLite.")]

app = group("Measure this system on this machine, on scratch data.")


def _progress(text: str) -> None:
    """What is going on, on standard error."""
    print(f"… {text}", file=sys.stderr, flush=True)  # noqa: T201


def _show(figures: "Sequence[Figure]", as_json: bool) -> None:
    from personal_assistant.benchmarks.figures import as_json as plain_figures
    from personal_assistant.benchmarks.figures import as_rows

    if as_json:
        print_json(plain_figures(figures))
    else:
        shown = 4 if any(figure.limited for figure in figures) else 2
        columns = ("figure", "measured", "limit", "")[:shown]
        table(columns, [row[:shown] for row in as_rows(figures)], empty="Nothing was measured.")


@app.command("due-burst")
def due_burst(
    count: Annotated[int, typer.Option(min=1, help="Reminders due in the same second.")] = 10_000,
    pending: Annotated[int, typer.Option(min=0, help="Active reminders that are not due.")] = 1_000_000,
    distributed: Distributed = False,
    as_json: Json = False,
) -> None:
    """Many reminders due in one second: how late is the last, and how near to raw SQL?"""
    if distributed:
        from personal_assistant.benchmarks.over_broker.burst import measure
    else:
        from personal_assistant.benchmarks.due_burst import measure

    _show(measure(count, pending, _progress), as_json)


@app.command()
def lateness(
    count: Annotated[int, typer.Option(min=1, help="How many reminders, one after the other.")] = 200,
    as_json: Json = False,
) -> None:
    """One reminder on an idle assistant: how late is it?"""
    from personal_assistant.benchmarks.lateness import measure

    _show(measure(count, _progress), as_json)


@app.command()
def idle(
    seconds: Annotated[float, typer.Option(min=1, help="How long to watch.")] = 60.0,
    pending: Annotated[int, typer.Option(min=0, help="Active reminders that are not due.")] = 10_000,
    as_json: Json = False,
) -> None:
    """An assistant with nothing to do: processor time and memory."""
    from personal_assistant.benchmarks.idle import measure

    _show(measure(seconds, pending, _progress), as_json)


@app.command()
def jobs(
    count: Annotated[int, typer.Option(min=1, help="No-op jobs.")] = 20_000,
    waiting: Annotated[int, typer.Option(min=1, help="Jobs that wait 1 s each.")] = 1000,
    distributed: Distributed = False,
    as_json: Json = False,
) -> None:
    """A backlog of durable jobs: how many a second? Over a broker, also how many times bare Celery's rate?"""
    if distributed:
        from personal_assistant.benchmarks.over_broker.rates import measure
    else:
        from personal_assistant.benchmarks.jobs import measure

    _show(measure(count, waiting, _progress), as_json)


@app.command()
def deliveries(
    count: Annotated[int, typer.Option(min=1, help="Messages to a webhook.")] = 10_000,
    mails: Annotated[int, typer.Option(min=1, help="Messages by mail, after those.")] = 1000,
    distributed: Distributed = False,
    as_json: Json = False,
) -> None:
    """A burst of messages to a webhook and by mail: how many a second, over how many connections?"""
    if distributed:
        from personal_assistant.benchmarks.deliveries.over_broker import measure
    else:
        from personal_assistant.benchmarks.deliveries.embedded import measure

    _show(measure(count, mails, _progress), as_json)


@app.command()
def rest(
    jobs: Annotated[int, typer.Option(min=1, help="Jobs that have ended.")] = 1_000_000,
    tasks: Annotated[int, typer.Option(min=1, help="Active AI tasks.")] = 100_000,
    rate: Annotated[int, typer.Option(min=1, help="Requests a second.")] = 200,
    seconds: Annotated[float, typer.Option(min=1, help="For how long they come.")] = 60.0,
    burst: Annotated[int, typer.Option(min=1, help="Reminders due in one second in the middle of that.")] = 1000,
    postgresql: Postgresql = False,
    as_json: Json = False,
) -> None:
    """REST and dashboard beside much data: each one's median, then a stream of requests beside a burst of reminders."""
    from personal_assistant.api.web.registry import all_pages
    from personal_assistant.benchmarks.rest.measure import measure

    pages = [page.path for page in all_pages() if "GET" in page.methods]
    _show(measure(jobs, tasks, rate, seconds, burst, _progress, postgresql=postgresql, pages=pages), as_json)


@app.command()
def streams(
    count: Annotated[int, typer.Option(min=1, max=150, help="Streams of REST, and as many of pages.")] = 100,
    seconds: Annotated[float, typer.Option(min=2, help="For how long memory is watched.")] = 60.0,
    postgresql: Postgresql = False,
    as_json: Json = False,
) -> None:
    """Streams of events held open: does memory grow, and does each event come in time?"""
    from personal_assistant.benchmarks.streams.measure import measure

    _show(measure(count, seconds, _progress, postgresql=postgresql), as_json)


@app.command()
def chaos(
    count: Annotated[int, typer.Option("--jobs", min=1, help="Jobs of all kinds.")] = 20_000,
    minutes: Annotated[float, typer.Option(min=0.1, help="For how long they are added and faults strike.")] = 3.0,
    seed: Annotated[int, typer.Option(help="Decides which jobs and which faults, in which order.")] = 1,
    long_freeze: Annotated[bool, typer.Option("--long-freeze", help="Freeze Valkey for 60 s at first.")] = False,
    logs: Annotated[Path | None, typer.Option(help="A folder in which the logs of the processes stay.")] = None,
    as_json: Json = False,
) -> None:
    """PostgreSQL, Valkey, workers and schedulers, killed, frozen and cut off at work: is a job lost, or done twice?"""
    from personal_assistant.benchmarks.chaos import report
    from personal_assistant.benchmarks.chaos.run import chaos as run_chaos

    run = run_chaos(count, minutes * 60, seed, _progress, long_freeze=long_freeze, logs=logs)
    if as_json:
        print_json(report.document(run))
    else:
        table(report.KIND_COLUMNS, report.kind_rows(run), empty="No job was accepted.")
        say("")
        faults = [(name, str(times)) for name, times in report.fault_counts(run).items()]
        table(report.FAULT_COLUMNS, faults, empty="No fault struck.")
        say("")
        _show(report.figures(run), as_json)
        for said in run.ended_unasked:
            warn(said)
    if not run.passed:
        raise typer.Exit(1)


@app.command()
def schedulers(
    seconds: Annotated[float, typer.Option(min=3, help="How long, with kills and without.")] = 30.0,
    as_json: Json = False,
) -> None:
    """Three schedulers, one killed each second: is an occurrence missed or doubled, and how late are reminders?"""
    from personal_assistant.benchmarks.schedulers import measure

    found = measure(seconds, _progress)
    _show(found, as_json)
    if any(figure.within is False for figure in found if figure.key in ("missed", "doubled")):
        raise typer.Exit(1)
