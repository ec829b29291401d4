"""What `assistant notifications quiet-hours`, `route`, `cap` and `settings` do, on this machine and on another one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from personal_assistant.notifications import preferences
from personal_assistant.notifications.preferences import Preferences, get_preferences
from personal_assistant.store.message_tables import OUTWARD_CHANNELS

if TYPE_CHECKING:
    from personal_assistant.cli.remote import Remote
    from personal_assistant.cli.session import Session


class Wishes(Protocol):
    """What one person wishes of messages. Every method raises AssistantError for what cannot be."""

    zone: str

    def now(self) -> Preferences: ...

    def be_quiet(self, start: str | None, end: str | None) -> None: ...

    def route(self, kind: str, names: Sequence[str] | None) -> None: ...

    def cap(self, channel: str, most: int | None) -> None: ...


def wishes() -> Wishes:
    """Those at the assistant which the environment names, else at the one on this machine."""
    from personal_assistant.cli.remote import remote
    from personal_assistant.cli.session import session

    there = remote()
    return WishesHere(session()) if there is None else WishesThere(there)


class WishesHere:
    """On this machine."""

    def __init__(self, session: "Session") -> None:
        self._runtime, self._user_id, self.zone = session.runtime, session.owner.id, session.owner.zone

    def now(self) -> Preferences:
        with self._runtime.db.read() as conn:
            return get_preferences(conn, self._user_id)

    def be_quiet(self, start: str | None, end: str | None) -> None:
        with self._runtime.db.write() as conn:
            preferences.set_quiet_hours(conn, self._user_id, start, end, self._runtime.clock.now())

    def route(self, kind: str, names: Sequence[str] | None) -> None:
        with self._runtime.db.write() as conn:
            preferences.set_route(conn, self._user_id, kind, names, self._runtime.clock.now())

    def cap(self, channel: str, most: int | None) -> None:
        with self._runtime.db.write() as conn:
            preferences.set_cap(conn, self._user_id, channel, most, self._runtime.clock.now())


class WishesThere:
    """On another machine, over REST."""

    def __init__(self, there: "Remote") -> None:
        self._client, self.zone = there.client, there.owner.zone

    def now(self) -> Preferences:
        hours, routes, caps = (self._client.get_wishes(what) for what in ("quiet-hours", "routes", "caps"))
        return Preferences(
            hours["start"],
            hours["end"],
            {kind: routes[kind] for kind in preferences.KINDS if routes[kind] is not None},
            {channel: caps[channel] for channel in OUTWARD_CHANNELS if caps[channel] is not None},
        )

    def be_quiet(self, start: str | None, end: str | None) -> None:
        self._client.set_wishes("quiet-hours", {"start": start, "end": end})

    def route(self, kind: str, names: Sequence[str] | None) -> None:
        if kind not in preferences.KINDS:
            raise preferences.unknown_kind(kind)
        self._change("routes", kind, None if names is None else list(names))

    def cap(self, channel: str, most: int | None) -> None:
        if channel not in OUTWARD_CHANNELS:
            raise preferences.uncapped(channel)
        self._change("caps", channel, most)

    def _change(self, what: str, name: str, value: object) -> None:
        """One of several that are put together: only where nobody else has changed them meanwhile."""
        found = self._client.get_wishes(what)
        revision = found.pop("revision")
        self._client.set_wishes(what, {**found, name: value}, revision)
