"""The options that say when something happens: in words, as a cron expression, or as a recurrence rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personal_assistant.errors import AssistantError

if TYPE_CHECKING:
    from personal_assistant.ai import AITask, AITaskManager
    from personal_assistant.timing.recurrence import Schedule

Words = Annotated[str | None, typer.Option("--when", help='When, in words: "every weekday at 8".')]
Cron = Annotated[str | None, typer.Option(help='When, as a cron expression: "0 9 * * 1-5".')]
RRule = Annotated[str | None, typer.Option(help="When, as an RFC 5545 rule: FREQ=MONTHLY;BYDAY=-1FR; see --start.")]
Start = Annotated[
    str | None, typer.Option(help="Where --cron or --rrule begins, and a rule has its time from: 2026-04-24T09:00.")
]
Except = Annotated[
    list[str] | None, typer.Option("--except", help="A date on which it does not happen: 2026-12-25; repeatable.")
]


@dataclass(frozen=True, slots=True)
class When:
    """What was given of these options."""

    words: str | None = None
    cron: str | None = None
    rrule: str | None = None
    start: str | None = None
    excepted: Sequence[str] | None = None

    def __bool__(self) -> bool:
        return any(it is not None for it in (self.words, self.cron, self.rrule, self.start, self.excepted))

    def schedule(
        self, manager: "AITaskManager", now: datetime, zone: str, old: "AITask | None" = None
    ) -> dict[str, Any]:
        """The `schedule_type`, `schedule_config` and `zone` that these options mean.

        Dates alone are excepted from the schedule of `old`. Raises AssistantError for what cannot be understood, and
        unless exactly one option says when.
        """
        ways = [it for it in (self.words, self.cron, self.rrule) if it is not None]
        if len(ways) > 1 or (not ways and old is None):
            raise AssistantError("Say when in one way: --when with words, --cron or --rrule.")
        if self.start is not None and self.cron is None and self.rrule is None:
            raise AssistantError("--start belongs to --cron or --rrule; in words, say «starting 5 April».")
        found = self._one_way(manager, now, zone, old)
        if self.excepted:
            config = dict(found["schedule_config"])
            config["except_dates"] = [*config.get("except_dates", []), *self.excepted]
            found["schedule_config"] = config
        return found

    def parsed(self, manager: "AITaskManager", now: datetime, zone: str) -> "Schedule":
        """The schedule itself. Raises AssistantError for one that cannot be."""
        from personal_assistant.timing.recurrence import ScheduleError, parse_schedule

        found = self.schedule(manager, now, zone)
        try:
            return parse_schedule(found["schedule_type"], found["schedule_config"], found["zone"])
        except ScheduleError as error:
            raise AssistantError(str(error)) from error

    def _one_way(self, manager: "AITaskManager", now: datetime, zone: str, old: "AITask | None") -> dict[str, Any]:
        if self.words is not None:
            return dict(manager.schedule_from_words(self.words, zone))
        if self.cron is not None:
            config: dict[str, Any] = {"expression": self.cron, "start": self.start}
            return {"schedule_type": "cron", "schedule_config": config, "zone": zone}
        if self.rrule is not None:
            # What the rule does not say of the time comes from its start: let it be a whole minute to come.
            start = self.start or (now + timedelta(minutes=1)).replace(second=0, microsecond=0).isoformat()
            return {"schedule_type": "rrule", "schedule_config": {"rule": self.rrule, "start": start}, "zone": zone}
        assert old is not None
        return {"schedule_type": old.schedule_type, "schedule_config": old.schedule_config, "zone": zone}
