"""What a container's health check says of the processes beside it."""

import json
import subprocess
import sys
from typing import Any

from tests.transport.cluster import Cluster


def ask(cluster: Cluster) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and findings of `assistant status --here`."""
    command = [sys.executable, "-m", "personal_assistant.cli.main", "status", "--here", "--json"]
    done = subprocess.run(
        command, env=cluster.environment, cwd=cluster.folder, capture_output=True, text=True, timeout=60
    )
    return done.returncode, json.loads(done.stdout)


def test_a_scheduler_and_a_worker_that_are_at_work_are_well(running: Cluster) -> None:
    code, findings = ask(running)
    assert code == 0
    assert [finding["check"] for finding in findings] == ["scheduler", "worker"]
    assert findings[1]["message"].startswith("Takes messages: w")


def test_where_no_process_runs_nothing_is_well(cluster: Cluster) -> None:
    code, [finding] = ask(cluster)
    assert code == 1
    assert finding["message"].startswith("No process of ")


def test_a_worker_that_the_broker_does_not_reach_is_not_well(cluster: Cluster) -> None:
    cluster.start("prefork", slots=1)
    assert ask(cluster)[0] == 0
    # Its lease lives in the database; the messages of another prefix do not reach it.
    cluster.environment["ASSISTANT_BROKER_KEY_PREFIX"] = "another:"
    code, [finding] = ask(cluster)
    assert code == 1
    assert "it takes no messages" in finding["message"]
