"""Which addresses are called at a partner's word, so that nobody reaches inside through us.

An address is judged when it is given and again at each call, after its name was resolved; the call
goes to the address that was judged, so that a name which changes its mind in between gains nothing.
Sources: ASVS 5.0.0 13.2.4 and 15.3.2; IANA's special-purpose registries, as `ipaddress` has them.
"""

import socket
from collections.abc import Callable, Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

HTTPS_PORT: Final = 443
NAT64: Final = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48")))
"""Addresses that a gateway turns into IPv4 ones, inner ones among them."""
REFUSED: Final = tuple(
    map(
        ip_network,
        (
            "100.64.0.0/10",  # carrier-grade NAT, where some clouds keep their metadata too
            "168.63.129.16/32",  # Azure's host, a public address that is none
            "192.0.0.0/24",  # IETF's own; a cloud keeps its metadata here
            "192.88.99.0/24",  # 6to4 relays
            "fec0::/10",  # site-local, long given up and still routed here and there
            "2002::/16",  # 6to4
            "2001::/23",  # IETF's own, Teredo among them
            "::/96",  # IPv4 inside IPv6, given up
        ),
    )
)
IPV4_BITS: Final = 0xFFFFFFFF

Resolve = Callable[[str, int], list[str]]


class AddressRefusedError(Exception):
    """An address that is not called; the text says why and names nothing inside."""


class Terms(NamedTuple):
    """What may be called here: in the sandbox this machine too; `hosts` empty: any public one."""

    is_sandbox: bool
    hosts: Collection[str] = ()


class Target(NamedTuple):
    """Where to connect: the judged address, and the name that TLS and Host say."""

    ip: str
    port: int
    host: str
    is_tls: bool
    path: str
    """Path and query, as they are asked for."""


def check_url(url: str, terms: Terms) -> tuple[str, int, bool, str]:
    """Judge what the text alone says; return host, port, whether TLS, path.

    Raises AddressRefusedError.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressRefusedError("it is no address") from error
    if not host or parts.username is not None or parts.password is not None or "#" in url:
        raise AddressRefusedError("it has no host, or a user or fragment")
    if not host.isascii() or "%" in host or "\\" in url:
        raise AddressRefusedError("its host is not plain")
    is_tls = parts.scheme == "https"
    if not is_tls and not (terms.is_sandbox and parts.scheme == "http" and _names_here(host)):
        raise AddressRefusedError("it is not https")
    port = port or (HTTPS_PORT if is_tls else 80)
    if port != HTTPS_PORT and not (terms.is_sandbox and _names_here(host)):
        raise AddressRefusedError("its port is not 443")
    if terms.hosts and host not in terms.hosts:
        raise AddressRefusedError("its host is not on the operator's list")
    if _is_address(host) and not may_call(host, terms):
        raise AddressRefusedError("its host is not public")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return host, port, is_tls, path


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host, as the system finds them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def target(url: str, terms: Terms, *, resolving: Resolve = resolve) -> Target:
    """Judge an address in full and say where to connect. Raises AddressRefusedError.

    One inner address among several refuses them all: a host that has both is not asked which.
    """
    host, port, is_tls, path = check_url(url, terms)
    try:
        found = resolving(host, port)
    except (OSError, UnicodeError) as error:
        raise AddressRefusedError("its host has no address") from error
    if not found:
        raise AddressRefusedError("its host has no address")
    for each in found:
        if not may_call(each, terms):
            raise AddressRefusedError("its host is not public")
    return Target(found[0], port, host, is_tls, path)


def may_call(address: str, terms: Terms) -> bool:
    """Whether an IP address may be called: public, or this machine in the sandbox."""
    try:
        found: Any = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        found = _inner(found)
    if terms.is_sandbox and found.is_loopback:
        return True
    return is_public(found)


def is_public(found: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the public internet, and nothing's own inside."""
    if any(found in network for network in REFUSED if network.version == found.version):
        return False
    return found.is_global and not (
        found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback
    )


def _inner(found: IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it stands for one."""
    if found.ipv4_mapped is not None:
        return found.ipv4_mapped
    if any(found in network for network in NAT64):
        return IPv4Address(int(found) & IPV4_BITS)
    return found


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _names_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
