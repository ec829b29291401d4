"""Which addresses a person's URL may lead to: public ones, and those that the operator allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

_Ip = IPv4Address | IPv6Address

# All of IPv6 that is given out as global unicast (RFC 4291, IANA).
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# IPv6 addresses that stand for an IPv4 one, and how far from the end that one is: NAT64 (RFC 6052), 6to4 (RFC 3056).
_TRANSLATED = ((IPv6Network("64:ff9b::/96"), 0), (IPv6Network("2002::/16"), 80))


@dataclass(frozen=True, slots=True)
class Allowed:
    """Hosts and networks that may be connected to though they are private."""

    names: frozenset[str]
    networks: tuple[IPv4Network | IPv6Network, ...]

    def has_name(self, host: str) -> bool:
        """Whether that host is named, whatever its addresses are."""
        return _name(host) in self.names

    def has_address(self, ip: _Ip) -> bool:
        """Whether that address is named, or in a network that is."""
        return any(ip in network for network in self.networks)


@lru_cache(maxsize=16)
def _allowed(entries: tuple[str, ...]) -> Allowed:
    names, networks = set(), []
    for entry in entries:
        try:
            networks.append(ip_network(entry.strip("[]"), strict=False))
        except ValueError:
            names.add(_name(entry))
    return Allowed(frozenset(names), tuple(networks))


def allowed(private_hosts: Sequence[str]) -> Allowed:
    """What the entries of the setting `private_hosts` allow: names, addresses and networks like 10.0.0.0/8."""
    return _allowed(tuple(private_hosts))


def refusal(address: str, port: int, allow: Allowed) -> str | None:
    """Why nothing may connect there, as a sentence without a full stop; None where it may."""
    try:
        given = ip_address(address)
    except ValueError:
        return f"{address[:100]!r} is not an address on the internet"
    if port <= 0:
        return "port 0 is no port"
    ip = _meant(given)
    if allow.has_address(given) or allow.has_address(ip):
        return None
    if ip.is_multicast:
        return f"{address} is an address of many hosts (multicast)"
    public = ip.is_global and (ip.version == 4 or ip in _GLOBAL_UNICAST)
    return None if public else f"{address} is a private address; allow it with ASSISTANT_PRIVATE_HOSTS"


def refusal_of_url(url: str, private_hosts: Sequence[str]) -> str | None:
    """Why nothing may connect to the host that a URL names by its address, or as localhost; None where it may.

    Names are not looked up: what protects is the check at the moment of connecting. A person hears of a mistake at
    once by this.
    """
    try:
        host = _name(urlsplit(url).hostname or "")
        literal = ip_address("127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host)
    except ValueError:
        return None
    allow = allowed(private_hosts)
    return None if allow.has_name(host) else refusal(str(literal), 1, allow)


def _meant(ip: _Ip) -> _Ip:
    """The IPv4 address that an IPv6 one stands for, else itself."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    for network, bits_after in _TRANSLATED:
        if ip in network:
            return IPv4Address((int(ip) >> bits_after) & 0xFFFFFFFF)
    return ip


def _name(host: str) -> str:
    return host.strip().rstrip(".").lower()
