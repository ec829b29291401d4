"""Links to sign in with, by mail: an invitation, and a new password for one that was forgotten.

The link is made when the mail is sent, so that its secret stands in the mail only: not in the ledger, nor in a list of
messages that others of the person's programs can read.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.model import NewJob
from personal_assistant.notifications.model import QUEUE, Address, Link, Parcel, Refused, Target
from personal_assistant.notifications.senders import SendingConfig, config_of
from personal_assistant.notifications.senders.mailbox import sender_of
from personal_assistant.notifications.senders.smtp_server import read_smtp_url
from personal_assistant.people import audit, tries
from personal_assistant.people.accounts import MAX_EMAIL, Account, find_account
from personal_assistant.people.one_time_links import Purpose, create_link, url_of
from personal_assistant.settings import Settings
from personal_assistant.store.database import Database
from personal_assistant.store.plain import plain_text
from personal_assistant.store.web_address import base_of_links

TASK = "personal_assistant.workers.tasks.people_tasks.send_account_mail"
ATTEMPTS = 5
_FREE_BY_ADDRESS = 5
_FREE_BY_CLIENT = 20
_TITLES: Mapping[Purpose, str] = {
    "invite": "You are invited to this assistant",
    "reset": "A new password for your assistant",
}
_BODIES: Mapping[Purpose, str] = {
    "invite": "Choose a password to begin. The link works once, within 7 days.",
    "reset": (
        "Somebody, hopefully you, asked for a new password. The link works once, within an hour. "
        "If it was not you, do nothing: your password stays as it is."
    ),
}
_LABELS: Mapping[Purpose, str] = {"invite": "Choose a password", "reset": "Choose a new password"}


def can_mail(config: SendingConfig) -> bool:
    """Whether links can go out by mail: it needs a mail server, a sender and the URL of the web face, all usable.

    Where it said so and could not, a link would be neither mailed nor shown.
    """
    if not config.public_url:
        return False
    try:
        read_smtp_url(config.smtp_url, config.private_hosts)
        sender_of(config.mail_from)
    except Refused:
        return False
    return True


def mail_link(conn: sa.Connection, purpose: Purpose, email: str, now: datetime) -> str:
    """Have a link sent to the person with that address, where there is one; returns the job's id."""
    address = plain_text(email[:MAX_EMAIL].strip())
    about = sha256(address.lower().encode("utf-8", "replace")).hexdigest()
    job = NewJob(
        task=TASK,
        queue=QUEUE,
        args=(purpose, address),
        max_attempts=ATTEMPTS,
        unique_key=f"account_mail:{purpose}:{about}",
    )
    return enqueue(conn, job, now=now)


def hand_out(conn: sa.Connection, purpose: Purpose, account: Account, settings: Settings, now: datetime) -> str | None:
    """Have a link mailed; where that cannot be, the link, which an admin hands on."""
    config = config_of(settings)
    if can_mail(config):
        mail_link(conn, purpose, account.email, now)
        return None
    base = base_of_links(settings.public_url, settings.data_dir)
    return url_of(base, purpose, create_link(conn, account.id, purpose, now))


def ask_for_reset(db: Database, email: str, now: datetime, client: str | None) -> None:
    """Have a link for a new password sent, where somebody has that address.

    It does the same and takes the same time where nobody has. Raises LockedOutError for who asks too often.
    """
    subjects = [tries.Subject("reset", email[:MAX_EMAIL].strip().lower(), _FREE_BY_ADDRESS)]
    if client is not None:
        subjects.append(tries.of_client("reset", client, _FREE_BY_CLIENT))
    with db.write() as conn:
        tries.begin(conn, subjects, now)
        mail_link(conn, "reset", email, now)


def parcel_for(
    conn: sa.Connection, purpose: Purpose, email: str, key: str, config: SendingConfig, now: datetime
) -> Parcel | None:
    """The mail with a new link; None where nobody who is switched on has that address.

    `key` is of this attempt: each has a link of its own.
    """
    account = find_account(conn, email)
    if account is None or not account.is_active:
        return None
    audit.note(conn, None, "link.mailed", f"user:{account.id}", now, by="mail", details={"purpose": purpose})
    link = Link(_LABELS[purpose], url_of(config.public_url, purpose, create_link(conn, account.id, purpose, now)))
    return Parcel(
        key=key,
        attempt=1,
        address=_address(account),
        target=Target(account.email, None),
        message_id=0,
        kind="account",
        topic=purpose,
        title=_TITLES[purpose],
        body=_BODIES[purpose],
        urgent=True,
        due_at=None,
        created_at=now,
        zone=account.zone,
        person=account.full_name or "",
        links=(link,),
    )


def _address(account: Account) -> Address:
    return Address(0, account.id, "email", "email", "", 0, True)
