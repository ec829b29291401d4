"""The header Idempotency-Key: a request that is sent again gets the answer that it had."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Header
from starlette.requests import Request
from starlette.responses import Response

from personal_assistant.errors import AssistantError
from personal_assistant.people import idempotency
from personal_assistant.people.idempotency import LONGEST_KEY, Answer
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.runtime import Runtime

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=LONGEST_KEY,
        pattern=r"^[\x21-\x7e]+$",
        description="Sent again with the same key within 24 hours, a request is not done again.",
    ),
]


def once(
    runtime: Runtime, user_id: int, key: str | None, request: Request, body: str, act: Callable[[], Response]
) -> Response:
    """Do what a request asks for, once for each key. Raises KeyInUseError, and what `act` raises."""
    if key is None:
        return act()
    same = f"{request.method} {request.url.path}\n{body}".encode("utf-8", "surrogatepass")
    with runtime.db.write() as conn:
        known = idempotency.begin(conn, user_id, key, same, runtime.clock.now())
    if known is not None:
        return Response(known.body, known.status, {**known.headers, "Idempotent-Replay": "true"}, "application/json")
    try:
        response = act()
    except StoreError:
        raise  # whether it was done is not known
    except AssistantError:
        with runtime.db.write() as conn:
            idempotency.give_back(conn, user_id, key)
        raise
    kept = {name: value for name, value in response.headers.items() if name in ("location", "etag")}
    answer = Answer(response.status_code, kept, bytes(response.body).decode())
    with runtime.db.write() as conn:
        idempotency.finish(conn, user_id, key, answer)
    return response
