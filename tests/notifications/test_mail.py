"""Mail: how it reaches a server, and what every answer and every failure of a server means."""

import asyncio
import gc
import socket
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.support.hostile_http import never_connects, refusing_url
from tests.support.parcels import parcel, sending
from tests.support.smtp import (
    HANG,
    HANG_UP,
    PASSWORD,
    USER,
    HostileSmtp,
    Mailbox,
    mail_server,
    new_certificate,
    tls_and_login,
)

from personal_assistant.notifications.model import AddressError, Parcel, Refused, TryLater, Unknown
from personal_assistant.notifications.senders import SendingConfig, check_target, smtp_pool
from personal_assistant.notifications.senders.mail import MailSender
from personal_assistant.notifications.senders.smtp_server import read_smtp_url

ADA = "ada@example.org"
Outcome = str | Refused | TryLater | Unknown


@pytest.fixture
def server() -> Iterator[tuple[Mailbox, int]]:
    with mail_server() as it:
        yield it


@pytest.fixture(scope="module")
def made_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def certificate(made_certificate: Path) -> Iterator[Path]:
    """A handshake that fails leaves its transport to the garbage collector, which warns in whatever test it runs in."""
    yield made_certificate
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def _config(url: str, **more: Any) -> SendingConfig:
    return sending(smtp_url=url, mail_from="Assistant <assistant@example.org>", **more)


def _send(url: str, to: str = ADA, **more: Any) -> Outcome:
    """Send one; the Message-ID, or what was raised."""
    return _send_all([parcel("email", to)], _config(url, **more))[0]


def _send_all(parcels: Sequence[Parcel], config: SendingConfig) -> list[Outcome]:
    sender = MailSender()

    async def one(it: Parcel) -> Outcome:
        try:
            return await sender.send(it, config)
        except (Refused, TryLater, Unknown) as error:
            return error

    async def everything() -> list[Outcome]:
        return list(await asyncio.gather(*map(one, parcels)))

    return asyncio.run(everything())


def test_a_mail_arrives(server: tuple[Mailbox, int]) -> None:
    mailbox, port = server
    sent = _send(f"smtp://127.0.0.1:{port}", "mailto:Ada@EXAMPLE.org")
    [mail] = mailbox.mails
    assert mailbox.recipients == ["Ada@example.org"]
    assert mail["Message-ID"] == sent
    assert mail["From"] == "Assistant <assistant@example.org>"
    assert mail["To"] == "Ada <Ada@example.org>"


def test_every_attempt_is_the_same_mail(server: tuple[Mailbox, int]) -> None:
    mailbox, port = server
    parcels = [parcel("email", ADA, attempt=attempt) for attempt in (1, 2)] + [parcel("email", ADA, key="other")]
    first, second, other = _send_all(parcels, _config(f"smtp://127.0.0.1:{port}"))
    assert first == second != other
    assert len(set(mailbox.raw)) == 2


def test_a_thousand_mails_go_through_four_sessions_of_a_hundred_each() -> None:
    with HostileSmtp({}) as server:
        parcels = [parcel("email", ADA, key=f"burst:{number}") for number in range(1000)]
        sent = _send_all(parcels, _config(f"smtp://127.0.0.1:{server.port}"))
        assert len({it for it in sent if isinstance(it, str)}) == 1000
        assert server.steps.count("end") == 1000
        assert 10 <= server.sessions <= 13
        assert server.peak == 4


def test_dots_at_the_beginning_of_lines_stay(server: tuple[Mailbox, int]) -> None:
    mailbox, port = server
    _send_all([parcel("email", ADA, body=".\n..\n.hidden")], _config(f"smtp://127.0.0.1:{port}"))
    [mail] = mailbox.mails
    text = mail.get_body(("plain",))
    assert text is not None and ".\n..\n.hidden" in text.get_content().replace("\r", "").split("\n\n")


