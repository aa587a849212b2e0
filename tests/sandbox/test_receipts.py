"""The simulated issuer of e-receipts, asked by our client over a real port and by hand."""

import hashlib
import hmac
import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jusha.giving.receipt_client import Account, Client
from jusha.giving.receipt_issuer import (
    Answer,
    IssuerRefusedError,
    IssuerUnsureError,
    Stamp,
    Wish,
)
from jusha_sandbox.receipts.app import LATE_SECONDS, Issuer
from jusha_sandbox.receipts.store import SWITCHES, Store, turn
from tests.sandbox.serving import served

SECRET = bytes(range(32))
WISH = Wish(
    charity_code="91110000600037341L",
    project_code="shan-books",
    project_name="书香进山",
    payer_title="person",
    payer_name="李四 <b>",
    payer_code="",
    mail="",
    amount=2000,
    day="2026-11-23",
    deed=12,
)
KEY = "0f7e1b1a-0000-4000-8000-000000000001-1"


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "issuer")
    (tmp_path / "issuer" / "jusha.secret").write_text(SECRET.hex())
    return found


@pytest.fixture
def address(store: Store, clock: Clock) -> Iterator[str]:
    with served(Issuer(store, clock=clock)) as found:
        yield found


@pytest.fixture
def client(address: str, clock: Clock) -> Client:
    return Client(Account(address, "jusha", SECRET), clock=clock)


def spoil(store: Store, name: str, count: int = 1) -> None:
    with store.claim() as database:
        turn(database, name, count)


def test_the_same_key_gives_the_same_receipt_and_another_the_next_number(client: Client) -> None:
    assert client.query(KEY) == Answer("unknown")
    first = client.issue(WISH, key=KEY)
    assert first.state == "issued"
    assert client.issue(WISH, key=KEY) == first
    assert client.query(KEY) == first
    second = client.issue(WISH, key=KEY[:-1] + "2")
    assert first.stamp is not None
    assert second.stamp is not None
    assert (first.stamp.number, second.stamp.number) == ("0000000001", "0000000002")


def test_the_same_key_with_another_body_is_refused(client: Client) -> None:
    client.issue(WISH, key=KEY)
    with pytest.raises(IssuerRefusedError, match="another-body"):
        client.issue(WISH._replace(amount=2001), key=KEY)


def test_a_receipt_is_reversed_once_whole_and_with_a_number_of_its_own(client: Client) -> None:
    stamp = client.issue(WISH, key=KEY).stamp
    assert stamp is not None
    with pytest.raises(IssuerRefusedError, match="no-such-receipt"):
        client.reverse(stamp, amount=1999, key=f"{KEY}-r")
    gone = client.reverse(stamp, amount=2000, key=f"{KEY}-r")
    assert gone.stamp is not None
    assert gone.stamp.code != stamp.code
    assert client.reverse(stamp, amount=2000, key=f"{KEY}-r") == gone
    with pytest.raises(IssuerRefusedError, match="reversed-before"):
        client.reverse(stamp, amount=2000, key=f"{KEY}-x")
    with pytest.raises(IssuerRefusedError, match="no-such-receipt"):
        client.reverse(Stamp("00000000", "0000000001", "abcdef"), amount=2000, key=f"{KEY}-y")


def test_late_is_pending_until_it_is_there(client: Client, store: Store, clock: Clock) -> None:
    spoil(store, "late")
    assert client.issue(WISH, key=KEY) == Answer("pending")
    assert client.query(KEY) == Answer("pending")
    clock.now += LATE_SECONDS
    assert client.query(KEY).state == "issued"


@pytest.mark.parametrize(("switch", "is_done"), [("repeated", True), ("unsure", False)])
def test_no_answer_tells_nothing_and_asking_again_gives_one_receipt(
    client: Client, store: Store, switch: str, *, is_done: bool
) -> None:
    spoil(store, switch)
    with pytest.raises(IssuerUnsureError, match="status-503"):
        client.issue(WISH, key=KEY)
    assert (client.query(KEY).state == "issued") == is_done
    assert client.issue(WISH, key=KEY).state == "issued"
    assert len(store.papers()) == 1


