"""The application without a socket, for what a client on this machine cannot show: where a request comes from."""

import asyncio
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import unquote, urlsplit

from starlette.types import Message
from tests.api.support import Answer, headers_of

from personal_assistant.api.app import make_app
from personal_assistant.api.live.feed import Feed
from personal_assistant.workers.runtime import Runtime


class Remote:
    """A client at an address of the network; it is called like `Client`."""

    def __init__(self, runtime: Runtime, address: str) -> None:
        self._runtime, self._address = runtime, address

    def __call__(
        self, path: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return asyncio.run(self._ask(path, method, body or b"", {"Host": "192.0.2.1:8400", **(headers or {})}))

    async def _ask(self, path: str, method: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        told: list[Message] = []
        asked = urlsplit(path)
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "root_path": "",
            "path": unquote(asked.path), "raw_path": asked.path.encode(), "query_string": asked.query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": (self._address, 50_000), "server": ("192.0.2.1", 8400), "state": {},
        }  # fmt: skip

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            told.append(message)

        with closing(Feed(self._runtime)) as feed:
            await make_app(self._runtime, feed)(scope, receive, send)
        pairs = ((name.decode(), value.decode()) for name, value in told[0]["headers"])
        return Answer(told[0]["status"], headers_of(pairs), b"".join(it.get("body", b"") for it in told[1:]))
