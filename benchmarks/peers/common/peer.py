"""What an adapter says about its peer, and what the runner says to every adapter.

An adapter is a module `adapter` in the folder of its peer. It is imported in the peer's own environment, by the
producer and by the worker. It has:

    PEER: Peer
    prepare() -> None                                   make tables and the like on empty servers
    workers(kind, concurrency) -> list[list[str]]       the commands that together are one worker
    fill(kind, numbers) -> None                         enqueue one job of that kind for each number
    schedule(numbers, due) -> None                      enqueue one no-op for each number, to run at `due` (epoch)

and two jobs: `no_op` marks its number, `wait` waits for WAIT_SECONDS and then marks it.
"""

import os
import sys
from dataclasses import dataclass
from typing import Literal

Kind = Literal["no_op", "wait", "burst"]

WAIT_SECONDS = 1.0

VALKEY = os.environ.get("PEERS_VALKEY", "")
POSTGRES = os.environ.get("PEERS_POSTGRES", "")
FOLDER = os.environ.get("PEERS_FOLDER", "")
CONCURRENCY = int(os.environ.get("PEERS_CONCURRENCY", "10"))


@dataclass(frozen=True, slots=True)
class Peer:
    """`durable`: whether an accepted job survives kill -9 of broker and worker as configured here.

    promise: what the documentation promises about that, and what of it the configuration here uses.
    at_once: how jobs that wait run beside each other.
    before: the schedule has to be written before the worker starts.
    """

    name: str
    package: str
    servers: str
    durable: Literal["yes", "in part", "no"]
    promise: str
    at_once: str
    before: bool = False


def script(name: str) -> str:
    """The path of a program of this environment."""
    return os.path.join(os.path.dirname(sys.executable), name)  # noqa: PTH118, PTH120 - no symlink is followed


def call(function: str) -> list[str]:
    """The command that runs a function of the adapter, for peers that bring no worker program."""
    return [sys.executable, "-c", f"import adapter; adapter.{function}()"]
