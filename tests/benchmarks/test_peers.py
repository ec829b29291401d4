"""The peers are measured by the same rules: adapters, locks, marks, and what the report makes of them."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"
ADAPTERS = sorted(PEERS.glob("*/adapter.py"))
LOCKS = sorted(PEERS.glob("*/requirements.txt"))
NAMED = {
    "apscheduler",
    "celery",
    "dbos",
    "dramatiq",
    "huey",
    "pgqueuer",
    "procrastinate",
    "rq",
    "saq",
    "taskiq",
}


def run(code: str, **environment: str) -> Any:
    """What a program prints as JSON that sees the common modules and the runner's."""
    where = {**os.environ, "PYTHONPATH": f"{PEERS / 'common'}:{PEERS / 'runner'}", **environment}
    done = subprocess.run([sys.executable, "-c", code], env=where, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_peer_and_this_system_has_an_adapter() -> None:
    folders = {path.parent.name for path in ADAPTERS}

    assert folders > NAMED
    assert any(name.startswith("assistant") for name in folders)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda path: path.parent.name)
def test_adapters_have_the_same_interface(adapter: Path) -> None:
    tree = ast.parse(adapter.read_text())
    functions = {
        node.name: [arg.arg for arg in node.args.args] for node in tree.body if isinstance(node, ast.FunctionDef)
    }
    values = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    assert "PEER" in values
    assert functions["prepare"] == []
    assert functions["workers"] == ["kind", "concurrency"]
    assert functions["fill"] == ["kind", "numbers"]
    assert functions["schedule"] == ["numbers", "due"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.parent.name)
def test_locks_pin_and_hash_everything_and_name_no_registry(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"\n(?=\S)", text.strip())

    assert (lock.parent / "requirements.in").exists()
    assert "://" not in text
    assert "--index-url" not in text
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_peers_have_locks_of_their_own() -> None:
    assert {lock.parent.name for lock in LOCKS} == NAMED | {"runner"}


MARKED = """
import json, pathlib, types, marks, bench
for number in (3, 1, 3):
    marks.mark(number)
one = bench.Bench.__new__(bench.Bench)
object.__setattr__(one, "folder", pathlib.Path(marks.os.environ["PEERS_MARKS"]).parent)
seen = one.seen()
print(json.dumps([sorted(seen), seen[3] <= seen[1], one.marks.stat().st_size]))
"""


def test_a_job_that_ran_twice_counts_once_from_its_first_mark(tmp_path: Path) -> None:
    numbers, first_counts, size = run(MARKED, PEERS_MARKS=str(tmp_path / "marks"), PEERS_UV="", PEERS_PYTHON="")

    assert numbers == [1, 3]
    assert first_counts
    assert size == 3 * 16


REPORT = """
import json, report
about = dict(at="now", machine="m", system="s", python="3", load_before=1.0, load_after=2.0, postgres="18", valkey="9",
             runs=1, no_ops=10, waiting=5, burst=4, concurrency=2, limit=10.0)
figures = dict(no_op_per_second=1234.5, no_op_done=10, wait_seconds=None, wait_done=3, wait_megabytes=40.0,
               burst_p50=0.5, burst_last=None, burst_done=2)
good = dict(peer="a", name="A", version="1", durable="no", failed={}, runs=[figures], median=figures,
            servers="S", promise="P", at_once="async", before=False)
bad = dict(peer="b", name="b", durable="", failed={"install": "It has no wheel."}, runs=[], median={})
print(json.dumps(report.page(dict(about=about, peers=[bad, good]))))
"""


def test_the_page_says_what_was_cut_off_and_what_could_not_be_measured() -> None:
    page = run(REPORT)

    assert "| A 1 | no | 1,234 | 3 of 5 in 10 s | 40 MB | 0.50 s | 2 done |" in page
    assert "| b | not measured |" in page
    assert "- b, install: It has no wheel." in page
    assert page.index("| A 1 |") < page.index("| b |")
