"""Each benchmark runs, on few things, and its document holds the promised keys."""

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
from tests.support.valkey import Valkey
from typer.testing import CliRunner

from personal_assistant.cli.bench import app

_DELIVERIES = {
    "count",
    "sent",
    "repeated",
    "missing",
    "seconds",
    "seconds_after_queued",
    "per_second",
    "bare_per_second",
    "connections",
    "most_connections",
    "mails",
    "mails_sent",
    "mails_repeated",
    "mails_missing",
    "mails_seconds",
    "mails_per_second",
    "sessions",
    "most_sessions",
}
_FEW_DUE = ["--count", "50", "--pending", "200"]
_DUE = {
    "count",
    "pending",
    "delivered",
    "p50_lateness_seconds",
    "p99_lateness_seconds",
    "last_lateness_seconds",
}
_SMALL = {
    "deliveries": (["--count", "60", "--mails", "20"], _DELIVERIES),
    "due-burst": (_FEW_DUE, {*_DUE, "floor_seconds", "times_floor", "up_ready_seconds"}),
    "lateness": (
        ["--count", "2"],
        {"count", "p50_lateness_seconds", "p99_lateness_seconds", "worst_lateness_seconds"},
    ),
    "idle": (
        ["--seconds", "1", "--pending", "10"],
        {"seconds", "pending", "core_percent", "resident_megabytes", "up_ready_seconds"},
    ),
    "streams": (
        ["--count", "2", "--seconds", "2"],
        {
            "streams",
            "broken",
            "messages",
            "untold",
            "p50_seconds",
            "last_seconds",
            "first_megabytes",
            "last_megabytes",
            "grown_megabytes",
        },
    ),
    "jobs": (
        ["--count", "50", "--waiting", "5"],
        {"count", "no_op_jobs_per_second", "floor_jobs_per_second", "waiting", "waiting_seconds"},
    ),
}


_OVER_A_BROKER = {
    "jobs": (
        ["--count", "3000", "--waiting", "5"],
        {
            "bare_per_second",
            "plain_per_second",
            "plain_times_bare",
            "single_per_second",
            "single_times_bare",
            "bulk_per_second",
            "bulk_times_bare",
            "waiting",
            "waiting_seconds",
            "waiting_megabytes",
        },
    ),
    "due-burst": (_FEW_DUE, _DUE),
}


@cache
def document(name: str) -> Any:
    """What a benchmark prints with --json. `jobs` declares tasks, so it has a process of its own."""
    options, _ = _SMALL[name]
    return json.loads(_jobs(*options) if name == "jobs" else _bench(name, *options))


@pytest.fixture(scope="module")
def servers(postgres: str, valkey: Valkey) -> dict[str, str]:
    """An environment in which the benchmarks find both servers, and need not start their own."""
    return {**os.environ, "DATABASE_URL": postgres.format("postgres"), "CELERY_BROKER_URL": valkey.url}


def _bench(name: str, *options: str) -> str:
    ended = CliRunner().invoke(app, [name, *options, "--json"])
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def _jobs(*options: str) -> str:
    return _jobs_process(*options, "--json").stdout


def _jobs_process(*options: str) -> "subprocess.CompletedProcess[str]":
    return _process("jobs", *options)


def _process(*options: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "personal_assistant.cli.main", "bench", *options]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=100, env=env)


@pytest.mark.parametrize("name", list(_SMALL))
def test_document_holds_the_promised_keys_as_numbers(name: str) -> None:
    assert set(document(name)) == _SMALL[name][1]
    assert all(isinstance(value, int | float) for value in document(name).values())


@pytest.mark.parametrize("name", list(_OVER_A_BROKER))
def test_the_same_over_a_broker(servers: dict[str, str], name: str) -> None:
    options, keys = _OVER_A_BROKER[name]
    found = json.loads(_process(name, "--distributed", *options, "--json", env=servers).stdout)
    assert set(found) == keys
    assert all(value > 0 for value in found.values())
    assert found.get("delivered", 50) == 50


def test_burst_delivers_all_that_is_due_and_measures_a_floor() -> None:
    burst = document("due-burst")
    assert (burst["count"], burst["pending"], burst["delivered"]) == (50, 200, 50)
    assert 0 < burst["p50_lateness_seconds"] <= burst["p99_lateness_seconds"] <= burst["last_lateness_seconds"]
    assert burst["floor_seconds"] > 0


@pytest.mark.parametrize("distributed", [False, True])
def test_every_delivery_comes_once_over_few_connections(request: pytest.FixtureRequest, distributed: bool) -> None:
    if distributed:
        small, servers = _SMALL["deliveries"][0], request.getfixturevalue("servers")
        found = json.loads(_process("deliveries", "--distributed", *small, "--json", env=servers).stdout)
    else:
        found = document("deliveries")
    assert (found["count"], found["sent"], found["missing"], found["repeated"]) == (60, 60, 0, 0)
    assert (found["mails"], found["mails_sent"], found["mails_missing"], found["mails_repeated"]) == (20, 20, 0, 0)
    assert 0 < found["most_connections"] <= 16
    assert found["connections"] <= 16
    assert 0 < found["sessions"] <= 4
    assert 0 < found["seconds_after_queued"] <= found["seconds"]
    assert found["bare_per_second"] > found["per_second"] > 0


def test_waiting_jobs_wait_at_the_same_time() -> None:
    assert 1 <= document("jobs")["waiting_seconds"] < document("jobs")["waiting"]


def test_without_json_there_is_a_table_and_progress_stays_out_of_it() -> None:
    ended = _jobs_process("--count", "20", "--waiting", "2")
    assert "claimed and finished by raw SQL (floor)" in ended.stdout
    assert "20 no-op jobs" in ended.stderr
    assert "… " not in ended.stdout
