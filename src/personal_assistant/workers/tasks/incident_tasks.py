"""What went wrong again and again, told once a day."""

from personal_assistant.notifications import incidents
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.workers.options import Timetable
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.tasks import task

QUEUE = "maintenance_tasks"


@task(queue=QUEUE, timetable=Timetable("daily", {"hour": 8, "minute": 0}))
def tell_incidents() -> dict[str, int]:
    """Tell everybody in one message what failed again since they were told of it."""
    now = runtime().clock.now()
    with runtime().db.write() as conn:
        told = incidents.digests(conn, now)
        deliver(conn, told, now)
    return {"told": len(told)}
