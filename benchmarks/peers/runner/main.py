"""`./benchmarks/peers/run`: every peer, every measurement, several times, and a table, a plot and a page of it."""

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import median_low
from typing import Any

import report
from environments import PEERS, CannotRunError, peers
from measure import Bench, Size, burst, no_ops, waits
from servers import Servers, started

FIGURES = (
    "no_op_per_second",
    "no_op_done",
    "wait_seconds",
    "wait_done",
    "wait_megabytes",
    "burst_p50",
    "burst_last",
    "burst_done",
)


def main() -> None:
    """Run it. Ends with 1 when a peer could not be measured."""
    options = _options()
    size = Size(options.count, options.waiting, options.burst, options.concurrency, options.limit)
    results = []
    with started() as servers:
        about = report.about(servers, size, options.runs)
        for peer in options.only:
            results.append(_peer(peer, servers, size, options.runs))
            print(report.line(results[-1]), flush=True)
    document = {"about": about, "peers": results}
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    folder = PEERS / "results"
    folder.mkdir(exist_ok=True)
    (folder / "results.json").write_text(json.dumps(document, indent=2) + "\n")
    report.plot(document, folder / "results.svg")
    page = report.page(document)
    (folder / "results.md").write_text(page)
    if options.write:
        (PEERS / "RESULTS.md").write_text(page)
    report.show(document)
    print(f"Table and plot are in {folder}.")
    sys.exit(1 if any(result["failed"] for result in results) else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run", description="Measure this system and its peers on this machine.")
    parser.add_argument("--only", metavar="A,B", help=f"these instead of all: {', '.join(peers())}")
    parser.add_argument("--count", type=int, default=5000, help="no-op jobs (default: %(default)s)")
    parser.add_argument("--waiting", type=int, default=1000, help="jobs that wait 1 s (default: %(default)s)")
    parser.add_argument("--burst", type=int, default=1000, help="jobs due in one second (default: %(default)s)")
    parser.add_argument("--concurrency", type=int, default=10, help="of no-op and burst (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for one measurement (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="runs, of which the median counts (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md, for a run of all peers")
    options = parser.parse_args()
    options.only = options.only.split(",") if options.only else peers()
    unknown = [name for name in options.only if name not in peers()]
    if unknown:
        parser.error(f"there is no peer {unknown[0]}; there are {', '.join(peers())}")
    if min(options.count, options.waiting, options.burst, options.concurrency, options.limit, options.runs) < 1:
        parser.error("every number has to be 1 or more")
    return options


def _peer(peer: str, servers: Servers, size: Size, runs: int) -> dict[str, Any]:
    """What it says about itself, every run, the median of each figure, and why what is missing is missing."""
    result: dict[str, Any] = {"peer": peer, "failed": {}, "runs": []}
    try:
        facts = json.loads(Bench(peer, servers, size, Path("/")).drive("facts").splitlines()[-1])
    except CannotRunError as error:
        return result | {"name": peer, "durable": "", "failed": {"install": str(error)}, "median": {}}
    result |= facts
    measures = {
        "no_op": lambda: no_ops(peer, servers, size),
        "wait": lambda: waits(peer, servers, size),
        "burst": lambda: burst(peer, servers, size, before=facts["before"]),
    }
    for number in range(runs):
        figures: dict[str, Any] = {}
        for kind, measure in measures.items():
            if kind in result["failed"]:
                continue
            began = time.monotonic()
            try:
                figures |= measure()
            except CannotRunError as error:
                result["failed"][kind] = str(error)
            took = time.monotonic() - began
            print(f"… {peer}, run {number + 1} of {runs}: {kind} ({took:.0f} s)", file=sys.stderr, flush=True)
        result["runs"].append(figures)
    return result | {"median": {name: _median(result["runs"], name) for name in FIGURES}}


def _median(runs: list[dict[str, Any]], name: str) -> float | None:
    """Of the runs; None when most did not reach it."""
    values = [run[name] for run in runs if run.get(name) is not None]
    return median_low(values) if len(values) * 2 > len(runs) else None


if __name__ == "__main__":
    main()
