"""Links in messages, over HTTP: looking changes nothing, the button does, and nobody can make one up."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from tests.ai.support import OWNER, another_person, run_due
from tests.api.support import server

from personal_assistant.ai import AITaskManager
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.links import LinkError, LinkExpiredError, links_for, read_link
from personal_assistant.notifications.model import Message
from personal_assistant.notifications.senders import SendingConfig, config_of
from personal_assistant.notifications.threads import done
from personal_assistant.settings import Settings
from personal_assistant.store.secrets import Vault, vault_of
from personal_assistant.store.tables import deliveries
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

KEY = b"k" * 32
PUBLIC = "https://assistant.example.org"


class OneKey(Vault):
    """A vault whose derived key is given."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def derive(self, purpose: str) -> bytes:
        return self._key


def config(public_url: str = PUBLIC) -> SendingConfig:
    return config_of(Settings(_env_file=None, public_url=public_url))  # type: ignore[call-arg]


def told(runtime: Runtime, title: str = "Water the plants", user_id: int = OWNER, key: str = "") -> int:
    """A message; returns its id."""
    message = Message(key or f"m{user_id}", user_id, "reminder", title, None, None)
    with runtime.db.write() as conn:
        deliver(conn, [message], runtime.clock.now())
        return int(conn.execute(sa.select(sa.func.max(deliveries.c.id))).scalar_one())


def path_to(runtime: Runtime, message_id: int, user_id: int = OWNER) -> str:
    vault = vault_of(runtime.settings)
    (link,) = links_for(message_id, user_id, config(), vault, runtime.clock.now())
    return urlsplit(link.url).path


def row(runtime: Runtime, message_id: int) -> tuple[object, ...]:
    with runtime.db.read() as conn:
        return tuple(conn.execute(sa.select(deliveries).where(deliveries.c.id == message_id)).one())


def test_looking_changes_nothing_and_the_button_acts_once(runtime: Runtime, clock: ManualClock) -> None:
    message_id = told(runtime, "<b>Water</b> & feed")
    path, before = path_to(runtime, message_id), row(runtime, message_id)
    with server(runtime) as ask:
        page = ask(path)
        assert (page.status, ask(path, "HEAD").status) == (200, 200)
        assert "&lt;b&gt;Water&lt;/b&gt; &amp; feed" in page.text
        assert '<button class="main" name="done" value="1">Done</button>' in page.text
        assert "script" not in page.text
        assert "form-action 'self'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert row(runtime, message_id) == before
        assert ask(path, "POST", b"x" * 100_000).status == 413
        assert row(runtime, message_id) == before
        acted = ask(path, "POST")
        assert (acted.status, "Done on Tue 02 Jun 2026, 12:00." in acted.text) == (200, True)
        after = row(runtime, message_id)
        assert after != before
        clock.advance(60)
        assert ask(path, "POST").status == 200
        assert row(runtime, message_id) == after
        assert "<form" not in ask(path).text
        assert ask(path, "DELETE").status == 405


def test_it_is_put_off_in_words_and_what_is_not_understood_changes_nothing(runtime: Runtime) -> None:
    message_id = told(runtime)
    path = path_to(runtime, message_id)
    with server(runtime) as ask:
        acted = ask(path, "POST", b"snooze=until+tomorrow+at+9am")
        assert (acted.status, "It comes again on Wed 03 Jun 2026, 09:00." in acted.text) == (200, True)
        before = row(runtime, message_id)
        for body in (b"snooze=whenever", b"snooze=yesterday", b"snooze=every+day", b"snooze=%00%ff<script>", b"skip=1"):
            refused = ask(path, "POST", body)
            assert (refused.status, "<script" in refused.text) == (422, False), body
        assert row(runtime, message_id) == before


def test_the_next_time_of_what_recurs_can_be_skipped(runtime: Runtime, clock: ManualClock) -> None:
    manager = AITaskManager(runtime.db, clock)
    task = manager.create_from_words(OWNER, "Water the plants", when="every day at 6pm")
    clock.advance(6 * 3600)
    run_due(runtime)
    with runtime.db.read() as conn:
        message_id = conn.execute(sa.select(deliveries.c.id)).scalar_one()
    path = path_to(runtime, message_id)
    with server(runtime) as ask:
        assert "Skip the next time" in ask(path).text
        acted = ask(path, "POST", b"skip=1")
    assert (acted.status, "It comes again on Thu 04 Jun 2026, 18:00." in acted.text) == (200, True)
    assert manager.get_task(task.id).next_run_at == clock.now() + timedelta(days=2)


def test_a_link_ends_with_its_time_its_message_and_its_person(runtime: Runtime, clock: ManualClock) -> None:
    message_id = told(runtime)
    mine, hers = path_to(runtime, message_id), path_to(runtime, message_id, another_person(runtime.db))
    with server(runtime) as ask:
        assert (ask(hers).status, ask(hers, "POST").status) == (404, 404)
        assert ask("/a/x", "POST").status == 403
        clock.advance(7 * 86_400)
        late = ask(mine, "POST")
        assert late.status == 410
        assert "has expired" in late.text
        with runtime.db.read() as conn:
            assert conn.scalar(sa.select(deliveries.c.done_at)) is None


def test_done_counts_for_all_of_the_thread(runtime: Runtime) -> None:
    first = told(runtime)
    again = Message("again", OWNER, "reminder", "Water the plants", None, None)
    with runtime.db.write() as conn:
        deliver(conn, [again], runtime.clock.now())
        follower = deliveries.c.id > first
        conn.execute(sa.update(deliveries).where(follower).values(thread_id=first))
        conn.execute(sa.update(deliveries).where(deliveries.c.id == first).values(follow_at=runtime.clock.now()))
        assert done(
            conn, OWNER, conn.scalars(sa.select(deliveries.c.id).where(follower)).one(), runtime.clock.now(), "cli"
        )
        chosen = sa.select(*deliveries.c["done_by", "follow_at"]).order_by(deliveries.c.id)
        assert [tuple(it) for it in conn.execute(chosen)] == [("cli", None), ("cli", None)]


def _token(clock: ManualClock, key: bytes = KEY) -> str:
    (link,) = links_for(12, OWNER, config(), OneKey(key), clock.now())
    return link.url.removeprefix(f"{PUBLIC}/a/")


@given(st.data())
def test_a_token_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    from tests.support.databases import START

    clock = ManualClock(START)
    token = _token(clock)
    for place in range(len(token)):
        other = data.draw(st.characters(codec="utf-8", exclude_characters=token[place]))
        with pytest.raises(LinkError):
            read_link(token[:place] + other + token[place + 1 :], [KEY], clock.now())


def test_every_bit_of_a_token_counts(clock: ManualClock) -> None:
    token = _token(clock).encode()
    for place in range(len(token)):
        for bit in range(8):
            changed = token[:place] + bytes([token[place] ^ 1 << bit]) + token[place + 1 :]
            with pytest.raises(LinkError):
                read_link(changed.decode("latin-1"), [KEY], clock.now())


def test_keys_change_and_links_expire(clock: ManualClock) -> None:
    token, other = _token(clock), b"o" * 32
    linked = read_link(token, [other, KEY], clock.now())
    assert (linked.message_id, linked.user_id) == (12, OWNER)
    assert linked.expires_at == clock.now() + timedelta(days=7)
    with pytest.raises(LinkError, match="was changed"):
        read_link(token, [other], clock.now())
    with pytest.raises(LinkExpiredError):
        read_link(token, [KEY], clock.now() + timedelta(days=7))
    assert links_for(12, OWNER, config(""), OneKey(KEY), clock.now()) == ()
