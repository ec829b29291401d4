"""What every command starts with: the runtime, the owner, and a word when nobody is there to do the work."""

from dataclasses import dataclass
from datetime import datetime

from personal_assistant.cli.output import command_name, warn
from personal_assistant.store.people import Person
from personal_assistant.timing.zones import get_zone
from personal_assistant.workers.liveness import scheduler_alive
from personal_assistant.workers.runtime import Runtime, runtime
from personal_assistant.workers.setup import ready_owner


@dataclass(frozen=True, slots=True)
class Session:
    """One command's runtime and person."""

    runtime: Runtime
    owner: Person

    def local(self, instant: datetime | None) -> str:
        """An instant on the owner's clock, or a dash."""
        return (
            "–" if instant is None else instant.astimezone(get_zone(self.owner.zone)).strftime("%a %d %b %Y %H:%M:%S")
        )

    def warn_if_nobody_schedules(self) -> None:
        """Say loudly that what was accepted waits until an assistant runs."""
        if not scheduler_alive(self.runtime):
            warn(f"⚠️  Nothing will fire yet: no scheduler is alive. Start one with `{command_name()} up`.")


def session() -> Session:
    """This command's session. Raises AssistantError, with what to do, when there is no assistant yet."""
    current = runtime()
    return Session(current, ready_owner(current))
