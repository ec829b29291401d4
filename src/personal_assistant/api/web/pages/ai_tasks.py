"""What is scheduled, and what can be done about it."""

from collections.abc import Callable

import sqlalchemy as sa
from starlette.responses import Response

from personal_assistant.ai import AITaskManager, acting, rows
from personal_assistant.ai.extras import Extras, find_extras
from personal_assistant.ai.lists.search import search
from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.jobs.queries import list_jobs
from personal_assistant.notifications import threads
from personal_assistant.store.tables import AI_TASK_STATES

_SHOWN = 50
_BY = "web"


def listed(visit: Visit) -> Response:
    """The newest first, of one state, or those that are found."""
    words, state = visit.query("q"), visit.query("state")
    before = visit.query("before")
    with visit.runtime.db.read() as conn:
        if words:
            found = [hit.ai_task for hit in search(conn, visit.user_id, words, limit=_SHOWN).hits]
        else:
            chosen = state if state in AI_TASK_STATES else None
            last = int(before) if before.isdecimal() and before.isascii() else None
            page = rows.page(conn, visit.user_id, status=chosen, before=last, limit=_SHOWN + 1)
            found = [task for task, _ in page]
    more = found[_SHOWN - 1].id if len(found) > _SHOWN else None
    return visit.render(
        "ai_tasks.html", tasks=found[:_SHOWN], more=more, words=words, state=state, states=AI_TASK_STATES
    )


def shown(visit: Visit) -> Response:
    """One with its wishes, its next times and what has happened."""
    task_id = visit.number("task_id")
    with visit.runtime.db.read() as conn:
        task = rows.find(conn, task_id, visit.user_id)
        extras = find_extras(conn, [task_id]).get(task_id, Extras())
        history = list_jobs(conn, ai_task_id=task_id, limit=20)
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
        rule=rule,
        is_open=thread is not None and thread.done_at is None,
        recurs=len(task.upcoming(2)) > 1,
    )


def act(visit: Visit) -> Response:
    """Do what a button says."""
    task_id, what = visit.number("task_id"), visit.request.path_params["what"]
    if what in _CHANGES:
        word, change = _CHANGES[what]
        change(AITaskManager(visit.runtime.db, visit.runtime.clock))(task_id, visit.user_id)
    elif what in _ACTS:
        word, settle = _ACTS[what]
        with visit.runtime.db.write() as conn:
            settle(conn, visit, task_id)
    else:
        return visit.render("missing.html", 404)
    return visit.go("/ai-tasks" if what == "remove" else f"/ai-tasks/{task_id}", word)


def _snooze(conn: sa.Connection, visit: Visit, task_id: int) -> None:
    until = acting.until_in_words(conn, visit.user_id, visit.form.get("words", ""), visit.now)
    acting.snooze_task(conn, visit.user_id, task_id, until, visit.now)


# What a button does, with the word for it when it is done.
_CHANGES: dict[str, tuple[str, Callable[[AITaskManager], Callable[..., object]]]] = {
    "pause": ("Paused", lambda manager: manager.pause_task),
    "resume": ("Resumed", lambda manager: manager.resume_task),
    "cancel": ("Cancelled", lambda manager: manager.cancel_task),
    "run": ("It runs now", lambda manager: manager.run_now),
    "remove": ("Removed", lambda manager: manager.delete_task),
}
_ACTS: dict[str, tuple[str, Callable[[sa.Connection, Visit, int], object]]] = {
    "done": ("Done", lambda conn, it, task_id: acting.done_task(conn, it.user_id, task_id, it.now, _BY)),
    "skip": (
        "The next time is left out",
        lambda conn, it, task_id: acting.skip_next(conn, it.user_id, task_id, it.now),
    ),
    "snooze": ("Put off", _snooze),
}

PAGES = [
    Page("/ai-tasks", listed, menu="AI tasks", order=20),
    Page("/ai-tasks/{task_id}", shown),
    Page("/ai-tasks/{task_id}/{what}", act, methods=("POST",)),
]