def test_starttls_and_a_password(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(**tls_and_login(certificate)) as (mailbox, port):
        sent = _send(f"smtp://{USER}:{quote(PASSWORD, safe='')}@localhost:{port}")
        assert isinstance(sent, str)
        assert mailbox.encrypted == [True]


def test_a_wrong_password_names_the_setting_and_not_the_password(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(**tls_and_login(certificate)) as (mailbox, port):
        outcome = _send(f"smtp://{USER}:wrong@localhost:{port}")
    assert isinstance(outcome, Refused)
    assert str(outcome) == "the mail server does not take the name and password in ASSISTANT_SMTP_URL (535)"
    assert not mailbox.raw


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    with mail_server(**tls_and_login(certificate)) as (mailbox, port):
        outcome = _send(f"smtp://{USER}:{quote(PASSWORD, safe='')}@localhost:{port}")
    assert isinstance(outcome, Refused) and "certificate is not valid" in str(outcome)
    assert not mailbox.raw


def test_a_server_elsewhere_has_to_offer_starttls(monkeypatch: pytest.MonkeyPatch) -> None:
    with HostileSmtp({}) as server:
        here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
        outcome = _send(f"smtp://{USER}:secret@mail.example.org:{server.port}")
        assert isinstance(outcome, Refused) and "offers no STARTTLS" in str(outcome)
        assert not {"AUTH", "MAIL"} & set(server.steps)


@pytest.mark.parametrize(
    ("url", "private_hosts", "tls"),
    [
        ("smtp://mail.example.org", (), "required"),
        ("smtp://10.0.0.5", (), "required"),
        ("smtp://10.0.0.5", ("10.0.0.0/8",), "where offered"),
        ("smtp://relay", ("relay",), "where offered"),
        ("smtp://[::1]:25", (), "where offered"),
        ("smtp://mail.example.org?starttls=never", (), "never"),
        ("smtps://mail.example.org", (), "from the start"),
    ],
)
def test_how_the_way_to_a_server_is_protected(url: str, private_hosts: tuple[str, ...], tls: str) -> None:
    assert read_smtp_url(url, private_hosts).tls == tls


@pytest.mark.parametrize(
    ("answers", "kind", "reason"),
    [
        ({"greeting": "421 busy"}, TryLater, "the mail server answered 421: busy"),
        ({"greeting": "554 not you"}, Refused, "the mail server answered 554: not you"),
        ({"greeting": "nonsense"}, TryLater, "what the mail server answers cannot be read as SMTP"),
        ({"greeting": HANG_UP}, TryLater, "the mail server cannot be reached: the connection ended"),
        ({"greeting": HANG}, TryLater, "the mail server could not be reached within 0.3 s"),
        ({"MAIL": "451 later"}, TryLater, "the mail server answered 451: later"),
        ({"MAIL": "550 no such sender"}, Refused, "the mail server answered 550: no such sender"),
        ({"MAIL": HANG_UP}, TryLater, "the connection to the mail server ended"),
        ({"RCPT": "452 mailbox full"}, TryLater, "the mail server answered 452: mailbox full"),
        ({"RCPT": f"550 <{ADA}> unknown\x07"}, Refused, "the mail server answered 550: <a…@example.org> unknown"),
        ({"RCPT": HANG}, TryLater, "the mail server did not answer within 0.3 s"),
        ({"DATA": "421 going down"}, TryLater, "the mail server answered 421: going down"),
        ({"DATA": "554 no"}, Refused, "the mail server answered 554: no"),
        ({"DATA": HANG_UP}, TryLater, "the connection to the mail server ended"),
        ({"DATA": "???"}, TryLater, "what the mail server answers cannot be read as SMTP"),
        ({"DATA": "250 what?"}, TryLater, "what the mail server answers cannot be read as SMTP"),
        ({"end": "451 try again"}, TryLater, "the mail server answered 451: try again"),
        ({"end": "554 spam"}, Refused, "the mail server answered 554: spam"),
        ({"end": HANG}, Unknown, "the mail server had the message and did not answer within 0.3 s"),
        ({"end": HANG_UP}, Unknown, "the connection ended when the mail server had the message"),
        ({"end": "garbage"}, Unknown, "the mail server had the message, and what it answered cannot be read as SMTP"),
        ({"end": "550 " + "x" * 9000}, Unknown, None),
    ],
)
def test_what_an_answer_means(answers: dict[str, str], kind: type, reason: str | None) -> None:
    with HostileSmtp(answers) as server:
        outcome = _send(f"smtp://127.0.0.1:{server.port}", connect_seconds=0.3, reply_seconds=0.3)
    assert type(outcome) is kind, outcome
    assert reason is None or str(outcome) == reason


def test_a_session_that_the_server_dropped_is_opened_anew() -> None:
    with HostileSmtp({}, drop_after=1) as server:
        config = _config(f"smtp://127.0.0.1:{server.port}")

        async def three() -> list[str]:
            return [await MailSender().send(parcel("email", ADA, key=str(number)), config) for number in range(3)]

        assert len(set(asyncio.run(three()))) == 3
        assert server.sessions == 3
        assert server.steps.count("end") == 3


def test_a_refused_mail_does_not_cost_the_session() -> None:
    with HostileSmtp({"RCPT": "550 unknown"}) as server:
        config = _config(f"smtp://127.0.0.1:{server.port}")

        async def three() -> None:
            for number in range(3):
                with pytest.raises(Refused):
                    await MailSender().send(parcel("email", ADA, key=str(number)), config)

        asyncio.run(three())
        assert server.sessions == 1
        assert server.steps.count("RSET") == 2


def test_a_session_that_has_nothing_to_do_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_pool, "_IDLE_SECONDS", 0.05)
    with HostileSmtp({}) as server:

        async def one() -> None:
            await MailSender().send(parcel("email", ADA), _config(f"smtp://127.0.0.1:{server.port}"))
            await asyncio.to_thread(server.wait_for, "QUIT")

        asyncio.run(one())


def test_sessions_are_ended_with_the_loop() -> None:
    with HostileSmtp({}) as server:
        assert isinstance(_send(f"smtp://127.0.0.1:{server.port}"), str)
        server.wait_for("QUIT")


def test_a_cancelled_mail_leaves_no_session_in_doubt() -> None:
    with HostileSmtp({"end": HANG}) as server:
        config = _config(f"smtp://127.0.0.1:{server.port}", reply_seconds=0.3)

        async def cancelled() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await MailSender().send(parcel("email", ADA), config)
            with pytest.raises(Unknown):
                await MailSender().send(parcel("email", ADA), config)

        asyncio.run(cancelled())
        assert server.sessions == 2


def test_no_server_there() -> None:
    outcome = _send(refusing_url().replace("http", "smtp").removesuffix("/hook"))
    assert isinstance(outcome, TryLater) and "Connect" in str(outcome)
    with never_connects() as url:
        outcome = _send(url.replace("http", "smtp").removesuffix("/hook"), connect_seconds=0.2)
    assert isinstance(outcome, TryLater) and str(outcome) == "the mail server could not be reached within 0.2 s"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "set ASSISTANT_SMTP_URL"),
        ("mail.example.org", "has to look like smtp://"),
        ("https://mail.example.org", "has to look like smtp://"),
        ("smtp://user:hunter2@:25", "has to look like smtp://"),
        ("smtp://user:hunter2@host:99999", "has to look like smtp://"),
        ("smtp://user:hunter2@host/path", "has to look like smtp://"),
        ("smtp://host?starttls=maybe", "the only one is ?starttls=never"),
        ("smtp://ho\r\nst", "has to look like smtp://"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(url: str, reason: str) -> None:
    outcome = _send(url)
    assert isinstance(outcome, Refused) and reason in str(outcome) and "hunter2" not in str(outcome)


@pytest.mark.parametrize("mail_from", ["", "Assistant", "a@b@c", "A <a@example.org>\r\nBcc: x@example.org"])
def test_a_sender_that_cannot_be_used_is_named(mail_from: str) -> None:
    config = sending(smtp_url="smtp://127.0.0.1:1", mail_from=mail_from)
    [outcome] = _send_all([parcel("email", ADA)], config)
    assert isinstance(outcome, Refused) and "ASSISTANT_MAIL_FROM" in str(outcome)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (ADA, "a…@example.org"),
        ("mailto:ada@example.org", "a…@example.org"),
        ("ada+pills@bücher.example", "a…@xn--bcher-kva.example"),
    ],
)
def test_what_is_shown_of_an_address(given: str, shown: str) -> None:
    assert check_target("email", given) == shown


@pytest.mark.parametrize(
    "given",
    [
        "ada",
        "@example.org",
        "ada@",
        "ada@exa mple.org",
        "Ada <ada@example.org>",
        "ada@example.org, eve@example.org",
        "mailto:ada@example.org?bcc=eve@example.org",
        "ada@example.org%0d%0aRCPT TO:<eve@example.org>",
        "mailto:ada%0d%0a@example.org",
        "ada@example.org\r\nBcc: eve@example.org",
        "ädä@example.org",
        "a..b@example.org",
        "ada@127.0.0.1",
        "ada@-example.org",
        "a" * 65 + "@example.org",
        "ada@" + "a." * 130 + "org",
    ],
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(AddressError):
        check_target("email", given)


def test_secrets_are_in_no_repr() -> None:
    assert "hunter2" not in repr(read_smtp_url("smtp://ada:hunter2@mail.example.org"))
    assert "hunter2" not in repr(_config("smtp://ada:hunter2@mail.example.org"))
