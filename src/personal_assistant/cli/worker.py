"""`assistant worker` and `assistant scheduler`: the processes of a distributed assistant."""

import os
import sys
from enum import StrEnum
from typing import Annotated, NoReturn

import typer

from personal_assistant.cli.keeper import kept
from personal_assistant.cli.lasting import leave
from personal_assistant.cli.output import say


class Pool(StrEnum):
    """What a worker runs plain tasks on."""

    THREADS = "threads"
    PREFORK = "prefork"


def worker(
    queues: Annotated[
        str, typer.Option(help="Which queues, separated by commas. All of the families' unless given.")
    ] = "",
    pool: Annotated[
        Pool | None,
        typer.Option(
            help="What jobs run on; unless given, processes (prefork) where all queues are the CPU families'."
        ),
    ] = None,
    concurrency: Annotated[int, typer.Option(min=0, help="How many plain jobs at once; 0 stands for the usual.")] = 0,
) -> None:
    """Run jobs that a broker tells of: a short form of `celery worker` with the right pool for its queues."""
    from personal_assistant.settings import get_settings
    from personal_assistant.workers.transport.config import CPU_QUEUES, QUEUES
    from personal_assistant.workers.transport.worker import check

    check()
    chosen = [name.strip() for name in queues.split(",") if name.strip()] or list(QUEUES)
    kind = pool or (Pool.PREFORK if set(chosen) <= set(CPU_QUEUES) else Pool.THREADS)
    usual = get_settings().worker_threads if kind is Pool.THREADS else os.cpu_count() or 1
    name = f"{kind.value}-{os.getpid()}@%h"
    # Neither gossip nor mingling: workers need to know nothing of each other, and start quicker.
    _become("worker", "-Q", ",".join(chosen), "-P", kind.value, "-c", str(concurrency or usual), "-n", name, *_QUIET)


def scheduler() -> None:
    """Fire what is due, and tell the broker; `celery beat` does the same. Any number of them may run.

    A process of two: when the one that schedules is killed, the other starts it anew at once.
    """
    from personal_assistant.workers.logs import configure_logging
    from personal_assistant.workers.runtime import runtime
    from personal_assistant.workers.transport.config import require_broker
    from personal_assistant.workers.transport.scheduling import load, start_scheduling

    current = runtime()
    require_broker(current.settings)
    configure_logging(current.settings, now=False)
    load()
    ended = kept()
    process = start_scheduling(current)
    say(f"✅ The scheduler is alive (process {os.getpid()}). Ledger: {current.db.where}")
    sys.stdout.flush()
    ended.wait()
    process.stop()
    leave()


_QUIET = ("--without-gossip", "--without-mingle")


def _become(*words: str) -> NoReturn:
    """Go on as that Celery program, in this very process."""
    from personal_assistant.settings import get_settings

    sys.stdout.flush()
    sys.stderr.flush()
    app = "personal_assistant.workers.celery_app"
    level = get_settings().log_level
    # The banner is for people.
    quiet = () if sys.stdout.isatty() else ("--quiet",)
    os.execv(sys.executable, [sys.executable, "-m", "celery", *quiet, "-A", app, *words, "-l", level])  # noqa: S606
