"""What every command starts with: the runtime, the owner, and a word when nobody is there to do the work."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from personal_assistant.cli.output import command_name, print_json, say, warn
from personal_assistant.store.people import Person
from personal_assistant.timing.zones import get_zone
from personal_assistant.workers.liveness import all_rest, living
from personal_assistant.workers.runtime import Runtime, runtime
from personal_assistant.workers.setup import ready_owner


@dataclass(frozen=True, slots=True)
class Session:
    """One command's runtime and person."""

    runtime: Runtime
    owner: Person

    def local(self, instant: datetime | None) -> str:
        """An instant on the owner's clock, or a dash."""
        return local(instant, self.owner.zone)

    def answer(self, as_json: bool, document: dict[str, Any], text: str) -> None:
        """Say what was accepted, and loudly so when nobody is there to do it."""
        with self.runtime.db.read() as conn:
            alive = living(self.runtime, conn)
        schedules = any(worker.schedules for worker in alive)
        print_json({**document, "scheduler_alive": schedules}) if as_json else say(text)
        if not schedules:
            start = "scheduler" if self.runtime.settings.broker_url else "up"
            warn(f"⚠️ Nothing will fire yet: no scheduler is alive. Start one with `{command_name()} {start}`.")
        elif all_rest(alive):
            undo = f"{command_name()} drain --all --undo"
            warn(f"⚠️ Nothing will run yet: all workers rest. `{undo}` has them go on.")


def local(instant: datetime | None, zone: str) -> str:
    """An instant on the clock of a zone, or a dash."""
    return "–" if instant is None else instant.astimezone(get_zone(zone)).strftime("%a %d %b %Y %H:%M:%S")


def session() -> Session:
    """This command's session. Raises AssistantError, with what to do, when there is no assistant yet."""
    current = runtime()
    return Session(current, ready_owner(current))
