"""Who asks: each route takes a `Reader` or a `Writer`, which is the caller with that scope."""

from typing import Annotated

from fastapi import Depends, HTTPException, Request, Security
from fastapi.security import HTTPBearer, SecurityScopes

from personal_assistant.api.fresh import Fresh
from personal_assistant.people.tokens import ADMIN, READ, WRITE, Caller
from personal_assistant.workers.runtime import Runtime

_bearer = HTTPBearer(scheme_name="token", auto_error=False, description="A personal API token, `pat_…`.")


async def _caller(request: Request, needed: SecurityScopes, _: Annotated[object, Security(_bearer)]) -> Caller:
    caller: Caller = request.state.caller
    missing = [scope for scope in needed.scopes if scope not in caller.scopes]
    if missing:
        header = f'Bearer realm="assistant", error="insufficient_scope", scope="{" ".join(needed.scopes)}"'
        raise HTTPException(403, f"This token lacks the scope {missing[0]}.", {"WWW-Authenticate": header})
    return caller


# Async, though they wait for nothing: others are called on a thread of their own.


async def runtime_of(request: Request) -> Runtime:
    """The runtime that is served."""
    runtime: Runtime = request.app.state.runtime
    return runtime


async def fresh_of(request: Request) -> Fresh:
    """What keeps answers about the whole ledger for some seconds."""
    fresh: Fresh = request.app.state.fresh
    return fresh


Reader = Annotated[Caller, Security(_caller, scopes=[READ])]
Writer = Annotated[Caller, Security(_caller, scopes=[WRITE])]
Admin = Annotated[Caller, Security(_caller, scopes=[ADMIN])]
Running = Annotated[Runtime, Depends(runtime_of)]
Kept = Annotated[Fresh, Depends(fresh_of)]


def whose_jobs(caller: Caller) -> int | None:
    """The person whose jobs a caller sees and acts on; None for everybody's."""
    return None if ADMIN in caller.scopes else caller.user_id
