"""The receiving process from outside: started, asked what came, and driven by a bare client for its own ceiling."""

import asyncio
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personal_assistant.benchmarks.programs import Program

_CONNECTIONS = 16
_PATH = "/hook"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where it listens on loopback."""

    webhook_port: int
    mail_port: int

    @property
    def webhook_url(self) -> str:
        return f"http://127.0.0.1:{self.webhook_port}{_PATH}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings with which an assistant may send here."""
        return {
            "ASSISTANT_PRIVATE_HOSTS": "127.0.0.1",
            "ASSISTANT_SMTP_URL": f"smtp://127.0.0.1:{self.mail_port}?starttls=never",
            "ASSISTANT_MAIL_FROM": "assistant@bench.example",
        }

    def counts(self) -> dict[str, Any]:
        """What has come so far, by `webhook` and by `mail`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.webhook_port}/counts", timeout=30) as reply:
            counts: dict[str, Any] = json.load(reply)
            return counts


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A new process that takes webhooks and mail, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="assistant-receiver-") as folder:
        module = f"{__package__}.receiver"
        program = Program("receiver", [sys.executable, "-m", module], Path(folder))
        program.start()
        try:
            program.until(lambda: "\n" in program.log)
            ports = json.loads(program.log)
            yield Receiver(ports["webhook"], ports["mail"])
        finally:
            program.close()


def ceiling(count: int) -> float:
    """How many webhooks a second a process of its own takes from a bare client with 16 connections."""
    with receiver() as bare:
        return count / asyncio.run(_post(bare.webhook_url, count))


async def _post(url: str, count: int) -> float:
    import aiohttp

    numbers = iter(range(count))
    body = json.dumps({"type": "notice", "title": "Message", "body": "x" * 100}).encode()

    async def one_after_the_other(client: aiohttp.ClientSession) -> None:
        for number in numbers:
            headers = {"Idempotency-Key": str(number), "Content-Type": "application/json"}
            async with client.post(url, data=body, headers=headers) as reply:
                await reply.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_CONNECTIONS)) as client:
        started = time.perf_counter()
        await asyncio.gather(*(one_after_the_other(client) for _ in range(_CONNECTIONS)))
        return time.perf_counter() - started
