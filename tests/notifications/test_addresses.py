"""Addresses: added, named, put in order, edited and removed; their URLs are sealed and nowhere to be seen."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.databases import START

from personal_assistant.notifications.addresses import (
    add_address,
    edit_address,
    get_address,
    list_addresses,
    move,
    open_target,
    remove_address,
    set_enabled,
)
from personal_assistant.notifications.model import Address, AddressError, Target
from personal_assistant.notifications.signing import PREFIX
from personal_assistant.store.database import Database
from personal_assistant.store.key_file import KeyFile
from personal_assistant.store.people import get_owner
from personal_assistant.store.secrets import SecretsError, Vault
from personal_assistant.store.tables import addresses, deliveries, notification_settings, users

URL = "https://hooks.example.org/s3cret"
GIVEN = PREFIX + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0NTY3ODk="


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault with its key file in the test's folder."""
    return Vault(KeyFile(tmp_path))


def add(db: Database, vault: Vault, name: str | None = None, url: str = URL, secret: str | None = None) -> Address:
    with db.write() as conn:
        user_id = get_owner(conn).id
        return add_address(conn, vault, user_id, "webhook", url, name=name, secret=secret, now=START)[0]


def target_of(db: Database, vault: Vault, address_id: int) -> Target:
    with db.read() as conn:
        sealed = conn.execute(sa.select(addresses.c.sealed).where(addresses.c.id == address_id)).scalar_one()
    return open_target(vault, address_id, sealed)


def names(db: Database) -> list[str]:
    with db.read() as conn:
        return [it.name for it in list_addresses(conn, get_owner(conn).id)]


def test_an_address_is_sealed_masked_and_opened(db: Database, vault: Vault) -> None:
    with db.write() as conn:
        address, secret = add_address(conn, vault, get_owner(conn).id, "webhook", URL, now=START)
        row = conn.execute(sa.select(addresses)).one()
    assert (address.name, address.channel, address.position, address.enabled) == ("webhook", "webhook", 0, True)
    assert secret is not None and secret.startswith(PREFIX)
    assert target_of(db, vault, address.id) == Target(URL, secret)
    assert "s3cret" not in str(tuple(row)) and secret not in str(tuple(row))
    assert "s3cret" not in repr(address)


def test_a_secret_that_both_sides_know_already_is_kept(db: Database, vault: Vault) -> None:
    assert target_of(db, vault, add(db, vault, secret=GIVEN).id).secret == GIVEN
    with pytest.raises(AddressError, match="secret cannot be used"):
        add(db, vault, secret="short")


def test_names_are_given_in_turn_and_are_each_persons_own(db: Database, vault: Vault) -> None:
    assert [add(db, vault).name for _ in range(3)] == ["webhook", "webhook-2", "webhook-3"]
    assert add(db, vault, "  office ").name == "office"
    with pytest.raises(AddressError, match="already"):
        add(db, vault, "office")
    with db.write() as conn:
        other = _somebody(conn)
        assert add_address(conn, vault, other, "webhook", URL, name="office", now=START)[0].position == 0
        assert [it.name for it in list_addresses(conn, other)] == ["office"]
        with pytest.raises(AddressError, match="There is no address"):
            get_address(conn, other, "webhook")
    assert names(db) == ["webhook", "webhook-2", "webhook-3", "office"]


def _somebody(conn: sa.Connection) -> int:
    row = dict(conn.execute(sa.select(users)).mappings().one()) | {"email": "eve@localhost", "is_owner": False}
    del row["id"]
    return int(conn.execute(sa.insert(users).values(row).returning(users.c.id)).scalar_one())


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "two\nlines", "right\u202eleft", "12"])
def test_a_name_that_cannot_be_used_is_refused(name: str, db: Database, vault: Vault) -> None:
    with pytest.raises(AddressError, match="name"):
        add(db, vault, name)
    assert names(db) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "hooks.example.org",
        "ftp://x.org",
        "https://a:b@x.org",
        "https://x.org/\r\nX: y",
        "https://" + "x" * 5000,
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_not_repeated(url: str, db: Database, vault: Vault) -> None:
    with pytest.raises(AddressError) as raised:
        add(db, vault, url=url)
    assert not url.strip() or url not in str(raised.value)
    assert names(db) == []


def test_a_channel_without_addresses_is_refused(db: Database, vault: Vault) -> None:
    with db.write() as conn, pytest.raises(AddressError, match="email, sms, push, webhook"):
        add_address(conn, vault, get_owner(conn).id, "in_app", URL, now=START)


