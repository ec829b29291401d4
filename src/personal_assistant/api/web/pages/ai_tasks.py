"""What is scheduled, and what can be done about it."""

from collections.abc import Callable

import sqlalchemy as sa
from starlette.responses import Response

from personal_assistant.ai import AITaskManager, acting, rows, undoing
from personal_assistant.ai.extras import Extras, find_extras
from personal_assistant.ai.lists.search import search
from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.jobs.queries import list_jobs
from personal_assistant.notifications import threads
from personal_assistant.notifications.inbox import messages_about, tries_of_each
from personal_assistant.store.tables import AI_TASK_STATES

_SHOWN = 50
_HISTORY, _MESSAGES = 20, 10
_BY = "web"


def listed(visit: Visit) -> Response:
    """The newest first, of one state, or those that are found."""
    words, state = visit.query("q"), visit.query("state")
    before = visit.place("before")
    with visit.runtime.db.read() as conn:
        if words:
            found = [hit.ai_task for hit in search(conn, visit.user_id, words, limit=_SHOWN).hits]
        else:
            chosen = state if state in AI_TASK_STATES else None
            page = rows.page(conn, visit.user_id, status=chosen, before=before, limit=_SHOWN + 1)
            found = [task for task, _ in page]
    more = found[_SHOWN - 1].id if len(found) > _SHOWN else None
    return visit.render(
        "ai_tasks.html", tasks=found[:_SHOWN], more=more, words=words, state=state, states=AI_TASK_STATES
    )


def shown(visit: Visit) -> Response:
    """One with its wishes, its next times, what has happened and what was told."""
    task_id = visit.number("task_id")
    with visit.runtime.db.read() as conn:
        task = rows.find(conn, task_id, visit.user_id)
        extras = find_extras(conn, [task_id]).get(task_id, Extras())
        history = list_jobs(conn, ai_task_id=task_id, limit=_HISTORY)
        messages = messages_about(conn, visit.user_id, task_id, _MESSAGES)
        tries = tries_of_each(conn, visit.user_id, [it.id for it in messages])
        thread = threads.newest(conn, task_id)
    try:
        rule = task.schedule.describe()
    except ValueError as error:
        rule = f"cannot fire: {error}"
    return visit.render(
        "ai_task.html",
        task=task,
        extras=extras,
        history=history,
        messages=messages,
        tries=tries,
        rule=rule,
        is_open=thread is not None and thread.done_at is None,
        recurs=len(task.upcoming(2)) > 1,
    )


def act(visit: Visit) -> Response:
    """Do what a button says."""
    task_id, what = visit.number("task_id"), visit.request.path_params["what"]
    if what in _CHANGES:
        word, change = _CHANGES[what]
    elif what in _ACTS:
        word, settle = _ACTS[what]
        change = _in_one(settle)
    else:
        return visit.render("missing.html", 404)
    can_undo = what in _UNDOABLE
    with visit.runtime.db.read() as conn:
        before = undoing.before(conn, visit.user_id, task_id) if can_undo else {}
    change(visit, task_id)
    if can_undo:
        with visit.runtime.db.write() as conn:
            undoing.keep(conn, before, visit.now)
    if what == "remove":
        return visit.go("/ai-tasks", f"{word}: {before['task']['title']}", undo=task_id)
    return visit.go(f"/ai-tasks/{task_id}", word, undo=task_id if can_undo else None)


def undo(visit: Visit) -> Response:
    """Take back the last thing that was done to it."""
    task_id = visit.number("task_id")
    with visit.runtime.db.write() as conn:
        undoing.undo(conn, visit.user_id, task_id, visit.now)
    return visit.go(f"/ai-tasks/{task_id}", "Undone")


def _manager(visit: Visit) -> AITaskManager:
    return AITaskManager(visit.runtime.db, visit.runtime.clock)


def _pause_until(visit: Visit, task_id: int) -> None:
    with visit.runtime.db.read() as conn:
        until = acting.until_in_words(conn, visit.user_id, visit.form.get("words", ""), visit.now)
    _manager(visit).pause_task(task_id, visit.user_id, until=until)


def _in_one(settle: Callable[[sa.Connection, Visit, int], object]) -> Callable[[Visit, int], object]:
    def settled(visit: Visit, task_id: int) -> None:
        with visit.runtime.db.write() as conn:
            settle(conn, visit, task_id)

    return settled


def _snooze(conn: sa.Connection, visit: Visit, task_id: int) -> None:
    until = acting.until_in_words(conn, visit.user_id, visit.form.get("words", ""), visit.now)
    acting.snooze_task(conn, visit.user_id, task_id, until, visit.now)


# What a button does, with the word for it when it is done.
_CHANGES: dict[str, tuple[str, Callable[[Visit, int], object]]] = {
    "pause": ("Paused", lambda it, task_id: _manager(it).pause_task(task_id, it.user_id)),
    "pause-until": ("Paused until then", _pause_until),
    "resume": ("Resumed", lambda it, task_id: _manager(it).resume_task(task_id, it.user_id)),
    "cancel": ("Cancelled", lambda it, task_id: _manager(it).cancel_task(task_id, it.user_id)),
    "run": ("It runs now", lambda it, task_id: _manager(it).run_now(task_id, it.user_id)),
    "remove": ("Removed", lambda it, task_id: _manager(it).delete_task(task_id, it.user_id)),
}
_ACTS: dict[str, tuple[str, Callable[[sa.Connection, Visit, int], object]]] = {
    "done": ("Done", lambda conn, it, task_id: acting.done_task(conn, it.user_id, task_id, it.now, _BY)),
    "skip": (
        "The next time is left out",
        lambda conn, it, task_id: acting.skip_next(conn, it.user_id, task_id, it.now),
    ),
    "snooze": ("Put off", _snooze),
}

_UNDOABLE = frozenset({"pause", "pause-until", "cancel", "remove", "skip"})

PAGES = [
    Page("/ai-tasks", listed, menu="AI tasks", order=20),
    Page("/ai-tasks/{task_id}", shown),
    Page("/ai-tasks/{task_id}/undo", undo, methods=("POST",)),
    Page("/ai-tasks/{task_id}/{what}", act, methods=("POST",)),
]
