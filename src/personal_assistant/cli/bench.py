"""`assistant bench`: measuring this system on the machine at hand."""

from typing import Annotated, Any

import typer

from personal_assistant.cli.output import Json, group, print_json, table

app = group("Measure this system on this machine, on scratch data.")


def _progress(as_json: bool) -> Any:
    """Say on standard error what is going on; nothing in JSON mode."""
    from rich.console import Console

    console = Console(stderr=True, quiet=as_json)
    return lambda text: console.print(f"… {text}", style="dim")


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    rows = [
        (name.replace("_", " "), f"{value:,}" if isinstance(value, int | float) else str(value))
        for name, value in result.items()
    ]
    table(("figure", "value"), rows, empty="Nothing was measured.")


@app.command("due-burst")
def due_burst(
    count: Annotated[int, typer.Option(min=1, help="Reminders due in the same second.")] = 10_000,
    pending: Annotated[int, typer.Option(min=0, help="Active reminders that are not due.")] = 1_000_000,
    as_json: Json = False,
) -> None:
    """Many reminders due in one second: how late is the last, and how near to raw SQL?"""
    from personal_assistant.benchmarks.due_burst import measure

    _show(measure(count, pending, _progress(as_json)), as_json)


@app.command()
def lateness(
    count: Annotated[int, typer.Option(min=1, help="How many reminders, one after the other.")] = 200,
    as_json: Json = False,
) -> None:
    """One reminder on an idle assistant: how late is it?"""
    from personal_assistant.benchmarks.lateness import measure

    _show(measure(count, _progress(as_json)), as_json)


@app.command()
def idle(
    seconds: Annotated[float, typer.Option(min=1, help="How long to watch.")] = 60.0,
    pending: Annotated[int, typer.Option(min=0, help="Active reminders that are not due.")] = 10_000,
    as_json: Json = False,
) -> None:
    """An assistant with nothing to do: processor time and memory."""
    from personal_assistant.benchmarks.idle import measure

    _show(measure(seconds, pending, _progress(as_json)), as_json)


@app.command()
def jobs(
    count: Annotated[int, typer.Option(min=1, help="No-op jobs.")] = 20_000,
    waiting: Annotated[int, typer.Option(min=1, help="Jobs that wait 1 s each.")] = 1000,
    as_json: Json = False,
) -> None:
    """A backlog of durable jobs: how many a second?"""
    from personal_assistant.benchmarks.jobs import measure

    _show(measure(count, waiting, _progress(as_json)), as_json)
