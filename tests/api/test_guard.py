"""Nobody reaches inside through a webhook's address, whatever it is called or turns into."""

import socket
import threading
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from jusha.api.guard import AddressRefusedError, Resolve, Terms, check_url, may_call, target
from jusha.api.send import Answer, call
from tests.api.receiver import Receiver, receiving

STRICT, SANDBOX = Terms(is_sandbox=False), Terms(is_sandbox=True)
PUBLIC = ("93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "::ffff:93.184.215.14")
INSIDE = (
    "127.0.0.1", "127.8.9.1", str(IPv4Address(0)), "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200",
    "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "192.88.99.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1",
    "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1",
    "2002:7f00:1::", "2001::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1",
    "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "100::1", "no address", "",
)  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_called(address: str) -> None:
    assert may_call(address, STRICT)


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_never_called(address: str) -> None:
    assert not may_call(address, STRICT)


def test_the_sandbox_calls_this_machine_and_nothing_else_inside() -> None:
    allowed = {each for each in INSIDE if may_call(each, SANDBOX)}
    assert allowed == {"127.0.0.1", "127.8.9.1", "::1"}


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org:70/_",
        "https://",
        "https:///x",
        "https://example.org:22/",
        "https://example.org:99999/",
        "https://a@example.org/",
        "https://example.org@10.0.0.1/",
        "https://example.org/#x",
        "https://exämple.org/",
        "https://example.org\\@10.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1%25eth0]/",
        "https://127.0.0.1/",
        "http://localhost/",
        "https://[not-an-address/",
    ],
)
def test_what_an_address_says_itself_is_refused_before_its_name_is_looked_up(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        check_url(url, STRICT)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1"])
def test_other_spellings_of_this_machine_are_seen_through(host: str) -> None:
    with pytest.raises(AddressRefusedError):
        target(f"https://{host}/", STRICT)


def test_one_inner_address_among_several_refuses_them_all() -> None:
    with pytest.raises(AddressRefusedError):
        target("https://example.org/", STRICT, resolving=lambda *_: ["1.1.1.1", "10.0.0.1"])
    found = target("https://example.org/a?b=c", STRICT, resolving=lambda *_: ["1.1.1.1"])
    assert (found.ip, found.port, found.host, found.path) == (
        "1.1.1.1", 443, "example.org", "/a?b=c",
    )  # fmt: skip


def test_a_name_without_an_address_is_refused() -> None:
    def nowhere(*_: object) -> list[str]:
        raise socket.gaierror

    found: list[Resolve] = [nowhere, lambda *_: []]
    for resolving in found:
        with pytest.raises(AddressRefusedError):
            target("https://example.org/", STRICT, resolving=resolving)


def test_the_operators_list_narrows_it() -> None:
    listed = Terms(is_sandbox=False, hosts=frozenset({"hooks.example.org"}))
    check_url("https://hooks.example.org/", listed)
    for url in ("https://example.org/", "https://hooks.example.org.evil.example/"):
        with pytest.raises(AddressRefusedError):
            check_url(url, listed)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def test_a_name_is_judged_at_each_call_and_the_call_goes_to_what_was_judged(
    receiver: Receiver,
) -> None:
    asked = []

    def turning(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    url = receiver.url.replace("127.0.0.1", "localhost")
    assert call(url, b"{}", {}, SANDBOX, resolving=turning) == Answer(204)
    assert call(url, b"{}", {}, SANDBOX, resolving=turning) == Answer(0, "address-refused")
    assert len(asked) == 2, "asked once a call: there is no second look that could differ"
    assert len(receiver.came) == 1
    assert receiver.came[0][0]["host"].startswith("localhost:")


def test_outside_the_sandbox_this_machine_is_not_called(receiver: Receiver) -> None:
    assert call(receiver.url, b"{}", {}, STRICT) == Answer(0, "address-refused")
    assert receiver.came == []


def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver) -> None:
    receiver.statuses, receiver.location = [307], receiver.url
    assert call(receiver.url, b"{}", {}, SANDBOX) == Answer(307)
    assert len(receiver.came) == 1


def test_nobody_listening_is_said(receiver: Receiver) -> None:
    url = receiver.url
    receiver.server_close()
    assert call(url, b"{}", {}, SANDBOX) == Answer(0, "unreachable")


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nx: "])
def test_who_answers_nothing_or_for_ever_is_hung_up_on(first: bytes) -> None:
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            peer, _ = server.accept()
            with peer:
                peer.sendall(first)
                while not stopped.wait(0.01) and first:
                    try:
                        peer.sendall(b"x")
                    except OSError:
                        return
                stopped.wait(5)

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        assert call(url, b"{}", {}, SANDBOX, all_seconds=0.3) == Answer(0, "timeout")
        stopped.set()
        thread.join()


def test_what_is_not_http_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(4_096)
                peer.sendall(b"220 mail.example.org ESMTP\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        answer = call(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {}, SANDBOX)
        thread.join()
    assert answer == Answer(0, "unreachable")
