"""Today: what needs you, what is next, what happened; and a box to type a reminder into."""

from starlette.responses import Response

from personal_assistant.ai import AITaskManager, formatting
from personal_assistant.ai.lists import views
from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.timing.language import TimeRefused, understand_sentence
from personal_assistant.workers.liveness import scheduler_alive

_MOST = 40
_COME = ("planned", "snoozed")


def today(visit: Visit) -> Response:
    """The page, or its lists alone when they have changed."""
    with visit.runtime.db.read() as conn:
        overdue = views.overdue(conn, visit.user_id, visit.now, _MOST)
        day = views.today(conn, visit.user_id, visit.now, _MOST)
        upcoming = views.upcoming(conn, visit.user_id, visit.now, 7, 12)
    ahead = [it for it in day.entries if it.at > visit.now and it.state in _COME]
    return visit.render(
        "today.html",
        overdue=overdue,
        ahead=ahead or upcoming.entries,
        is_ahead_today=bool(ahead),
        happened=[it for it in reversed(day.entries) if it.at <= visit.now and it.state != "open"],
        alive=scheduler_alive(visit.runtime),
    )


def preview(visit: Visit) -> Response:
    """What is typed, as it is understood; nothing is scheduled."""
    words = visit.query("words", 1000)
    try:
        meant = understand_sentence(words, now=visit.now, zone=visit.account.zone) if words else None
        return visit.render("preview.html", meant=meant, refused="")
    except TimeRefused as refused:
        return visit.render("preview.html", meant=None, refused=formatting.refusal(refused))


def remind(visit: Visit) -> Response:
    """Schedule what was typed."""
    manager = AITaskManager(visit.runtime.db, visit.runtime.clock)
    task = manager.create_from_words(visit.user_id, visit.form.get("words", ""))
    return visit.go("/", f"Scheduled: {task.title}")


PAGES = [
    Page("/", today, menu="Today", order=10),
    Page("/preview", preview),
    Page("/remind", remind, methods=("POST",)),
]
