"""Signatures of webhooks."""

import base64
import hashlib
import hmac

import pytest

from personal_assistant.notifications.model import AddressError
from personal_assistant.notifications.signing import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    SignatureError,
    key_of,
    new_secret,
    sign,
    verify,
)

_NOW = 1_780_000_000


def _signed(secret: str, body: bytes, at: int = _NOW) -> dict[str, str]:
    return {ID: "ai:1:0", TIMESTAMP: str(at), SIGNATURE: sign(secret, "ai:1:0", at, body)}


def test_the_example_of_the_specification_comes_out() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_independent_reading_of_the_rule_agrees() -> None:
    secret = new_secret()
    key = base64.b64decode(secret.split("_")[1])
    digest = hmac.new(key, b"x.5.{}", hashlib.sha256).digest()
    assert sign(secret, "x", 5, b"{}") == "v1," + base64.b64encode(digest).decode()


def test_new_secrets_differ_and_can_be_used() -> None:
    assert new_secret() != new_secret()
    assert len(key_of(new_secret())) == 32


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_?", "whsec_QUJD", "hunter2", "ünïcode", "A" * 200])
def test_a_secret_that_is_too_short_or_no_base64_is_refused(secret: str) -> None:
    with pytest.raises(AddressError, match=r"24 to 64 bytes in base64"):
        key_of(secret)


def test_what_was_signed_is_verified() -> None:
    secret = new_secret()
    assert verify(secret, _signed(secret, b"{}"), b"{}", _NOW + 299) == "ai:1:0"


def test_one_right_signature_among_several_is_enough() -> None:
    secret = new_secret()
    headers = _signed(secret, b"{}")
    headers[SIGNATURE] = "v2,abc " + sign(new_secret(), "ai:1:0", _NOW, b"{}") + " " + headers[SIGNATURE]
    assert verify(secret, headers, b"{}", _NOW) == "ai:1:0"


@pytest.mark.parametrize(
    "change",
    [
        {ID: "ai:2:0"},
        {ID: ""},
        {TIMESTAMP: str(_NOW + 1)},
        {TIMESTAMP: "soon"},
        {TIMESTAMP: "9" * 40},
        {SIGNATURE: ""},
        {SIGNATURE: "v1,"},
        {SIGNATURE: "\N{SNOWMAN}"},
    ],
)
def test_an_altered_header_is_refused(change: dict[str, str]) -> None:
    secret = new_secret()
    with pytest.raises(SignatureError):
        verify(secret, _signed(secret, b"{}") | change, b"{}", _NOW)


def test_an_altered_body_another_secret_and_another_time_are_refused() -> None:
    secret = new_secret()
    for other, body, now in [(secret, b"{ }", _NOW), (new_secret(), b"{}", _NOW), (secret, b"{}", _NOW + 301)]:
        with pytest.raises(SignatureError):
            verify(other, _signed(secret, b"{}"), body, now)
