"""One-time links: once, in time, for one purpose."""

from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from tests.people.support import BY_OWNER, OWNER, member

from personal_assistant.people.accounts import deactivate, edit_account
from personal_assistant.people.one_time_links import LASTS, Purpose, create_link, find_link, url_of, use_link
from personal_assistant.store.database import Database
from personal_assistant.store.tables import one_time_links
from personal_assistant.timing.clock import ManualClock


@pytest.mark.parametrize("purpose", list(LASTS))
def test_a_link_works_once_in_its_time_for_its_purpose(db: Database, clock: ManualClock, purpose: Purpose) -> None:
    with db.write() as conn:
        secret, late, other = (create_link(conn, OWNER, purpose, clock.now()) for _ in range(3))
        assert secret not in str(conn.execute(sa.select(one_time_links)).all())
        for wrong in (it for it in LASTS if it != purpose):
            assert use_link(conn, secret, wrong, clock.now()) is None
        clock.advance(LASTS[purpose].total_seconds() - 1)
        for _ in range(2):  # looking does not use it up
            found = find_link(conn, secret, purpose, clock.now())
            assert found is not None
            assert found.user_id == OWNER
        clock.advance(1)
        assert use_link(conn, late, purpose, clock.now()) is None
        clock.advance(-1)
        assert use_link(conn, secret, purpose, clock.now()) == OWNER
        assert use_link(conn, secret, purpose, clock.now()) is None
        assert use_link(conn, other, purpose, clock.now()) is None  # ended with it


def test_of_two_who_use_a_link_at_once_one_gets_in(db: Database, clock: ManualClock) -> None:
    for _ in range(5):
        with db.write() as conn:
            secret = create_link(conn, OWNER, "sign_in", clock.now())
        start, got = Barrier(4), list[int | None]()

        def use(start: Barrier = start, secret: str = secret, got: list[int | None] = got) -> None:
            start.wait()
            with db.write() as conn:
                got.append(use_link(conn, secret, "sign_in", clock.now()))

        threads = [Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(got, key=str) == [OWNER, None, None, None]


def test_links_end_when_their_person_changes(db: Database, clock: ManualClock) -> None:
    other, now = member(db, clock), clock.now()
    with db.write() as conn:
        invite, reset, sign_in = (create_link(conn, other, it, now) for it in ("invite", "reset", "sign_in"))
        edit_account(conn, other, now, {"email": "new@example.org"}, actor=BY_OWNER)
        assert find_link(conn, invite, "invite", now) is find_link(conn, reset, "reset", now) is None
        assert find_link(conn, sign_in, "sign_in", now) is not None
        deactivate(conn, other, now, BY_OWNER)
        assert find_link(conn, sign_in, "sign_in", now) is None
        for wrong in ("", "é" * 43, "\ud800" * 43, "x" * 10_000):
            assert find_link(conn, wrong, "sign_in", now) is None


def test_where_a_link_leads() -> None:
    assert url_of("https://a.example/", "reset", "s") == "https://a.example/link/reset/s"
    assert url_of("http://127.0.0.1:8400", "invite", "s") == "http://127.0.0.1:8400/link/invite/s"
