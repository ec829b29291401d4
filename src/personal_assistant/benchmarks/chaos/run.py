"""One run: work is added and faults strike for a while, then all is to come to rest, then it is judged."""

import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from personal_assistant.benchmarks.chaos.evidence import ended_jobs, gather, open_jobs
from personal_assistant.benchmarks.chaos.faults import DRAIN_SECONDS, Faults, Struck
from personal_assistant.benchmarks.chaos.feed import ACCEPTED_FILE
from personal_assistant.benchmarks.chaos.rescues import Rescues, rescues
from personal_assistant.benchmarks.chaos.verdict import Verdict, judge
from personal_assistant.benchmarks.programs import Program
from personal_assistant.benchmarks.topology import Topology, topology
from personal_assistant.errors import AssistantError
from personal_assistant.store.errors import StoreError

APP = "personal_assistant.benchmarks.chaos.app"
FEED = "personal_assistant.benchmarks.chaos.feed"
LEASE_SECONDS = 5.0
_SETTINGS = {
    "ASSISTANT_LEASE_SECONDS": str(LEASE_SECONDS),
    "ASSISTANT_REPUBLISH_SECONDS": "3",
    "ASSISTANT_DRAIN_SECONDS": str(DRAIN_SECONDS),
}
_SETTLE_SECONDS = 240.0
_LOOK_EVERY_SECONDS = 0.25
# All that a program says that finds no database at its start.
_NO_DATABASE = re.compile(r"\A❌ The database .* cannot be used")


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it. `settled_seconds` passed from the last fault, or the last job added, until all was done; None
    where it never was.

    `ended_unasked` is what programs said that ended though nobody killed them; `refused_to_start` counts those that
    found no database at their start and ended, as they are to, for their supervisor to start them again.
    """

    verdict: Verdict
    struck: list[Struck]
    rescues: Rescues
    settled_seconds: float | None
    ended_unasked: list[str]
    refused_to_start: int
    seconds: float

    @property
    def passed(self) -> bool:
        return self.verdict.passed and self.settled_seconds is not None and not self.ended_unasked


def chaos(
    count: int,
    seconds: float,
    seed: int,
    say: Callable[[str], None],
    *,
    long_freeze: bool = False,
    pace: float = 1.0,
    postgres_options: Sequence[str] = (),
) -> Run:
    """Add `count` jobs over `seconds` while faults strike that `seed` chooses: each kind of fault at least once.

    `long_freeze` begins with a minute in which Valkey does not answer; `pace` below 1 makes the other faults shorter
    and closer together. Raises AssistantError where the topology cannot be started.
    """
    started = time.monotonic()
    say("starting PostgreSQL, Valkey, three workers and two schedulers")
    with topology(app=APP, environment=_SETTINGS, postgres_options=postgres_options) as made:
        made.start()
        feeder = made.add("feeder", [sys.executable, "-m", FEED, str(count), str(seconds), str(seed)])
        feeder.start()
        feeder.until(lambda: (made.folder / ACCEPTED_FILE).exists())
        faults = Faults(made, random.Random(seed), pace)  # noqa: S311 - repeatable
        watch = _Watch(made, feeder, faults, say)
        if long_freeze and made.servers.valkey is not None:
            say("Valkey is frozen for a minute")
            faults.long_freeze(made.servers.valkey)
        watch.strike(seconds)
        settled = watch.settle()
        say("reading what was left behind")
        evidence = gather(made.runtime.db, made.folder)
        return Run(
            verdict=judge(evidence, faults.struck),
            struck=faults.struck,
            rescues=rescues(evidence, faults.struck),
            settled_seconds=settled,
            ended_unasked=watch.ended_unasked,
            refused_to_start=watch.refused_to_start,
            seconds=round(time.monotonic() - started, 1),
        )


class _Watch:
    def __init__(self, made: Topology, feeder: Program, faults: Faults, say: Callable[[str], None]) -> None:
        self._made = made
        self._feeder = feeder
        self._faults = faults
        self._say = say
        self._started = time.monotonic()
        self.ended_unasked: list[str] = []
        self.refused_to_start = 0

    def strike(self, seconds: float) -> None:
        """Faults, one after the other, until the time is over and each kind has been there."""
        while time.monotonic() - self._started < seconds or len(self._faults.struck) < len(self._faults.kinds):
            self._faults.rest()
            struck = self._faults.next()
            self._tell(struck.name)
            self._raise_the_dead()

    def settle(self) -> float | None:
        """Wait for the feeder, then for the jobs; returns for how many seconds, after the feeder's end."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while self._feeder.alive and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_SECONDS)
        if self._feeder.alive or self._feeder.process.returncode:
            raise AssistantError(f"The process that adds jobs did not come to its end. It said:\n{self._feeder.log}")
        since = time.monotonic()
        told = 0.0
        while (left := open_jobs(self._made.runtime.db)) and time.monotonic() < deadline:
            if time.monotonic() - told > 5.0:
                told = time.monotonic()
                self._tell(f"no more faults; {left:,} jobs are open")
            self._raise_the_dead()
            time.sleep(_LOOK_EVERY_SECONDS)
        return None if left else round(time.monotonic() - since, 1)

    def _raise_the_dead(self) -> None:
        """Start what ended by itself, as a supervisor does, and keep what it said."""
        for program in (*self._made.workers, *self._made.schedulers):
            if program.alive:
                continue
            if _NO_DATABASE.search(program.log):
                self.refused_to_start += 1
            else:
                self.ended_unasked.append(f"{program.name}: {program.log[-2000:]}")
            program.start()

    def _tell(self, what: str) -> None:
        try:
            ended = f"{ended_jobs(self._made.runtime.db):,}"
        except StoreError:
            ended = "?"
        self._say(f"{time.monotonic() - self._started:5.0f} s  {what} · {ended} jobs have ended")
