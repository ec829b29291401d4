"""What a process works with: its settings, its database, its clock."""

import contextlib
from dataclasses import dataclass, field

from personal_assistant.errors import AssistantError
from personal_assistant.jobs import signals
from personal_assistant.settings import Settings, get_settings
from personal_assistant.store.database import Database
from personal_assistant.timing.clock import Clock, SystemClock
from personal_assistant.workers.outage import Outage


@dataclass(frozen=True, slots=True)
class Runtime:
    """One set of them. Tests make their own."""

    settings: Settings
    db: Database
    clock: Clock = field(default_factory=SystemClock)
    outage: Outage = field(default_factory=Outage)


_current: Runtime | None = None


def open_database(settings: Settings) -> Database:
    """The database of these settings, wired to wake the processes that listen. Makes the data directory."""
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise AssistantError(
            f"The data directory {settings.data_dir} cannot be made: {error.strerror}. "
            "Choose another one with ASSISTANT_DATA_DIR."
        ) from error
    db = Database(settings.url)
    db.on_wake = lambda: _notify(db)
    return db


def _notify(db: Database) -> None:
    # The work is committed: a signal that fails only delays it until the next look at the ledger.
    with contextlib.suppress(Exception):
        signals.notify(db)


def runtime() -> Runtime:
    """This process's runtime, made from its settings at the first call."""
    global _current
    if _current is None:
        settings = get_settings()
        _current = Runtime(settings, open_database(settings))
    return _current


def use(new: Runtime | None) -> None:
    """Make `new` this process's runtime; None forgets the present one."""
    global _current
    _current = new
