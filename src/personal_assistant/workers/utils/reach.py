"""Health of the ways to reach people: addresses that fail, and mail without a server that takes it."""

import shlex
from collections.abc import Iterator

import sqlalchemy as sa

from personal_assistant.store.tables import addresses
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.utils.findings import Finding

_CHECK = "channels"
_MOST_NAMED = 10


def check_reach(runtime: Runtime) -> Iterator[Finding]:
    """What is known of the addresses that are used."""
    failing = sa.and_(
        addresses.c.enabled,
        addresses.c.last_error_at.is_not(None),
        sa.or_(addresses.c.last_sent_at.is_(None), addresses.c.last_error_at > addresses.c.last_sent_at),
    )
    mail = sa.select(sa.func.count()).where(addresses.c.channel == "email", addresses.c.enabled)
    with runtime.db.read() as conn:
        rows = conn.execute(sa.select(addresses).where(failing).order_by(addresses.c.id)).all()
        mailboxes = conn.execute(mail).scalar_one()
    for row in rows[:_MOST_NAMED]:
        message = f"The last message to {row.name} ({row.masked}) of person {row.user_id} failed: {row.last_error}"
        fix = f"Mend its cause, then `assistant channels test {shlex.quote(row.name)}`; or pause or remove it."
        yield Finding(_CHECK, "warning", message[:500], fix)
    if len(rows) > _MOST_NAMED:
        yield Finding(_CHECK, "warning", f"{len(rows) - _MOST_NAMED} more addresses fail.", "See above.")
    if mailboxes and not runtime.settings.smtp_url.get_secret_value():
        message = f"{mailboxes} address(es) of the channel email are used, and no server is set that takes mail."
        fix = "Set ASSISTANT_SMTP_URL (smtp://user:password@host:587) and ASSISTANT_MAIL_FROM."
        yield Finding(_CHECK, "error", message, fix)
