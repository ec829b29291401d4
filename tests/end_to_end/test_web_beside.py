"""The web face beside `up`: it comes back when it is killed, and does not outlive the assistant."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import psutil
from tests.end_to_end.assistants import environment

_SECONDS = 30


def test_it_is_started_anew_when_it_is_killed_and_ends_when_the_assistant_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "personal_assistant.cli.main", "up", "--web", "0", "--json"]
    with subprocess.Popen(command, env=environment(tmp_path), cwd=tmp_path, stdout=subprocess.PIPE) as assistant:
        try:
            assert assistant.stdout is not None
            url = json.loads(assistant.stdout.readline())["url"]
            assert answers(url)
            [first] = psutil.Process(assistant.pid).children()
            first.kill()
            assert answers(url), "what connects meanwhile waits"
            [second] = psutil.Process(assistant.pid).children()
            assert second.pid != first.pid
        finally:
            assistant.kill()
    assert psutil.wait_procs([second], _SECONDS)[1] == []


def answers(url: str) -> bool:
    with urlopen(f"{url}/health/live", timeout=_SECONDS) as answer:
        return bool(answer.status == 200)
