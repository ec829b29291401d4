"""Holding streams of server-sent events open, and noting when something came."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import ClientSession, ClientTimeout, TCPConnector

_ENDLESS = ClientTimeout(total=None, sock_connect=30)


@dataclass
class Held:
    """One stream of a person. `told` is when each message came, by its id; `changed` when a page was told to look."""

    user_id: int
    url: str
    headers: Mapping[str, str]
    open: asyncio.Event = field(default_factory=asyncio.Event)
    told: dict[int, datetime] = field(default_factory=dict)
    changed: list[datetime] = field(default_factory=list)
    error: str = ""

    async def hold(self, client: ClientSession) -> None:
        """Read until this is cancelled, or the server ends it, which is an error."""
        try:
            async with client.get(self.url, headers=self.headers) as answer:
                answer.raise_for_status()
                event = ""
                async for line in answer.content:
                    self.open.set()
                    name, _, value = line.decode().rstrip("\n").partition(": ")
                    event = value if name == "event" else event
                    if name == "data" and event == "notification":
                        self.told.setdefault(json.loads(value)["id"], datetime.now(UTC))
                    elif name == "event" and event == "changed":
                        self.changed.append(datetime.now(UTC))
                self.error = "it ended"
        except OSError as error:
            self.error = type(error).__name__
        finally:
            self.open.set()

    def seconds_after(self, message_id: int, sent_at: datetime) -> float | None:
        """How long after it was sent the message was told here, or a page was told to look; None for never."""
        came = self.told.get(message_id) or next((at for at in self.changed if at >= sent_at), None)
        return (came - sent_at).total_seconds() if came is not None else None


def browser() -> ClientSession:
    """A client that holds any number of connections."""
    return ClientSession(timeout=_ENDLESS, connector=TCPConnector(limit=0))
