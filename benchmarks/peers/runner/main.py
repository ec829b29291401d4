"""`./benchmarks/peers/run`: every peer, every measurement, several times, and a table, a plot and a page of it."""

import argparse
import json
import signal
import sys
from pathlib import Path
from statistics import median
from typing import Any

import report
from bench import Bench, Size
from environments import PEERS, CannotRunError, peers
from measure import burst, no_ops, waits
from servers import Servers, started

RESULTS = PEERS / "results"
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
    # Ended by SIGTERM, it still ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = _options()
    size = Size(options.count, options.waiting, options.burst, options.concurrency, options.limit)
    with started() as servers:
        about = report.about(servers, size)
        results = [_peer(peer, servers, size) for peer in options.only]
        document = {"about": about, "peers": results}
        for number in range(options.runs):
            # Round by round, so that what else the machine does falls on all of them.
            for result in results:
                _measure(result, servers, size)
                print(
                    f"… after run {number + 1} of {options.runs}: {report.line(result, about)}",
                    file=sys.stderr,
                    flush=True,
                )
            about |= {"runs": number + 1, "load_after": report.load()}
            _write(document, options)
    report.show(document)
    print(f"Table and plot are in {RESULTS}.")
    sys.exit(1 if any(result["failed"] for result in results) else 0)


def _write(document: dict[str, Any], options: argparse.Namespace) -> None:
    """After every round, so that a run that is cut short leaves what it has found."""
    text = json.dumps(document, indent=2) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "results.json").write_text(text)
    report.plot(document, RESULTS / "results.svg")
    page = report.page(document)
    (RESULTS / "results.md").write_text(page)
    if options.json:
        options.json.write_text(text)
    if options.write:
        (PEERS / "RESULTS.md").write_text(page)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run", description="Measure this system and its peers on this machine.")
    parser.add_argument("--only", metavar="A,B", help=f"these instead of all: {', '.join(peers())}")
    parser.add_argument("--count", type=int, default=3000, help="no-op jobs (default: %(default)s)")
    parser.add_argument("--waiting", type=int, default=1000, help="jobs that wait 1 s (default: %(default)s)")
    parser.add_argument("--burst", type=int, default=1000, help="jobs due in one second (default: %(default)s)")
    parser.add_argument("--concurrency", type=int, default=10, help="of no-op and burst (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for one measurement (default: %(default)s)")
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


def _peer(peer: str, servers: Servers, size: Size) -> dict[str, Any]:
    """What it says about itself, before any run; under `failed` why it cannot be installed."""
    empty: dict[str, Any] = {"peer": peer, "name": peer, "durable": "", "failed": {}, "runs": [], "median": {}}
    try:
        return empty | json.loads(Bench(peer, servers, size, Path("/")).drive("facts").splitlines()[-1])
    except CannotRunError as error:
        return empty | {"failed": {"install": str(error)}}


def _measure(result: dict[str, Any], servers: Servers, size: Size) -> None:
    """Add one run, the median of each figure so far, and why what is missing is missing."""
    if "install" in result["failed"]:
        return
    peer = result["peer"]
    measures = {
        "no_op": lambda: no_ops(peer, servers, size),
        "wait": lambda: waits(peer, servers, size),
        "burst": lambda: burst(peer, servers, size, before=result["before"]),
    }
    figures: dict[str, Any] = {}
    for kind, measure in measures.items():
        if kind in result["failed"]:
            continue
        try:
            figures |= measure()
        except CannotRunError as error:
            result["failed"][kind] = str(error)
    result["runs"].append(figures)
    result["median"] = {name: _median(result["runs"], name) for name in FIGURES}


def _median(runs: list[dict[str, Any]], name: str) -> float | None:
    """Of the runs; None when most did not reach it."""
    values = [run[name] for run in runs if run.get(name) is not None]
    return median(values) if len(values) * 2 > len(runs) else None


if __name__ == "__main__":
    main()
