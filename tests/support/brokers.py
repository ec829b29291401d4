"""What tests need of a broker, whichever it is."""

from contextlib import AbstractContextManager
from typing import Protocol


class Broker(Protocol):
    """A server of the tests' own. Queues of several tests do not meet: they are cleared, or have a key prefix."""

    url: str

    def waiting(self, queue: str, prefix: str) -> int:
        """How many messages wait in a queue."""
        ...

    def frozen(self) -> AbstractContextManager[None]:
        """It answers nothing during the block, and keeps its connections."""
        ...

    def clear(self) -> None:
        """Take all messages, and the queues, away under the feet of those who use them."""
        ...

    def restart(self) -> None:
        """Kill it and start it without its data."""
        ...
