"""Changing an AI task."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from personal_assistant.ai import AITask, AITaskManager, formatting
from personal_assistant.ai.extras import Extras
from personal_assistant.ai.model import AITaskError
from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.store.message_tables import PRIORITIES
from personal_assistant.store.tables import MISSED_POLICIES
from personal_assistant.timing.language import TimeRefused, understand
from personal_assistant.timing.zones import UnknownZoneError

_TEXTS = ("title", "when", "zone", "description", "notes", "tags")
_EXTRAS = ("priority", "tags", "notes")
_FIELDS = (*_TEXTS, "priority", "missed_policy")


def asked(visit: Visit) -> Response:
    """The form, with what the AI task is now."""
    manager = AITaskManager(visit.runtime.db, visit.runtime.clock)
    task = manager.get_task(visit.number("task_id"), visit.user_id)
    return _form(visit, task, _values(task, manager.extras_of(task.id)), task.revision)


def changed(visit: Visit) -> Response:
    """Write what is another than before; what cannot be is told beside what was typed."""
    manager = AITaskManager(visit.runtime.db, visit.runtime.clock)
    task = manager.get_task(visit.number("task_id"), visit.user_id)
    typed = {name: visit.form.get(name, "").replace("\r\n", "\n").strip() for name in _FIELDS}
    revision = visit.form.get("revision", "")
    seen = int(revision) if revision.isascii() and revision.isdecimal() and len(revision) < 10 else -1
    old = _values(task, manager.extras_of(task.id))
    try:
        changes, extras = _changes(manager, typed, old, task)
        if changes or extras or seen != task.revision:
            manager.update_task(task.id, visit.user_id, if_revision=seen, extras=extras, **changes)
    except AITaskError as error:
        return _form(visit, task, typed, seen, str(error))
    return visit.go(f"/ai-tasks/{task.id}", "Changed" if changes or extras else "Nothing was changed")


def preview(visit: Visit) -> Response:
    """What a time in words means, as it is typed; nothing is changed."""
    words, zone = visit.query("when", 1000), visit.query("zone") or visit.account.zone
    try:
        meant = understand(words, now=visit.now, zone=zone) if words else None
        return visit.render("preview.html", meant=meant, refused="")
    except TimeRefused as refused:
        return visit.render("preview.html", meant=None, refused=formatting.refusal(refused))
    except UnknownZoneError as error:
        return visit.render("preview.html", meant=None, refused=str(error))


def _changes(
    manager: AITaskManager, typed: Mapping[str, str], old: Mapping[str, str], task: AITask
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields and the extras that differ. Raises AITaskError."""
    new = {name: text for name, text in typed.items() if text != old[name]}
    changes: dict[str, Any] = {name: new[name] for name in ("title", "description", "missed_policy") if name in new}
    if "when" in new:
        changes |= manager.schedule_from_words(new["when"], typed["zone"] or task.zone)
    elif "zone" in new:
        changes |= {"zone": new["zone"]}
    extras: dict[str, Any] = {name: new[name] for name in _EXTRAS if name in new}
    if "tags" in extras:
        extras["tags"] = extras["tags"].split(",")
    return changes, extras


def _values(task: AITask, extras: Extras) -> dict[str, str]:
    """What stands in the fields. A schedule in words means the same schedule when it is read."""
    try:
        when = task.schedule.describe()
    except ValueError:  # an odd row of the earlier scheduler
        when = ""
    return {
        "title": task.title,
        "when": when,
        "zone": task.zone,
        "description": task.description or "",
        "notes": extras.notes or "",
        "tags": ", ".join(extras.tags),
        "priority": extras.priority,
        "missed_policy": task.missed_policy,
    }


def _form(visit: Visit, task: AITask, values: Mapping[str, str], revision: int, refused: str = "") -> Response:
    return visit.render(
        "ai_task_edit.html", 422 if refused else 200, task=task, values=values, revision=revision, refused=refused,
        priorities=PRIORITIES, policies=MISSED_POLICIES, is_stale=revision != task.revision,
    )  # fmt: skip


PAGES = [
    Page("/ai-tasks/when", preview),
    Page("/ai-tasks/{task_id}/edit", asked),
    Page("/ai-tasks/{task_id}/edit", changed, methods=("POST",)),
]
