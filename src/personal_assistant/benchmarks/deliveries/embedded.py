"""The bursts through `assistant up`: SQLite, and the worker in its process."""

from collections.abc import Callable

from personal_assistant.benchmarks.assistant import running, scratch
from personal_assistant.benchmarks.deliveries.burst import addresses_at, bursts
from personal_assistant.benchmarks.deliveries.received import receiver
from personal_assistant.benchmarks.figures import Figure


def measure(count: int, mails: int, say: Callable[[str], None]) -> list[Figure]:
    """`count` messages to a webhook, then `mails` to a mail server, both on loopback."""
    with receiver() as takes, scratch() as runtime:
        addresses = addresses_at(runtime, takes)
        with running(runtime, takes.environment):
            return bursts(runtime, takes, addresses, count, mails, say)
