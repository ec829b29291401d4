"""`assistant bench`: measuring this system on the machine at hand."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from personal_assistant.cli.output import Json, group, print_json, table

if TYPE_CHECKING:
    from personal_assistant.benchmarks.figures import Figure

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
        shown = 4 if any(figure.at_most is not None for figure in figures) else 2
        columns = ("figure", "measured", "limit", "")[:shown]
        table(columns, [row[:shown] for row in as_rows(figures)], empty="Nothing was measured.")


@app.command("due-burst")
def due_burst(
    count: Annotated[int, typer.Option(min=1, help="Reminders due in the same second.")] = 10_000,
    pending: Annotated[int, typer.Option(min=0, help="Active reminders that are not due.")] = 1_000_000,
    as_json: Json = False,
) -> None:
    """Many reminders due in one second: how late is the last, and how near to raw SQL?"""
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
    as_json: Json = False,
) -> None:
    """A backlog of durable jobs: how many a second?"""
    from personal_assistant.benchmarks.jobs import measure

    _show(measure(count, waiting, _progress), as_json)
