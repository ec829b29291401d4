"""Mail to people about how they sign in."""

import asyncio

from personal_assistant.errors import PermanentError
from personal_assistant.jobs.context import current_job
from personal_assistant.notifications.account_mail import ATTEMPTS, can_mail, parcel_for
from personal_assistant.notifications.model import QUEUE, Parcel
from personal_assistant.notifications.senders import config_of, sender_for
from personal_assistant.notifications.sending import LONGEST_SECONDS
from personal_assistant.people.one_time_links import Purpose
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.tasks import task


@task(queue=QUEUE, attempts=ATTEMPTS, time_limit=LONGEST_SECONDS + 30)
async def send_account_mail(purpose: Purpose, email: str) -> dict[str, bool]:
    """Send a link for an invitation or a new password to the person with that address, where there is one."""
    job, config = current_job(), config_of(runtime().settings)
    if not can_mail(config):
        raise PermanentError(
            "Links cannot be mailed: set ASSISTANT_SMTP_URL, ASSISTANT_MAIL_FROM and ASSISTANT_PUBLIC_URL. "
            "`assistant users link` makes one."
        )
    parcel = await asyncio.to_thread(_parcel, purpose, email, job.job_id, job.attempt)
    if parcel is None:
        return {"sent": False}
    async with asyncio.timeout(LONGEST_SECONDS):
        await sender_for("email", parcel.target.url).send(parcel, config)
    return {"sent": True}


def _parcel(purpose: Purpose, email: str, job_id: str, attempt: int) -> Parcel | None:
    current = runtime()
    with current.db.write() as conn:
        return parcel_for(conn, purpose, email, f"{job_id}:{attempt}", config_of(current.settings), current.clock.now())
