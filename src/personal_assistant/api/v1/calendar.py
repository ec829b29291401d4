"""`/ai-tasks/calendar`: what came on each day, and what is to come."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from personal_assistant.ai.lists.calendar import calendar
from personal_assistant.ai.lists.months import Month
from personal_assistant.api.v1.callers import Reader, Running
from personal_assistant.store.people import get_person
from personal_assistant.timing.zones import get_zone, to_wall

router = APIRouter(prefix="/ai-tasks", tags=["AI tasks"])
_LINES = 10

First = Annotated[date | None, Query(alias="from", description="The first day; that of this month without it.")]
Last = Annotated[date | None, Query(alias="to", description="The last day, at most 41 days later; that of its month.")]


class CalendarLine(BaseModel):
    """One occurrence of an AI task, or several of that day in the same state."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime = Field(description="The first of them.")
    state: str = Field(
        description="`planned`; `late` where nothing ran at its time; `running`, `told`, `failed`, `missed`, "
        "`cancelled`; `skipped` and `done` where its person said so before."
    )
    title: str
    ai_task_id: int
    job_id: str | None
    error: str | None
    times: int
    at_least: bool = Field(description="Whether there are more than `times`.")


class CalendarDay(BaseModel):
    """A day of the person's zone, from `start` until before `stop`."""

    model_config = ConfigDict(from_attributes=True)

    date: date
    start: datetime
    stop: datetime
    counts: dict[str, int] = Field(description="State to the number of occurrences.")
    at_least: bool = Field(description="Whether there are more than counted.")
    lines: list[CalendarLine] = Field(description=f"At most {_LINES}, those that may need somebody before others.")
    more: int = Field(description="How many of the counted have no line.")


class CalendarShape(BaseModel):
    """Days that follow each other, on the clock of `zone`."""

    model_config = ConfigDict(from_attributes=True)

    zone: str
    days: list[CalendarDay]
    complete: bool = Field(description="False: of some that recur only the next time is here, as there are too many.")


@router.get("/calendar", response_model=CalendarShape)
def show_calendar(caller: Reader, runtime: Running, first: First = None, last: Last = None) -> Response:
    """The days `from` to `to` with what came on each and what is to come; without them, this month."""
    now = runtime.clock.now()
    with runtime.db.read() as conn:
        if first is None:
            first = to_wall(now, get_zone(get_person(conn, caller.user_id).zone)).date().replace(day=1)
        found = calendar(conn, caller.user_id, first, last or Month(first.year, first.month).last, now, lines=_LINES)
    return Response(CalendarShape.model_validate(found).model_dump_json(), media_type="application/json")
