"""An assistant as it is after some weeks with two people, started as one starts it: `assistant up --web 0`."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import IO

import sqlalchemy as sa
from tests.end_to_end.assistants import environment, open_runtime, until
from tests.people.support import EMAIL, OWNER, PASSWORD, member
from tests.support.ledger import Ledger

from personal_assistant.ai import AITaskManager
from personal_assistant.jobs.log_lines import LogLine
from personal_assistant.jobs.logs import write_lines
from personal_assistant.jobs.outcomes import Failed
from personal_assistant.notifications.addresses import add_address, set_enabled
from personal_assistant.notifications.links import links_for
from personal_assistant.notifications.senders import config_of
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import deliveries
from personal_assistant.timing.clock import ManualClock, utc_now
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.setup import prepare
from personal_assistant.workers.utils.resources import add_sample, measure

_LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
_SECONDS = 30


@dataclass(frozen=True)
class House:
    """Where it answers, the links for the first sign-in and in a message, the member's e-mail address and password."""

    base: str
    first_link: str
    message_link: str
    email: str = EMAIL
    password: str = PASSWORD


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """Start one on a fresh data directory; gives it once its people have got messages. Killed at the end."""
    runtime = open_runtime(folder)
    try:
        her = _furnish(runtime)
        command = [sys.executable, "-m", "personal_assistant.cli.main", "up", "--web", "0"]
        process = subprocess.Popen(
            command, env=environment(folder), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        try:
            served, link = _told(process.stdout, r"Serving on (\S+)"), _told(process.stdout, r"(\S+/link/sign_in/\S+)")
            reader = Thread(target=process.stdout.read)  # a full pipe would stop it
            reader.start()
            try:
                until(lambda: _messages(runtime) >= 2, _SECONDS)
                _fail(runtime, her, f"No answer from {_LONG * 3}")  # the newest of the jobs
                yield House(served, link, _message_link(runtime, served))
            finally:
                process.kill()
                reader.join()
        finally:
            process.kill()
            process.communicate()
    finally:
        runtime.db.close()


def _furnish(runtime: Runtime) -> int:
    """Two people with what they asked for, and jobs that failed; returns the member's id."""
    prepare(runtime)
    her = member(runtime.db, runtime.clock)
    for user_id in (OWNER, her):
        _channel(runtime, user_id)
    manager, soon = AITaskManager(runtime.db), {"run_at": (utc_now() + timedelta(seconds=0.5)).isoformat()}
    for user_id in (OWNER, her):
        extras = {"notes": f"Read {_LONG} first", "tags": ["home", _LONG[:30]]}
        manager.create_task(user_id, f"Answer {_LONG}", "once", soon, description=f"All of {_LONG}", extras=extras)
        manager.create_from_words(user_id, "take out the bins every monday at 7pm")
        paused = manager.create_from_words(user_id, "water the plants every day at 9am")
        manager.pause_task(paused.id, user_id)
    for whose in (OWNER, her, None):
        _fail(runtime, whose, "It is broken.")
    measured = measure(runtime)
    with runtime.db.write() as conn:
        for minutes in range(5):
            add_sample(conn, replace(measured, at=measured.at - timedelta(minutes=minutes)))
    return her


def _fail(runtime: Runtime, user_id: int | None, error: str) -> None:
    ledger = Ledger(runtime.db, ManualClock(utc_now()))
    job = ledger.add(user_id=user_id, args=[_LONG])
    lines = [
        LogLine(1, number, ledger.now, "warning", f"{number} {_LONG}") for number in (*range(1, 20), *range(30, 40))
    ]
    with runtime.db.write() as conn:
        write_lines(conn, [(job, lines)])
    ledger.run(job, Failed(error, "permanent"))


def _channel(runtime: Runtime, user_id: int) -> None:
    """A way to reach somebody, which is paused: nothing is sent there."""
    vault, now = vault_of(runtime.settings), runtime.clock.now()
    with runtime.db.write() as conn:
        made, _ = add_address(conn, vault, user_id, "webhook", "https://hooks.example.org/", name=_LONG[:60], now=now)
        set_enabled(conn, made, False)


def _told(output: IO[str], pattern: str) -> str:
    said = ""
    for line in output:
        said += line
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError(f"it ended, and said: {said}")


def _message_link(runtime: Runtime, base: str) -> str:
    config = config_of(runtime.settings.model_copy(update={"public_url": base}))
    with runtime.db.read() as conn:
        chosen = sa.select(sa.func.min(deliveries.c.id)).where(deliveries.c.user_id == OWNER)
        message_id = int(conn.execute(chosen).scalar_one())
    [link] = links_for(message_id, OWNER, config, vault_of(runtime.settings), utc_now())
    return link.url


def _messages(runtime: Runtime) -> int:
    chosen = sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.channel == "in_app")
    with runtime.db.read() as conn:
        return int(conn.execute(chosen).scalar_one())
