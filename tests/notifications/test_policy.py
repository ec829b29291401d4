"""Which addresses may be connected to."""

import pytest

from personal_assistant.notifications.net.policy import allowed, refusal, refusal_of_url

_PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "198.18.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::192.168.0.1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "2001:db8::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
]
_PUBLIC = [
    "93.184.216.34",
    "1.1.1.1",
    "2606:4700::1111",
    "::ffff:93.184.216.34",
    "64:ff9b::5db8:d822",
    "2002:5db8:d822::1",
]


@pytest.mark.parametrize("address", _PRIVATE)
def test_a_private_address_is_refused_with_the_remedy(address: str) -> None:
    assert (
        refusal(address, 443, allowed([])) == f"{address} is a private address; allow it with ASSISTANT_PRIVATE_HOSTS"
    )


@pytest.mark.parametrize("address", _PUBLIC)
def test_a_public_address_is_not_refused(address: str) -> None:
    assert refusal(address, 443, allowed([])) is None


@pytest.mark.parametrize(
    ("address", "port", "reason"),
    [
        ("224.0.0.1", 80, "224.0.0.1 is an address of many hosts (multicast)"),
        ("ff02::1", 80, "ff02::1 is an address of many hosts (multicast)"),
        ("1.1.1.1", 0, "port 0 is no port"),
        ("/run/docker.sock", 80, "'/run/docker.sock' is not an address on the internet"),
    ],
)
def test_what_is_no_place_to_send_to_is_refused(address: str, port: int, reason: str) -> None:
    assert refusal(address, port, allowed([])) == reason


@pytest.mark.parametrize(
    ("entry", "address", "passes"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("10.0.0.0/8", "10.200.0.1", True),
        ("10.0.0.7/8", "10.200.0.1", True),
        ("10.0.0.0/8", "192.168.0.1", False),
        ("[::1]", "::1", True),
        ("fd00::/8", "fd12::1", True),
        ("fd00::/8", "10.0.0.1", False),
        ("224.0.0.0/4", "224.0.0.1", True),
    ],
)
def test_what_the_operator_names_may_be_connected_to(entry: str, address: str, passes: bool) -> None:
    assert (refusal(address, 80, allowed([entry])) is None) is passes


def test_a_host_is_allowed_by_its_name_however_that_is_written() -> None:
    allow = allowed(["NAS.local", "10.0.0.0/8"])
    assert allow.has_name("nas.local.")
    assert not allow.has_name("other.nas.local")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x",
        "https://10.1.2.3/",
        "http://[::1]/",
        "http://169.254.169.254/latest",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost/",
        "http://LOCALHOST.:8080/",
        "http://printer.localhost/",
        "ntfy://192.168.1.5/topic",
    ],
)
def test_a_url_that_names_a_private_address_is_refused_at_once(url: str) -> None:
    assert "is a private address; allow it with ASSISTANT_PRIVATE_HOSTS" in str(refusal_of_url(url, []))
    everything = ["127.0.0.0/8", "10.0.0.0/8", "::1", "169.254.0.0/16", "192.168.0.0/16"]
    assert refusal_of_url(url, everything) is None


@pytest.mark.parametrize(
    "url", ["https://example.org/x", "https://8.8.8.8/", "ada@example.org", "tgram://123:abc/9", "http://[", ""]
)
def test_other_urls_are_not(url: str) -> None:
    assert refusal_of_url(url, []) is None
