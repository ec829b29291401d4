"""`assistant drain`: a worker takes no more jobs, and ends or rests."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from personal_assistant.cli.output import Json, print_json, say
from personal_assistant.errors import AssistantError

if TYPE_CHECKING:
    from personal_assistant.jobs.leases import Worker
    from personal_assistant.workers.runtime import Runtime

_LOOK_SECONDS = 0.5


def drain(
    worker: Annotated[str, typer.Argument(help="The worker's name, or its machine's, as `status` shows it.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All that run jobs.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="It stays, without taking jobs, until --undo.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="It takes jobs again.")] = False,
    as_json: Json = False,
) -> None:
    """Have workers take no more jobs: what runs may end within `drain_seconds`, then they exit with code 0.

    The ledger tells them, so it works without the broker. Waits until it has come to pass; exit code 1 when not.
    """
    from personal_assistant.jobs.draining import Told
    from personal_assistant.store.schema import require_current
    from personal_assistant.workers.runtime import runtime

    if bool(worker) == every:
        raise AssistantError("Name one worker, or give --all. `assistant status` shows those there are.")
    if keep and undo:
        raise AssistantError("Give --keep or --undo, not both.")
    current = runtime()
    require_current(current.db)
    told = None if undo else Told.REST if keep else Told.EXIT
    chosen = _chosen(current, worker)
    late = _bring_about(current, chosen, told, quiet=as_json)
    if as_json:
        print_json({"told": told, "not_yet": late})
    elif undo and not any(it.told or it.draining for it in chosen):
        say(f"ℹ️ {f'{worker} was not' if worker else 'None was'} resting: there was nothing to undo.")
    elif not late:
        say("✅ They take jobs again." if undo else "✅ Drained.")
    if late:
        if not as_json:
            say(f"❌ Not yet: {', '.join(late)}. Look whether they are alive: `assistant status`.")
        raise typer.Exit(1)


def _chosen(current: "Runtime", name: str) -> "list[Worker]":
    from personal_assistant.workers.liveness import living
    from personal_assistant.workers.utils.processes import find_workers

    with current.db.read() as conn:
        alive = [worker for worker in living(current, conn) if worker.runs]
    if not name:
        return alive
    ids = {worker.id for worker in find_workers(current, name)}
    chosen = [worker for worker in alive if worker.id in ids]
    if not chosen:
        raise AssistantError(f"{name} runs no jobs, or is not alive: there is nothing to drain.")
    return chosen


def _bring_about(current: "Runtime", chosen: "Sequence[Worker]", told: str | None, *, quiet: bool) -> list[str]:
    """Tell them, and wait; returns the names of those that have not done it in time."""
    from personal_assistant.jobs.draining import Told, running_jobs, tell
    from personal_assistant.jobs.leases import list_workers

    names = {worker.id: worker.name for worker in chosen}
    began = time.monotonic()
    ends = began + current.settings.drain_seconds + current.settings.lease_seconds
    said = -1
    while True:
        with current.db.write() as conn:
            there = list_workers(conn)
            if told is None:  # what took the place of one that died rests as it did
                names |= {worker.id: worker.name for worker in there if worker.name in names.values()}
            tell(conn, list(names), Told(told) if told else None)  # each time: it wakes them
            left = [worker for worker in there if worker.id in names]
            running = running_jobs(conn, list(names))
        if told is None:
            late = [worker.name for worker in left if worker.draining]
            if time.monotonic() < began + current.settings.lease_seconds:
                # One that is not on record may live, and comes back within its lease as what it was.
                late += [names[it] for it in names.keys() - {worker.id for worker in left}]
        elif told == Told.REST:
            late = [worker.name for worker in left if not worker.draining or running]
        else:
            late = [worker.name for worker in left]
        if not late or time.monotonic() > ends:
            return sorted(set(late))
        if not quiet and told and running != said:
            said = running
            say(f"… {', '.join(sorted(set(late)))}: {running} job(s) running")
        time.sleep(_LOOK_SECONDS)
