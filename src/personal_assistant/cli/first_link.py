"""The link by which the owner gets in for the first time, printed where the web face is served."""

from typing import TYPE_CHECKING

from personal_assistant.cli.output import say

if TYPE_CHECKING:
    from personal_assistant.workers.runtime import Runtime


def say_first_link(runtime: "Runtime", served_at: str) -> None:
    """Print a one-time link while the owner has neither a password nor been signed in. `served_at` is a URL."""
    from personal_assistant.people.accounts import get_account
    from personal_assistant.people.one_time_links import create_link, url_of
    from personal_assistant.store.people import get_owner

    with runtime.db.write() as conn:
        owner = get_account(conn, get_owner(conn).id)
        if owner.has_password or owner.last_login is not None:
            return
        secret = create_link(conn, owner.id, "sign_in", runtime.clock.now())
    say(f"🔑 Sign in with this link, once and within 30 minutes: {url_of(served_at, 'sign_in', secret)}")
