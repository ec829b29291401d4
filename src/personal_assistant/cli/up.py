"""`assistant up`: the whole assistant on one machine."""

import contextlib
import fcntl
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personal_assistant.cli.first_link import say_first_link
from personal_assistant.cli.lasting import end_on_signals, leave
from personal_assistant.cli.output import Json, as_line, command_name, say
from personal_assistant.cli.setup import tell
from personal_assistant.errors import AssistantError

if TYPE_CHECKING:
    import socket

    from personal_assistant.jobs.draining import Told
    from personal_assistant.store.people import Person
    from personal_assistant.workers.runtime import Runtime


def up(
    web: Annotated[
        int | None, typer.Option(metavar="PORT", min=0, max=65_535, help="Serve what `web` does, on this machine.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run scheduler and workers, and print what is due. Sets everything up at the first start.

    With --json each line is a document: the first says that it is ready, each other one holds a notification.
    """
    from personal_assistant.cli.console import Console
    from personal_assistant.workers.garbage import collect_less
    from personal_assistant.workers.logs import configure_logging
    from personal_assistant.workers.process import WorkerProcess
    from personal_assistant.workers.runtime import runtime
    from personal_assistant.workers.setup import prepare

    current = runtime()
    configure_logging(current.settings)
    with contextlib.ExitStack() as lasting:
        lasting.enter_context(only_one(current.settings.data_dir))
        listening = _listening(web)
        owner = prepare(current, tell=tell)
        console = Console(current, owner, as_json=as_json)
        ended = end_on_signals()
        process = WorkerProcess(current, on_signal=console.look, on_told=lambda told: _end_if_told(told, ended))
        _warn_of_clock(current)
        collect_less()
        process.start()
        served_at = "" if listening is None else _serve(current, listening, as_json, lasting)
        _greet(current, owner, served_at, as_json)
        console.start()
        ended.wait()
        if not as_json:
            with contextlib.suppress(OSError):  # where nobody reads any more, stopping goes on
                say("Stopping: what runs is brought to its end.")
        process.stop()
        console.stop()
    leave()


def _end_if_told(told: "Told | None", ended: threading.Event) -> None:
    from personal_assistant.jobs.draining import Told

    if told is Told.EXIT:
        ended.set()


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the data directory for this process. Raises AssistantError when another one does."""
    try:
        descriptor = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise AssistantError(
            f"The data directory {folder} cannot be written: {error.strerror}. "
            "Put that right, or choose another one with ASSISTANT_DATA_DIR."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        pid = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise AssistantError(
            f"An assistant is already running on {folder} (process {pid}). Use that one, stop it, "
            "or choose another ASSISTANT_DATA_DIR."
        ) from error
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    try:
        yield
    finally:
        os.close(descriptor)


def _listening(port: int | None) -> "socket.socket | None":
    """Where the web face is to be reached, before anything else is begun: a port that is taken is told at once."""
    from personal_assistant.api.listening import listen

    return None if port is None else listen("127.0.0.1", port)


def _serve(current: "Runtime", listening: "socket.socket", as_json: bool, lasting: contextlib.ExitStack) -> str:
    from personal_assistant.api.listening import where
    from personal_assistant.cli.web_beside import served_beside
    from personal_assistant.store.web_address import note_address

    at = where(listening)
    lasting.enter_context(served_beside(listening))
    note_address(current.settings.data_dir, at)
    if not as_json:
        say(f"✅ Serving on {at}")
        say_first_link(current, current.settings.public_url or at)
    return at


def _warn_of_clock(current: "Runtime") -> None:
    from personal_assistant.workers.utils.health_check import check_clock

    for finding in check_clock(current):
        if finding.level != "ok":
            tell(f"{finding.message} {finding.fix or ''}")


def _greet(current: "Runtime", owner: "Person", served_at: str, as_json: bool) -> None:
    if as_json:
        ready = {"ready": True, "pid": os.getpid(), "database": current.db.where, "zone": owner.zone}
        say(as_line(ready | ({"url": served_at} if served_at else {})))
    else:
        name = command_name()
        say(f"✅ The assistant is up: the scheduler is alive (process {os.getpid()}).")
        say(f"   Data: {current.db.where}")
        say(f"   Times are meant in {owner.zone}.")
        say(f'   In another terminal:  {name} remind "stretch in 10 seconds"')
        say(f"   See also:  {name} status")
        say(f"              {name} notifications list")
        say(f"              {name} --help")
        say("   Ctrl-C stops it.")
    sys.stdout.flush()
