"""The ways to reach a person, and which of them work here."""

from collections.abc import Sequence
from dataclasses import dataclass

from personal_assistant.errors import AssistantError
from personal_assistant.store.tables import CHANNELS

IN_APP = "in_app"
# Channels that need an account first. What is asked for on them is delivered in_app, and the failure is recorded.
READY = frozenset({IN_APP})
# Channels whose services take a key and pass over what they have taken under it already.
IDEMPOTENT = frozenset({"webhook"})


class UnknownChannelError(AssistantError):
    """No channel has that name."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message goes: the channels that work, and those that were asked for and do not."""

    ready: tuple[str, ...]
    not_ready: tuple[str, ...]


def check_channels(names: Sequence[str] | None) -> list[str]:
    """The names as they are to be stored, each once; in_app where there are none. Raises UnknownChannelError."""
    names = [names] if isinstance(names, str) else names or (IN_APP,)
    for name in names:
        if name not in CHANNELS:
            raise UnknownChannelError(f"There is no channel {name!r}. The channels are {', '.join(CHANNELS)}.")
    return list(dict.fromkeys(names))


def route(names: Sequence[str] | None) -> Route:
    """Split what was asked for; in_app is always among the channels that work, so that nothing is lost."""
    asked = [str(name) for name in names or ()]
    return Route((IN_APP,), tuple(name for name in dict.fromkeys(asked) if name not in READY))
