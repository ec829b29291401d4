"""Templates. All that is written into them is escaped."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from personal_assistant import __version__
from personal_assistant.ai.formatting import sign
from personal_assistant.ai.model import AITask
from personal_assistant.api.web.agents import browser_name
from personal_assistant.timing.missed import spoken
from personal_assistant.timing.zones import get_zone

_LOADED = PackageLoader("personal_assistant.api.web", "templates")


@cache
def _environment() -> Environment:
    from personal_assistant.api.web.registry import menu, modules

    others = [module.TEMPLATES for module in modules() if hasattr(module, "TEMPLATES")]
    made = Environment(
        loader=ChoiceLoader([_LOADED, *others]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"menu": menu, "version": __version__, "rule": _rule}
    made.filters |= {"day": _day, "clock": _clock, "precise": _precise, "ago": _ago, "took": _took}
    made.filters |= {"sign": sign, "last_part": _last_part, "browser_name": browser_name}
    return made


def render(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from a template and its values."""
    return HTMLResponse(_environment().get_template(template).render(**values), status)


def _local(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(get_zone(zone))


def _day(instant: datetime | None, zone: str) -> str:
    return "–" if instant is None else f"{_local(instant, zone):%a %d %b %Y %H:%M}"


def _clock(instant: datetime | None, zone: str) -> str:
    return "–" if instant is None else f"{_local(instant, zone):%H:%M}"


def _precise(instant: datetime | None, zone: str) -> str:
    return "–" if instant is None else f"{_local(instant, zone):%d %b %Y %H:%M:%S}"


def _ago(instant: datetime | None, now: datetime) -> str:
    if instant is None:
        return ""
    return f"in {spoken(instant - now)}" if instant > now else f"{spoken(now - instant)} ago"


def _took(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else spoken(timedelta(seconds=seconds))


def _rule(task: AITask) -> str:
    try:
        return task.schedule.describe()
    except ValueError as error:  # an odd row of the earlier scheduler
        return f"cannot fire: {error}"


def _last_part(name: str) -> str:
    parts: Sequence[str] = name.split(".")
    return parts[-1]
