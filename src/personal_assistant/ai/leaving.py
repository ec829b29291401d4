"""A person who leaves: nothing of theirs fires or goes out any more."""

from datetime import datetime

import sqlalchemy as sa

from personal_assistant.jobs.cancel import cancel_occurrences
from personal_assistant.notifications import threads
from personal_assistant.notifications.addresses import list_addresses, remove_address
from personal_assistant.people.accounts import Account, remove_account
from personal_assistant.people.audit import Actor
from personal_assistant.store.tables import ai_tasks


def remove_person(conn: sa.Connection, user_id: int, now: datetime, actor: Actor) -> Account:
    """Cancel a person's AI tasks, forget their addresses, and remove their account; returns who it was.

    Their history stays. Raises AccountError for the owner, AccountNotFoundError.
    """
    removed = remove_account(conn, user_id, now, actor)
    theirs = sa.and_(ai_tasks.c.user_id == user_id, ai_tasks.c.status.in_(("active", "paused", "processing")))
    ids = list(conn.execute(sa.select(ai_tasks.c.id).where(theirs).order_by(ai_tasks.c.id)).scalars())
    for task_id in ids:
        cancel_occurrences(conn, task_id, now)
        threads.stop(conn, [task_id])
    cancelled = {"status": "cancelled", "next_run_at": None, "updated_at": now, "revision": ai_tasks.c.revision + 1}
    conn.execute(sa.update(ai_tasks).where(theirs).values(cancelled))
    for address in list_addresses(conn, user_id):
        remove_address(conn, address, now)
    return removed
