"""A child that is killed is there again at once; one that ends, ends its keeper."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from personal_assistant.benchmarks.programs import Program

CHILD = """
import os, sys
from personal_assistant.cli.keeper import kept
ended = kept()
print(f"child {os.getpid()}", flush=True)
if len(sys.argv) > 1:
    sys.exit(int(sys.argv[1]))
ended.wait()
print("asked to end", flush=True)
"""


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Program]:
    """A keeper with a child that waits for its end."""
    program = Program("kept", [sys.executable, "-c", CHILD], tmp_path)
    program.start()
    program.until(lambda: children(program) == 1)
    yield program
    program.close()


def children(program: Program) -> int:
    """How many children have begun, one after the other."""
    return program.log.count("child ") - program.log.count("The child")


def child_of(program: Program) -> psutil.Process:
    [_, child] = program.family()
    return child


def test_a_killed_child_is_started_again(kept: Program) -> None:
    for number in (2, 3):
        killed = child_of(kept)
        killed.kill()
        kept.until(lambda: children(kept) == number)  # noqa: B023 - called in this very turn
        assert child_of(kept).pid != killed.pid
    assert kept.log.count("The child was killed (signal 9) and is started again.") == 2
    assert kept.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_passes_on_what_asks_it_to_end_and_ends_with_the_child(kept: Program, number: signal.Signals) -> None:
    assert kept.end(number) == 0
    assert kept.log.count("asked to end") == children(kept) == 1


def test_one_that_is_killed_once_it_was_asked_to_end_is_not_started_again(kept: Program) -> None:
    child = child_of(kept)
    child.suspend()
    kept.process.send_signal(signal.SIGTERM)
    child.kill()
    assert kept.process.wait(60) == 128 + signal.SIGKILL
    assert children(kept) == 1


def test_a_child_without_its_keeper_ends(kept: Program) -> None:
    child = child_of(kept)
    os.kill(kept.process.pid, signal.SIGKILL)
    child.wait(60)
    assert "asked to end" in kept.log


def test_a_child_that_ends_by_itself_is_not_started_again(tmp_path: Path) -> None:
    program = Program("ending", [sys.executable, "-c", CHILD, "3"], tmp_path)
    program.start()
    assert program.process.wait(60) == 3
    assert children(program) == 1


@pytest.mark.parametrize(
    ("broker", "said"),
    [("", "There is no broker: set CELERY_BROKER_URL"), ("pigeon://loft", "CELERY_BROKER_URL cannot be used: ")],
)
def test_a_scheduler_without_a_broker_ends_with_a_sentence(tmp_path: Path, broker: str, said: str) -> None:
    environment = {**os.environ, "ASSISTANT_DATA_DIR": str(tmp_path), "CELERY_BROKER_URL": broker}
    program = Program(
        "scheduler", [sys.executable, "-m", "personal_assistant.cli.main", "scheduler"], tmp_path, environment
    )
    program.start()
    assert program.process.wait(60) == 1
    assert said in program.log and "Traceback" not in program.log and len(program.log.splitlines()) == 1
