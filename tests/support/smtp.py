"""Mail servers on real sockets: one that keeps what it is sent, and one that misbehaves at the step it is told to."""

import asyncio
import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from ipaddress import ip_address
from itertools import takewhile
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "ada", "p@ss/word"
HANG, HANG_UP = "hang", "hang up"


@dataclass
class Mailbox:
    """What a server took. `peers` are the connections it came over, `encrypted` whether by TLS, in order of arrival."""

    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    peers: list[Any] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        """The mails, read by Python's parser."""
        return [BytesParser(policy=default).parsebytes(it) for it in self.raw]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one."""
        assert isinstance(envelope.original_content, bytes)
        self.raw.append(envelope.original_content)
        self.recipients += envelope.rcpt_tos
        self.peers.append(session.peer)
        self.encrypted.append(session.ssl is not None)
        return "250 kept"


class _Controller(Controller):
    """One that finds out which port it was given before it looks whether the server answers there."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def mail_server(**options: Any) -> Iterator[tuple[Mailbox, int]]:
    """A server that takes all mail, on a loopback port."""
    mailbox = Mailbox()
    controller = _Controller(mailbox, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        yield mailbox, controller.port
    finally:
        controller.stop()


def tls_and_login(certificate: Path) -> dict[str, Any]:
    """Options of a server that insists on STARTTLS and a password."""

    def knows(server: Any, session: Any, envelope: Any, mechanism: str, given: LoginPassword) -> AuthResult:
        return AuthResult(success=given == LoginPassword(USER.encode(), PASSWORD.encode()), handled=False)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": knows}


def new_certificate(folder: Path) -> Path:
    """A self-signed certificate for localhost and 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    hosts = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(hosts, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "localhost.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(*plain))
    return path


class HostileSmtp:
    """A server with an answer of its own for some steps: greeting, EHLO, AUTH, MAIL, RCPT, DATA, end and RSET.

    An answer is a line, HANG or HANG_UP. `steps` are the commands that came, of all sessions, `texts` the
    mails whose end came; `sessions` their number, and `peak` how many there were at once.
    """

    def __init__(self, answers: Mapping[str, str], *, drop_after: int | None = None) -> None:
        self.steps: list[str] = []
        self.texts: list[bytes] = []
        self.sessions = 0
        self.peak = 0
        self._open: set[socket.socket] = set()
        self._came = threading.Condition()
        self._answers = answers
        self._drop_after = drop_after
        self._closing = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def wait_for(self, step: str, seconds: float = 10.0) -> None:
        """Wait until that command has come."""
        with self._came:
            assert self._came.wait_for(lambda: step in self.steps, seconds), f"no {step} came"

    def __enter__(self) -> "HostileSmtp":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                with self._came:
                    self.sessions += 1
                    self._open.add(client)
                    self.peak = max(self.peak, len(self._open))
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._talk(client)
        self._left(client)

    def _left(self, client: socket.socket) -> None:
        with self._came:
            self._open.discard(client)

    def _talk(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rb") as lines:
            taken = 0
            if not self._answer(client, "greeting", "220 hostile.example"):
                return
            for line in lines:
                step = line[:4].decode("latin-1").strip().upper()
                if step == "QUIT":
                    self._left(client)
                if not self._answer(client, step, "354 go on" if step == "DATA" else "250 fine"):
                    return
                if step == "DATA" and self._answers.get("DATA", "354").startswith("354"):
                    self.texts.append(b"".join(takewhile(lambda text: text != b".\r\n", lines)))
                    taken += 1
                    if not self._answer(client, "end", "250 taken") or taken == self._drop_after:
                        return

    def _answer(self, client: socket.socket, step: str, usual: str) -> bool:
        with self._came:
            self.steps.append(step)
            self._came.notify_all()
        answer = self._answers.get(step, usual)
        if answer == HANG:
            self._closing.wait()
        if answer in (HANG, HANG_UP):
            return False
        client.sendall(answer.encode("latin-1") + b"\r\n")
        return True
