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
        kept.until(lambda number=number: children(kept) == number)
        assert child_of(kept).pid != killed.pid
    assert kept.log.count("The child was killed (signal 9) and is started again.") == 2
    assert kept.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_passes_on_what_asks_it_to_end_and_ends_with_the_child(kept: Program, number: signal.Signals) -> None:
    assert kept.end(number) == 0
    assert kept.log.count("asked to end") == children(kept) == 1


def test_a_second_signal_ends_a_child_that_is_still_ending(kept: Program) -> None:
    child = child_of(kept)
    child.suspend()
    for _ in range(2):
        os.kill(kept.process.pid, signal.SIGTERM)
        child.status()
    child.kill()
    child.resume()
    # Killed, but after it was asked to end: it is not started again.
    assert kept.end() == 128 + signal.SIGKILL
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