def test_refused_is_refused_and_does_nothing(client: Client, store: Store) -> None:
    spoil(store, "refused")
    with pytest.raises(IssuerRefusedError, match="not-accepted"):
        client.issue(WISH, key=KEY)
    assert store.papers() == []


def test_an_answer_by_another_key_is_no_answer(client: Client, store: Store) -> None:
    spoil(store, "forged")
    with pytest.raises(IssuerUnsureError, match="bad-signature"):
        client.issue(WISH, key=KEY)
    assert client.query(KEY).state == "issued", "a real one, which the key finds again"


def test_a_wrong_secret_and_a_wrong_clock_are_unsure(address: str, clock: Clock) -> None:
    stranger = Client(Account(address, "jusha", bytes(32)), clock=clock)
    with pytest.raises(IssuerUnsureError):
        stranger.issue(WISH, key=KEY)
    nobody = Client(Account(address, "../jusha", SECRET), clock=clock)
    with pytest.raises(IssuerUnsureError):
        nobody.query(KEY)
    late = Client(Account(address, "jusha", SECRET), clock=lambda: clock.now - 301)
    with pytest.raises(IssuerUnsureError):
        late.issue(WISH, key=KEY)


def test_an_issuer_that_is_not_there_is_unsure() -> None:
    with served(lambda *_: [b""]) as gone:
        pass
    with pytest.raises(IssuerUnsureError, match="unreachable"):
        Client(Account(gone, "jusha", SECRET)).query(KEY)


def post(address: str, path: str, raw: bytes, clock: Clock) -> tuple[int, Any]:
    """A signed POST by hand, after the documentation."""
    said = f"jusha-receipts-v1\nPOST\n{path}\n{int(clock.now)}\n".encode() + raw
    headers = {
        "receipts-client": "jusha",
        "receipts-time": str(int(clock.now)),
        "receipts-signature": "v1=" + hmac.new(SECRET, said, hashlib.sha256).hexdigest(),
    }
    request = urllib.request.Request(address + path, raw, headers)  # noqa: S310 - our own port
    try:
        with urllib.request.urlopen(request, timeout=5) as found:  # noqa: S310 - as above
            return found.status, json.loads(found.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"[" * 5000,
        b'{"key":"12345678","amount":2000}',
        b'{"key":"12345678","amount":true,"charity":"x","day":"2026-11-23","payer":{}}',
        (
            b'{"key":"1","amount":2000,"charity":"x","day":"2026-11-23","payer":{"title":"person",'
            b'"name":"x","code":"","mail":""}}'
        ),
        (
            b'{"key":"12345678","amount":-1,"charity":"x","day":"2026-11-23","payer":{"title":"person",'
            b'"name":"x","code":"","mail":""}}'
        ),
        (
            b'{"key":"12345678","amount":1,"charity":"x","day":"2026-11-23","payer":{"title":"person",'
            b'"name":"","code":"","mail":""}}'
        ),
        b"\xff\xfe",
    ],
)
def test_what_is_no_wish_is_a_bad_request(address: str, clock: Clock, raw: bytes) -> None:
    status, told = post(address, "/v1/receipts", raw, clock)
    assert status == 400
    assert set(told) == {"error"}


def test_every_page_says_that_nothing_here_is_a_receipt(address: str, client: Client) -> None:
    client.issue(WISH, key=KEY)
    for path in ("/", "/r/99990126/0000000001", "/r/99990126/0000000009", "/nowhere"):
        try:
            with urllib.request.urlopen(address + path, timeout=5) as found:  # noqa: S310
                body = found.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                body = error.read().decode()
        assert "这里开出的都不是票据" in body
        assert "<b>" not in body.replace("<button", "")


def test_a_switch_is_turned_on_the_page_and_only_the_known_ones(address: str, store: Store) -> None:
    for name in (*SWITCHES, "other"):
        raw = f"name={name}&count=2".encode()
        with urllib.request.urlopen(address + "/switch", raw, timeout=5) as found:  # noqa: S310
            assert found.status == 200
    assert store.switches() == dict.fromkeys(SWITCHES, 2)


def test_numbers_survive_a_restart(client: Client, store: Store) -> None:
    client.issue(WISH, key=KEY)
    assert len(Store(store.folder).papers()) == 1
    with sqlite3.connect(store.folder / "state.sqlite") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
