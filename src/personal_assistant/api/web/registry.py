"""Which pages there are.

A family adds its own by an entry point of the group `personal_assistant.pages`: a module with a list `PAGES` and, where
they have templates, a Jinja loader `TEMPLATES`. Nothing else is to be edited.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from personal_assistant.api.web.visit import Visit

_GROUP = "personal_assistant.pages"
# In this order addresses are compared: those of the first come before those with a gap for anything.
_OWN = (
    "today",
    "calendar",
    "ai_task_edit",
    "ai_tasks",
    "wishes",
    "channels",
    "notifications",
    "jobs",
    "schedules",
    "workers",
    "system",
    "me",
    "people",
)


@dataclass(frozen=True, slots=True)
class Page:
    """One address of the dashboard.

    handler: answers a visit of somebody who is signed in; it runs in a thread. methods: GET, or POST for what changes
    something, whose form has been checked. menu: its name in the menu, for pages that stand there, by `order`.
    admin: only for who looks after the assistant; for others it is not there.
    """

    path: str
    handler: Callable[["Visit"], Response]
    methods: tuple[str, ...] = ("GET",)
    menu: str = ""
    order: int = 0
    admin: bool = False


@cache
def modules() -> tuple[ModuleType, ...]:
    """The modules that have pages: our own, then those of other packages."""
    own = [import_module(f"personal_assistant.api.web.pages.{name}") for name in _OWN]
    return (*own, *(it.load() for it in sorted(entry_points(group=_GROUP), key=lambda it: it.name)))


def all_pages() -> Sequence[Page]:
    """Every page."""
    return [page for module in modules() for page in module.PAGES]


def menu(admin: bool) -> list[Page]:
    """The pages of the menu, in its order."""
    return sorted((it for it in all_pages() if it.menu and (admin or not it.admin)), key=lambda it: it.order)
