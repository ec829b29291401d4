"""The program that the runner starts in a peer's environment: `python -m drive ACTION ARGUMENTS…`."""

import dataclasses
import importlib.metadata
import json
import sys
from collections.abc import Callable

import adapter


def facts() -> None:
    """What the adapter says about its peer, with the versions installed, as JSON."""
    version = importlib.metadata.version(adapter.PEER.package)
    print(json.dumps({**dataclasses.asdict(adapter.PEER), "version": version}))


def workers(kind: str, concurrency: str) -> None:
    """The commands of the worker, as JSON."""
    print(json.dumps(adapter.workers(kind, int(concurrency))))


def fill(kind: str, first: str, count: str) -> None:
    """Enqueue `count` jobs, numbered from `first`."""
    adapter.fill(kind, range(int(first), int(first) + int(count)))


def schedule(first: str, count: str, due: str) -> None:
    """Enqueue `count` jobs for the same second."""
    adapter.schedule(range(int(first), int(first) + int(count)), float(due))


ACTIONS: dict[str, Callable[..., None]] = {
    "facts": facts,
    "prepare": lambda: adapter.prepare(),
    "workers": workers,
    "fill": fill,
    "schedule": schedule,
}

if __name__ == "__main__":
    ACTIONS[sys.argv[1]](*sys.argv[2:])
