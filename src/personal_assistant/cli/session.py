"""What every command starts with: the runtime, the owner, and a word when nobody is there to do the work."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from personal_assistant.cli.output import command_name, print_json, say, warn
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

    def answer(self, as_json: bool, document: dict[str, Any], text: str) -> None:
        """Say what was accepted, and loudly so when nobody is there to do it."""
        alive = scheduler_alive(self.runtime)
        print_json({**document, "scheduler_alive": alive}) if as_json else say(text)
        if not alive:
            warn(f"⚠️ Nothing will fire yet: no scheduler is alive. Start one with `{command_name()} up`.")


def session() -> Session:
    """This command's session. Raises AssistantError, with what to do, when there is no assistant yet."""
    current = runtime()
    return Session(current, ready_owner(current))
