"""The folder of the data is moved away or removed while `up` runs: told once, and work goes on when it is back."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.end_to_end.assistants import environment, run_cli, until

_UP = [sys.executable, "-m", "personal_assistant.cli.main", "up", "--json"]


@contextmanager
def up(folder: Path, errors: Path) -> Iterator["subprocess.Popen[str]"]:
    """`up`, ready, with standard error in a file."""
    more = {"ASSISTANT_LEASE_SECONDS": "2", "ASSISTANT_DRAIN_SECONDS": "2"}
    with errors.open("wb") as file:
        process = subprocess.Popen(
            _UP, env=environment(folder) | more, cwd=folder.parent, stdout=subprocess.PIPE, stderr=file, text=True
        )
    try:
        assert process.stdout is not None and json.loads(process.stdout.readline())["ready"]
        yield process
    finally:
        process.kill()
        process.communicate()


def lines(errors: Path) -> list[str]:
    """What was told of the database, a line each; the rest is told as well and is not looked at."""
    events = [json.loads(line) for line in errors.read_text("utf-8").splitlines()]
    assert not any("exception" in event for event in events)
    return [event["event"] for event in events if "database" in event["event"]]


@pytest.mark.parametrize("removed", [False, True])
def test_it_is_told_once_and_goes_on_when_the_folder_is_back(tmp_path: Path, removed: bool) -> None:
    folder, away, errors = tmp_path / "data", tmp_path / "away", tmp_path / "errors"
    with up(folder, errors) as process:
        if removed:
            shutil.copytree(folder, away, ignore=shutil.ignore_patterns("processes"))
            shutil.rmtree(folder)
        else:
            folder.rename(away)
        until(lambda: bool(lines(errors)), 20)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=4)
        assert len(lines(errors)) == 1 and "trying again until the database can be used" in lines(errors)[0]
        assert not folder.exists()
        away.rename(folder)
        until(lambda: lines(errors)[1:] == ["the database can be used again"], 40)
        assert run_cli(folder, "remind", "stretch in 1 second").returncode == 0
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["notification"]["title"] == "stretch"


def test_it_ends_properly_without_the_folder(tmp_path: Path) -> None:
    folder, errors = tmp_path / "data", tmp_path / "errors"
    with up(folder, errors) as process:
        shutil.rmtree(folder)
        until(lambda: bool(lines(errors)), 20)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert not folder.exists()
