"""What a run found: a table for the terminal, a page in Markdown, a plot."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from bench import Size
from rich.console import Console
from rich.table import Table
from servers import Servers

_HEAD = ("peer", "durable", "no-ops a second", "waits of 1 s", "memory then", "burst: half", "burst: last")


def about(servers: Servers, size: Size) -> dict[str, Any]:
    """The machine, the versions, the size of it all; `runs` and `load_after` are added round by round."""
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB",
        "load_before": load(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "postgres": servers.postgres,
        "valkey": servers.valkey,
        "no_ops": size.count,
        "waiting": size.waiting,
        "burst": size.burst,
        "concurrency": size.concurrency,
        "limit": size.limit,
    }


def load() -> float:
    """How many processes have been wanting a core, over the last minute."""
    return round(os.getloadavg()[0], 1)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def line(result: dict[str, Any], about: dict[str, Any]) -> str:
    """One peer in one line."""
    failed = "".join(f"; {kind}: {reason}" for kind, reason in result["failed"].items())
    return " · ".join(row(result, about)) + failed


def row(result: dict[str, Any], about: dict[str, Any]) -> tuple[str, ...]:
    """The cells of the table. What was cut off says how many of how many were done by then."""
    of, failed = result["median"], result["failed"]
    name = f"{result['name']} {result.get('version', '')}".strip()
    if "install" in failed:
        return name, *("not measured",) * (len(_HEAD) - 1)
    rate = f"{of['no_op_per_second']:,.0f}" if of["no_op_per_second"] is not None else "failed"
    if "wait" in failed or of["wait_done"] is None:
        waited, memory = "failed", ""
    else:
        done = f"{of['wait_done']:,.0f} of {about['waiting']} in {about['limit']:g} s"
        waited = f"{of['wait_seconds']:.2f} s" if of["wait_seconds"] is not None else done
        memory = f"{of['wait_megabytes']:,.0f} MB"
    if "burst" in failed or of["burst_done"] is None:
        half = last = "failed"
    else:
        half = f"{of['burst_p50']:.2f} s" if of["burst_p50"] is not None else "not reached"
        last = f"{of['burst_last']:.2f} s" if of["burst_last"] is not None else f"{of['burst_done']:,.0f} done"
    return name, result["durable"], rate, waited, memory, half, last


def show(document: dict[str, Any]) -> None:
    """The table in the terminal, fastest first."""
    table = Table(*_HEAD)
    for result in _ranked(document):
        table.add_row(*row(result, document["about"]))
    Console().print(table)


def page(document: dict[str, Any]) -> str:
    """The page in Markdown."""
    it = document["about"]
    rows = [_HEAD, ("---", "---", "--:", "--:", "--:", "--:", "--:")]
    rows += [row(result, it) for result in _ranked(document)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
    return f"""# This system and its peers

Written by `./benchmarks/peers/run --write` on {it["at"]}; how it is measured is in `README.md`.

- Machine: {it["machine"]}; {it["system"]}; Python {it["python"]}.
- Load of the machine over the last minute, before and after: {it["load_before"]} and {it["load_after"]}. Above the
  number of cores, others were at work beside the measurement.
- Servers on the same machine: PostgreSQL {it["postgres"]} (its defaults: fsync and synchronous commit on), Valkey
  {it["valkey"]} (append-only file, fsync every second).
- {it["no_ops"]:,} no-op jobs after a warm-up of a tenth as many (four times that while it takes less than 1 s),
  concurrency {it["concurrency"]}; {it["waiting"]:,} jobs that wait 1 s, all at once where the peer can; {it["burst"]:,}
  no-op jobs that are due in the same second, concurrency {it["concurrency"]}.
- Each measurement is cut off {it["limit"]:g} s after its first job. Median of {it["runs"]} runs, round by round.

{table}

Smallest and greatest of the runs:

{_spread(document)}

## Durable?

Whether an accepted job survives kill -9 of broker and worker, in the configuration that was measured: what the
documentation promises.

{_promises(document)}{_failures(document)}"""


def _spread(document: dict[str, Any]) -> str:
    lines = ["| peer | no-ops a second | waits of 1 s, s | burst: last, s |", "|---|--:|--:|--:|"]
    for result in _ranked(document):
        cells = [_range(result["runs"], name) for name in ("no_op_per_second", "wait_seconds", "burst_last")]
        lines.append(f"| {result['name']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _range(runs: list[dict[str, Any]], name: str) -> str:
    values = sorted(run[name] for run in runs if run.get(name) is not None)
    form = "{:,.0f}" if name == "no_op_per_second" else "{:.2f}"
    return f"{form.format(values[0])} – {form.format(values[-1])}" if values else ""


def _promises(document: dict[str, Any]) -> str:
    said = [it for it in document["peers"] if "promise" in it]
    lines = [f"| {it['name']} | {it['servers']} | {it['durable']} | {it['promise']} | {it['at_once']} |" for it in said]
    head = [
        "| peer | servers | durable | what is promised, and how it is set here | jobs that wait |",
        "|---|---|---|---|---|",
    ]
    return "\n".join(head + lines) + "\n"


def _failures(document: dict[str, Any]) -> str:
    failed = [(it["name"], kind, why) for it in document["peers"] for kind, why in it["failed"].items()]
    if not failed:
        return ""
    return "\n## Not measured\n\n" + "".join(f"- {name}, {kind}: {why}\n" for name, kind, why in failed)


def plot(document: dict[str, Any], path: Path) -> None:
    """Three bar charts beside each other, as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    results = _ranked(document)[::-1]
    names = [f"{it['name']}{'' if it['durable'] == 'yes' else ' *'}" for it in results]
    charts = (
        ("no_op_per_second", "no-op jobs a second (log)", "{:,.0f}"),
        ("wait_seconds", f"s for {document['about']['waiting']:,} jobs that wait 1 s", "{:.1f}"),
        ("burst_last", f"s until the last of {document['about']['burst']:,} due at once", "{:.2f}"),
    )
    figure, axes = pyplot.subplots(1, 3, figsize=(15, 0.8 + 0.42 * len(names)), sharey=True, layout="constrained")
    for axis, (key, title, form) in zip(axes, charts, strict=True):
        values = [it["median"].get(key) for it in results]
        colors = ["tab:orange" if it["peer"].startswith("assistant") else "tab:blue" for it in results]
        bars = axis.barh(names, [value or 0 for value in values], color=colors)
        axis.bar_label(bars, [form.format(it) if it is not None else "not reached" for it in values], padding=3)
        axis.set_title(title, fontsize=10)
        axis.margins(x=0.2)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_xscale("log")
    figure.supxlabel("* not durable, or in part", fontsize=8)
    figure.savefig(path)
    pyplot.close(figure)


def _ranked(document: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(document["peers"], key=lambda it: -(it["median"].get("no_op_per_second") or 0))
