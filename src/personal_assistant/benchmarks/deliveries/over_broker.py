"""The bursts over PostgreSQL and a broker, through one worker process and one scheduler."""

from collections.abc import Callable

from personal_assistant.benchmarks.deliveries.burst import addresses_at, bursts
from personal_assistant.benchmarks.deliveries.received import receiver
from personal_assistant.benchmarks.figures import Figure
from personal_assistant.benchmarks.topology import GROUPS, topology


def measure(count: int, mails: int, say: Callable[[str], None]) -> list[Figure]:
    """`count` messages to a webhook, then `mails` to a mail server, both on loopback."""
    say("starting PostgreSQL and Valkey")
    groups = {"worker-io": GROUPS["worker-io"]}
    with (
        receiver() as takes,
        topology(groups=groups, schedulers=1, environment=takes.environment, relayed=False) as made,
    ):
        addresses = addresses_at(made.runtime, takes)
        made.start()
        return bursts(made.runtime, takes, addresses, count, mails, say)
