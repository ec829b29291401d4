"""`/tokens`: your personal API tokens."""

from datetime import UTC

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from personal_assistant.api.v1.callers import Reader, Running, Writer
from personal_assistant.api.v1.people_shapes import MadeToken, NewToken, TokenShape
from personal_assistant.api.v1.problems import responses
from personal_assistant.people import tokens
from personal_assistant.people.tokens import TokenError

router = APIRouter(prefix="/tokens", tags=["People"])
_BY = "api"


@router.get("")
def list_tokens(caller: Reader, runtime: Running) -> list[TokenShape]:
    """Your tokens, the newest first. Their secrets are not kept."""
    with runtime.db.read() as conn:
        return [TokenShape.model_validate(it) for it in tokens.list_tokens(conn, caller.user_id)]


@router.post("", status_code=201, response_model=MadeToken)
def add_token(caller: Writer, runtime: Running, body: NewToken) -> Response:
    """Make a token. It may do no more, and last no longer, than the one that you ask with."""
    try:
        expires_at = body.expires_at and body.expires_at.astimezone(UTC)
    except OverflowError as error:
        raise TokenError("This end lies outside of what can be kept.") from error
    tokens.within(caller, body.scopes, expires_at)
    with runtime.db.write() as conn:
        made, secret = tokens.create_token(
            conn, caller.user_id, body.name, body.scopes, expires_at, runtime.clock.now(), by=_BY
        )
    content = {**TokenShape.model_validate(made).model_dump(mode="json"), "secret": secret}
    return JSONResponse(content, 201)


@router.delete("/{token_id}", status_code=204, responses=responses(404))
def remove_token(caller: Writer, runtime: Running, token_id: int) -> None:
    """Take a token no more, be it the one that you ask with. Doing it again changes nothing."""
    with runtime.db.write() as conn:
        tokens.revoke_token(conn, caller.user_id, token_id, runtime.clock.now(), by=_BY)
