"""The kinds of work that this benchmark adds, and how many of each."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Arguments = Callable[[random.Random, int], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Kind:
    """Jobs of one task, added in one way. `share` is out of a thousand; `arguments` may use the job's number."""

    name: str
    task: str
    share: int
    arguments: Arguments = lambda rng, number: ()


REMINDER = "reminder"
UNIQUE = "unique key"
FUTURE = "future"
CANCELLED = "cancelled"
WAITING = "waiting"
ONCE = "at most once"
PAYLOAD = "payload"
FAILING = "failing"

KINDS = (
    Kind("plain", "bench.chaos.plain", 426),
    Kind(PAYLOAD, "bench.chaos.payload", 100, lambda rng, number: (number,)),
    Kind("async def", "bench.chaos.coroutine", 130, lambda rng, number: (round(rng.uniform(0.01, 0.3), 3),)),
    Kind("bulk", "bench.chaos.bulk", 150),
    Kind("cpu", "bench.chaos.cpu", 40, lambda rng, number: (rng.randrange(2000, 10_000),)),
    Kind(ONCE, "bench.chaos.once", 50, lambda rng, number: (round(rng.uniform(0.0, 0.05), 3),)),
    Kind("retrying", "bench.chaos.retrying", 30, lambda rng, number: (rng.randint(1, 3),)),
    Kind(FAILING, "bench.chaos.failing", 10),
    Kind("long", "bench.chaos.long", 4, lambda rng, number: (round(rng.uniform(1.0, 4.0), 2),)),
    Kind(FUTURE, "bench.chaos.plain", 15),
    Kind(UNIQUE, "bench.chaos.coroutine", 15, lambda rng, number: (0.5,)),
    Kind(WAITING, "bench.chaos.waiting", 10),
    Kind(CANCELLED, "bench.chaos.plain", 10),
    Kind(REMINDER, "", 10),
)


def draw(rng: random.Random, count: int) -> list[Kind]:
    """So many kinds in a random order by their shares, each at least once where there is room."""
    chosen = list(KINDS[:count])
    chosen += rng.choices(KINDS, [kind.share for kind in KINDS], k=count - len(chosen))
    rng.shuffle(chosen)
    return chosen
