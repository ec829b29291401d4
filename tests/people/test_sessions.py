"""Sessions: when they end, and what is kept of them."""

from datetime import timedelta

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from tests.people.support import BY_OWNER, OWNER, member
from tests.support.databases import START

from personal_assistant.people.accounts import deactivate
from personal_assistant.people.sessions import (
    IDLE,
    LONGEST,
    create_session,
    end_session,
    end_sessions,
    find_session,
    is_csrf,
    list_sessions,
    note_use,
)
from personal_assistant.store.database import Database
from personal_assistant.store.people import create_owner
from personal_assistant.store.tables import metadata, sessions, users
from personal_assistant.timing.clock import ManualClock


def test_only_the_hash_of_a_cookie_is_kept(db: Database, clock: ManualClock) -> None:
    with db.write() as conn:
        made = {create_session(conn, OWNER, clock.now(), agent="A\x1bgent" * 100, by="link") for _ in range(30)}
        assert len(made) == 30
        kept = str(conn.execute(sa.select(sessions)).all())
        found = [find_session(conn, secret, clock.now()) for secret in made]
        assert not any(secret in kept or session is None or session.csrf in kept
                       for secret, session in zip(made, found, strict=True))  # fmt: skip
        assert len({it.csrf for it in found if it}) == 30
        for wrong in ("", "x", "é" * 43, "\ud800" * 43, next(iter(made)).swapcase()):
            assert find_session(conn, wrong, clock.now()) is None
        session = found[0]
        assert session is not None
        assert is_csrf(session, session.csrf)
        assert not any(is_csrf(session, wrong) for wrong in ("", "é", "\ud800", session.csrf[:-1], session.csrf + "0"))
        assert list_sessions(conn, OWNER, clock.now())[0].agent.startswith("AgentAgent")


def test_one_ends_ones_own_sessions_only(db: Database, clock: ManualClock) -> None:
    other, now = member(db, clock), clock.now()
    with db.write() as conn:
        mine, hers = (create_session(conn, who, now, agent="", by="link") for who in (OWNER, other))
        further = create_session(conn, OWNER, now, agent="", by="link")
        found = find_session(conn, mine, now)
        assert found is not None
        assert not end_session(conn, other, found.id)
        assert not end_session(conn, OWNER, 2**40)
        assert end_sessions(conn, OWNER, but=found.id) == 1
        assert find_session(conn, further, now) is None
        assert find_session(conn, mine, now) is not None
        assert end_session(conn, OWNER, found.id)
        assert find_session(conn, mine, now) is None
        assert find_session(conn, hers, now) is not None
        deactivate(conn, other, now, BY_OWNER)
        assert find_session(conn, hers, now) is None


def test_old_sessions_are_forgotten(db: Database, clock: ManualClock) -> None:
    with db.write() as conn:
        create_session(conn, OWNER, clock.now(), agent="", by="link")
        clock.advance(LONGEST.total_seconds())
        create_session(conn, OWNER, clock.now(), agent="", by="link")
        assert conn.execute(sa.select(sa.func.count()).select_from(sessions)).scalar_one() == 1


@given(st.lists(st.integers(0, 20 * 24 * 3600), max_size=12))
def test_a_session_lives_for_14_days_after_its_last_use_and_60_in_all(pauses: list[int]) -> None:
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine, tables=[metadata.tables["roles"], users, sessions])
    clock, last, lives = ManualClock(START), START, True
    with engine.begin() as conn:
        create_owner(conn, name=None, zone="UTC", now=START)
        secret = create_session(conn, OWNER, START, agent="", by="link")
        for pause in pauses:
            clock.advance(pause)
            now = clock.now()
            lives = lives and now - last < IDLE and now - START < LONGEST
            session = find_session(conn, secret, now)
            assert (session is not None) == lives
            if session is None:
                continue
            assert session.note_due == (now - last >= timedelta(minutes=1))
            if session.note_due:
                note_use(conn, session.id, now)
                last = now
    engine.dispose()
