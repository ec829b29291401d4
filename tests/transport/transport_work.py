"""The tasks that the tests of this room run in other processes; registered there under the entry point."""

import asyncio
import logging
import os
import threading
import time
from pathlib import Path

from personal_assistant.jobs.context import current_job
from personal_assistant.workers.tasks import task

_FOLDER = Path(os.environ["ASSISTANT_DATA_DIR"])


def _mark(name: str, text: str) -> None:
    with (_FOLDER / name).open("a") as file:
        file.write(f"{text}\n")


@task(queue="tests", name="tests.add")
def add(first: int, second: int = 1) -> int:
    """A sum."""
    return first + second


@task(queue="tests", name="tests.note")
def note(text: str) -> int:
    """Leave a mark that counts the runs; returns the process that did it."""
    _mark("notes", text)
    return os.getpid()


@task(queue="tests", name="tests.twice")
async def twice(number: int, seconds: float = 0.0) -> int:
    """Double, after a while, on the event loop."""
    await asyncio.sleep(seconds)
    return 2 * number


@task(queue="tests", name="tests.block")
def block(name: str, seconds: float = 60.0) -> str:
    """Mark the beginning, then wait for a file of that name with `.go` behind it."""
    _mark(name, current_job().job_id)
    logging.getLogger("tests").warning("waits for %s", name)
    end = time.monotonic() + seconds
    while not (_FOLDER / f"{name}.go").exists() and time.monotonic() < end:
        current_job().check()
        time.sleep(0.01)
    return f"{os.getpid()} {threading.get_ident()}"


@task(queue="tests", name="tests.deaf")
def deaf(name: str, seconds: float) -> None:
    """Mark the beginning, then hear nothing for so long."""
    _mark(name, current_job().job_id)
    time.sleep(seconds)


@task(queue="tests", name="tests.once", at_most_once=True)
def once(text: str) -> None:
    """Leave a mark, which must not be left twice."""
    time.sleep(0.02)
    _mark("once", text)


@task(queue="tests", name="tests.slow_if")
def slow_if(number: int, slow: int, seconds: float) -> float:
    """Quick, but for one number; returns when it was done."""
    if number == slow:
        time.sleep(seconds)
    return time.time()