def test_a_person_has_twenty_addresses_at_most(db: Database, vault: Vault) -> None:
    for _ in range(20):
        add(db, vault)
    with pytest.raises(AddressError, match="at most 20"):
        add(db, vault)
    assert names(db)[-1] == "webhook-20"


@pytest.mark.parametrize(("place", "order"), [(1, "cab"), (2, "acb"), (3, "abc")])
def test_an_address_is_moved(place: int, order: str, db: Database, vault: Vault) -> None:
    *_, last = [add(db, vault, name) for name in "abc"]
    with db.write() as conn:
        assert [it.position for it in move(conn, last, place)] == [0, 1, 2]
        for wrong in (0, 4, -1):
            with pytest.raises(AddressError, match="There is no place"):
                move(conn, last, wrong)
    assert "".join(names(db)) == order


def test_editing_keeps_what_is_not_named(db: Database, vault: Vault) -> None:
    address = add(db, vault, secret=GIVEN)
    failed = {"last_error": "it answered 500", "last_error_at": START}
    with db.write() as conn:
        conn.execute(sa.update(addresses).values(failed))
        renamed, none = edit_address(conn, vault, address, name="office")
        assert (renamed.name, none) == ("office", None)
        assert conn.execute(sa.select(addresses.c.last_error)).scalar_one() == "it answered 500"
        moved, none = edit_address(conn, vault, renamed, url="https://other.example.net/x")
        assert moved.masked != address.masked and none is None
        assert conn.execute(sa.select(addresses.c.last_error)).scalar_one() is None
    assert target_of(db, vault, address.id) == Target("https://other.example.net/x", GIVEN)
    with db.write() as conn:
        _, secret = edit_address(conn, vault, moved, new_secret=True)
    assert secret not in (None, GIVEN)
    assert target_of(db, vault, address.id) == Target("https://other.example.net/x", secret)


def test_an_address_of_a_lost_key_can_be_given_anew(db: Database, vault: Vault) -> None:
    address = add(db, vault)
    vault.file.path.unlink()
    with db.write() as conn:
        with pytest.raises(SecretsError, match="does not hold"):
            edit_address(conn, vault, address, url=URL)
        _, secret = edit_address(conn, vault, address, url=URL, new_secret=True)
    assert target_of(db, vault, address.id) == Target(URL, secret)


def test_sealed_text_of_another_row_is_not_opened(db: Database, vault: Vault) -> None:
    one, two = add(db, vault), add(db, vault, url="https://other.example.net/x")
    with db.write() as conn:
        stolen = sa.select(addresses.c.sealed).where(addresses.c.id == one.id).scalar_subquery()
        conn.execute(sa.update(addresses).where(addresses.c.id == two.id).values(sealed=stolen))
    with pytest.raises(SecretsError, match="belongs to something else"):
        target_of(db, vault, two.id)


def test_removing_keeps_history_and_cleans_routes(db: Database, vault: Vault) -> None:
    one, two = add(db, vault, "one"), add(db, vault, "two")
    routes = {"reminder": [one.id, two.id], "alert": [one.id], "result": []}
    with db.write() as conn:
        user_id = get_owner(conn).id
        conn.execute(sa.insert(notification_settings).values(user_id=user_id, routes=routes, updated_at=START))
        sent = {
            "key": "k",
            "user_id": user_id,
            "channel": "webhook",
            "state": "sent",
            "created_at": START,
            "sent_at": START,
        }
        about = {"kind": "reminder", "title": "x", "address_id": one.id}
        conn.execute(sa.insert(deliveries).values(**sent, **about))
        remove_address(conn, one, START + timedelta(hours=1))
        settings = conn.execute(sa.select(notification_settings)).one()
        history = conn.execute(sa.select(deliveries)).one()
    assert names(db) == ["two"]
    assert settings.routes == {"reminder": [two.id], "result": []}
    assert settings.updated_at == START + timedelta(hours=1)
    assert (history.state, history.address_id) == ("sent", None)


def test_a_paused_address_stays(db: Database, vault: Vault) -> None:
    address = add(db, vault)
    with db.write() as conn:
        assert not set_enabled(conn, address, False).enabled
        assert not get_address(conn, owner_id := address.user_id, "webhook").enabled
        set_enabled(conn, address, True)
        assert get_address(conn, owner_id, str(address.id)).enabled
