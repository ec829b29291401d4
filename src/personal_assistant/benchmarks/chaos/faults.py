"""What is done to the topology: each fault strikes, lasts a while, and is put right again."""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from personal_assistant.benchmarks.postgres_server import PostgresServer
from personal_assistant.benchmarks.programs import Program
from personal_assistant.benchmarks.topology import Topology
from personal_assistant.benchmarks.valkey_server import ValkeyServer
from personal_assistant.store.errors import StoreError
from personal_assistant.store.tables import workers

DATABASE = "database"
BROKER = "broker"
DRAIN_SECONDS = 5.0
_DEAD_SECONDS = (0.0, 1.0)
_FROZEN_SECONDS = (2.0, 6.0)
_CUT_SECONDS = (1.0, 4.0)
_REST_SECONDS = (0.5, 3.0)
LONG_FREEZE_SECONDS = 60.0


@dataclass(slots=True)
class Struck:
    """A fault that was done. Instants are seconds since the epoch; `away` is the server that could not be used.

    `dead` are the ids, in the ledger, of the processes that it killed.
    """

    name: str
    began: float
    ended: float = 0.0
    away: str | None = None
    dead: list[str] = field(default_factory=list)


class Faults:
    """Does faults of every kind, in an order that a seed decides: each kind once, then each again.

    How long each lasts, and what lies between them, is multiplied by `pace`.
    """

    def __init__(self, topology: Topology, rng: random.Random, pace: float) -> None:
        self._topology = topology
        self._rng = rng
        self._pace = pace
        self._left: list[str] = []
        self.struck: list[Struck] = []
        self.kinds: dict[str, Callable[[Struck], None]] = {
            "process of a pool killed": self._kill_child,
            **{f"{it.name} killed": self._killed(it) for it in (*topology.workers, *topology.schedulers)},
            **{f"{it.name} restarted": self._restarted(it) for it in topology.workers},
        }
        if (valkey := topology.servers.valkey) is not None:
            self.kinds |= self._of_valkey(valkey)
        if (postgres := topology.servers.postgres) is not None:
            self.kinds |= self._of_postgres(postgres)
        for server, relay in zip(self._relayed(), topology.relays, strict=True):
            for name, cut in (("reset", relay.drop), ("refused", relay.refuse), ("swallowed", relay.swallow)):
                self.kinds[f"network to the {server} {name}"] = self._cut(server, cut, relay.heal)

    def _relayed(self) -> list[str]:
        own = ((DATABASE, self._topology.servers.postgres), (BROKER, self._topology.servers.valkey))
        return [name for name, server in own if server is not None]

    def rest(self) -> None:
        """Leave the topology alone for a moment."""
        self._pause(_REST_SECONDS)

    def next(self) -> Struck:
        """Do one, and return when it is put right."""
        if not self._left:
            self._left = list(self.kinds)
            self._rng.shuffle(self._left)
        return self.do(self._left.pop())

    def do(self, name: str) -> Struck:
        """Do the fault of that name."""
        struck = Struck(name, time.time())
        self.struck.append(struck)
        self.kinds[name](struck)
        struck.ended = time.time()
        return struck

    def _pause(self, seconds: tuple[float, float]) -> None:
        time.sleep(self._pace * self._rng.uniform(*seconds))

    def _killed(self, program: Program) -> Callable[[Struck], None]:
        def strike(struck: Struck) -> None:
            struck.dead = self._ids({process.pid for process in program.family()})
            program.kill()
            self._pause(_DEAD_SECONDS)
            program.start()

        return strike

    def _kill_child(self, struck: Struck) -> None:
        """One process of the pool of a worker, which puts another in its place."""
        children = [child for program in self._topology.workers for child in program.family()[1:]]
        if children:
            child = self._rng.choice(children)
            struck.dead = self._ids({child.pid})
            child.kill()

    def _ids(self, pids: set[int]) -> list[str]:
        """What the ledger calls these processes."""
        listed = sa.select(workers.c.id).where(workers.c.pid.in_(pids), workers.c.runs)
        try:
            with self._topology.runtime.db.read() as conn:
                return list(conn.execute(listed).scalars())
        except StoreError:
            return []

    def _restarted(self, program: Program) -> Callable[[Struck], None]:
        """As an upgrade does it: told to end, waited for, started again."""

        def strike(struck: Struck) -> None:
            del struck
            if program.alive:
                program.process.send_signal(signal.SIGTERM)
                _wait(program, DRAIN_SECONDS + 10.0)
            program.start()

        return strike

    def _of_valkey(self, valkey: ValkeyServer) -> dict[str, Callable[[Struck], None]]:
        def killed(keep: bool) -> Callable[[Struck], None]:
            def strike(struck: Struck) -> None:
                struck.away = BROKER
                valkey.kill()
                self._pause(_DEAD_SECONDS)
                if not keep:
                    valkey.forget()
                valkey.start()

            return strike

        return {
            "Valkey killed, data kept": killed(True),
            "Valkey killed, data lost": killed(False),
            "Valkey emptied": lambda struck: valkey.empty(),
            "Valkey frozen": self._frozen(BROKER, valkey.program, _FROZEN_SECONDS),
        }

    def long_freeze(self, valkey: ValkeyServer) -> Struck:
        """A minute in which Valkey does not answer."""
        name = f"Valkey frozen for {LONG_FREEZE_SECONDS:g} s"
        self.kinds[name] = self._frozen(BROKER, valkey.program, (LONG_FREEZE_SECONDS, LONG_FREEZE_SECONDS))
        return self.do(name)

    def _of_postgres(self, postgres: PostgresServer) -> dict[str, Callable[[Struck], None]]:
        def restart(struck: Struck) -> None:
            struck.away = DATABASE
            postgres.restart()

        def kill(struck: Struck) -> None:
            struck.away = DATABASE
            postgres.kill()
            self._pause(_DEAD_SECONDS)
            postgres.start()

        return {
            "PostgreSQL restarted": restart,
            "PostgreSQL killed": kill,
            "PostgreSQL frozen": self._frozen(DATABASE, postgres.program, _FROZEN_SECONDS),
        }

    def _frozen(self, server: str, program: Program, seconds: tuple[float, float]) -> Callable[[Struck], None]:
        def strike(struck: Struck) -> None:
            struck.away = server
            program.freeze()
            try:
                self._pause(seconds)
            finally:
                program.thaw()

        return strike

    def _cut(self, server: str, cut: Callable[[], None], heal: Callable[[], None]) -> Callable[[Struck], None]:
        def strike(struck: Struck) -> None:
            struck.away = server
            cut()
            try:
                self._pause(_CUT_SECONDS)
            finally:
                heal()

        return strike


def _wait(program: Program, seconds: float) -> None:
    """Until it has ended; a worker that does not end in time is killed, as a service manager does."""
    deadline = time.monotonic() + seconds
    while program.alive and time.monotonic() < deadline:
        time.sleep(0.05)
    program.close()
