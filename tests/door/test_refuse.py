"""What the door refuses, each time without a trace in the inbox, and stays open."""

import time
from contextlib import suppress
from typing import Any

import pytest

from tests.door.wire import (
    BATCH,
    DEEDS,
    ORDERS,
    SECRET,
    DoorProcess,
    Line,
    deed,
    encode,
    request,
    sign,
)

BODY = encode(deed())
HUGE = b"POST /door/v1/deeds HTTP/1.1\r\nHost: door\r\nContent-Length: %d\r\n\r\n"


def test_a_wrong_signature_and_an_unknown_channel_get_the_same_answer(
    nothing_recorded: DoorProcess,
) -> None:
    wrong = nothing_recorded.post(deed(), secret=b"another secret")
    unknown = nothing_recorded.post(deed(), channel="nobody")
    assert (wrong.status, wrong.code) == (401, "unauthentic")
    assert (unknown.status, unknown.body) == (401, wrong.body)
    assert unknown.headers.keys() == wrong.headers.keys()


@pytest.mark.parametrize("header", ["Jusha-Channel", "Jusha-Timestamp", "Jusha-Signature"])
@pytest.mark.parametrize(
    "value", [None, "", "é", "v1=", "part\tner", "a" * 9_000, "v1=é" + "0" * 62], ids=repr
)
def test_a_header_that_is_missing_or_odd_is_not_authentic(
    nothing_recorded: DoorProcess, header: str, value: str | None
) -> None:
    headers = sign(BODY)
    del headers[header]
    if value is not None:
        headers[header] = value
    answer = nothing_recorded.raw(request(BODY, headers))
    assert (answer.status, answer.code) == (401, "unauthentic")


@pytest.mark.parametrize("part", ["path", "channel", "timestamp", "body"])
def test_every_part_of_the_signed_text_is_bound(nothing_recorded: DoorProcess, part: str) -> None:
    now = int(time.time())
    headers, body, path = sign(BODY, timestamp=str(now)), BODY, DEEDS
    if part == "path":
        path = BATCH
    elif part == "channel":
        headers["Jusha-Channel"] = "partner2"
    elif part == "timestamp":
        headers["Jusha-Timestamp"] = str(now + 1)
    else:
        body = BODY.replace(b"500", b"501")
    answer = nothing_recorded.raw(request(body, headers, path=path))
    assert (answer.status, answer.code) == (401, "unauthentic")


@pytest.mark.parametrize("off_seconds", [-3_600, -310, 310, 3_600])
def test_a_message_signed_at_another_time_is_stale(
    nothing_recorded: DoorProcess, off_seconds: int
) -> None:
    answer = nothing_recorded.post(deed(), timestamp=str(int(time.time()) + off_seconds))
    assert (answer.status, answer.code) == (401, "stale")


@pytest.mark.parametrize("timestamp", ["now", "-1", "1e9", "9" * 5_000, "1 2"])
def test_a_timestamp_that_is_no_number_is_stale(
    nothing_recorded: DoorProcess, timestamp: str
) -> None:
    assert nothing_recorded.post(deed(), timestamp=timestamp).code == "stale"


def test_a_body_too_large_is_refused_before_it_is_sent(nothing_recorded: DoorProcess) -> None:
    answer = nothing_recorded.raw(HUGE % 10_000_000)  # and not one byte of it
    assert (answer.status, answer.code) == (413, "too-large")


@pytest.mark.parametrize(("path", "bytes_max"), [(DEEDS, 1 << 13), (BATCH, 1 << 20)])
def test_the_limit_is_exact(nothing_recorded: DoorProcess, path: str, bytes_max: int) -> None:
    assert nothing_recorded.post(b" " * bytes_max, path=path).code == "unreadable"
    assert nothing_recorded.post(b" " * (bytes_max + 1), path=path).code == "too-large"


@pytest.mark.parametrize(
    "framing",
    [
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"\r\n",
    ],
)
def test_a_body_without_a_length_of_its_own_is_refused(
    nothing_recorded: DoorProcess, framing: bytes
) -> None:
    answer = nothing_recorded.raw(b"POST /door/v1/deeds HTTP/1.1\r\nHost: door\r\n" + framing)
    assert (answer.status, answer.code) == (411, "length-required")


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        b"Content-Length: 5, 6\r\n\r\nhello!",
        b"Content-Length:\r\n\r\nhello",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"Content-Length: 5\n\nhello",
        b"Content-Length: 5\r\nX: a\nY: b\r\n\r\nhello",
        b"Content-Length: +5\r\n\r\nhello",
        b"Content-Length: -5\r\n\r\nhello",
        b"Content-Length: 0x5\r\n\r\nhello",
        b"Content-Length: 99999999999999999999999999\r\n\r\nhello",
        b"Content-Length : 5\r\n\r\nhello",
        b"Transfer-Encoding: identity, xchunked\r\nContent-Length: 5\r\n\r\nhello",
        b"X: a\r\n Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        b"Content-Length: 5\r\nX-\x00: 1\r\n\r\nhello",
    ],
)
def test_framing_that_two_readers_could_read_in_two_ways_is_refused_and_hung_up_on(
    nothing_recorded: DoorProcess, framing: bytes
) -> None:
    line = Line(nothing_recorded.port)
    line.send(b"POST /door/v1/deeds HTTP/1.1\r\nHost: door\r\n" + framing)
    answer = line.answer()
    assert (answer.status, answer.code) == (400, "malformed")
    assert answer.headers["connection"] == "close"
    assert line.is_closed_by_the_door()
    line.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"BREW /door/v1/deeds HTTP/1.1\r\nHost: door\r\n\r\n",
        b"post /door/v1/deeds HTTP/1.1\r\nHost: door\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /door/v1/deeds HTTP/1.1\r\n" + b"X: " + b"a" * 300_000,
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_what_is_not_http_as_the_door_speaks_it_is_malformed(
    nothing_recorded: DoorProcess, raw: bytes
) -> None:
    line = Line(nothing_recorded.port)
    with suppress(OSError):  # hung up on before all was sent
        line.send(raw)
    assert line.answer().code == "malformed"
    assert line.is_closed_by_the_door()
    line.close()


def test_a_body_that_ends_early_is_refused(nothing_recorded: DoorProcess) -> None:
    line = Line(nothing_recorded.port)
    line.send(request(BODY, sign(BODY))[:-20])
    line.sock.shutdown(1)  # says that no more will come, and still listens
    answer = line.answer()
    assert (answer.status, answer.code) == (400, "incomplete")
    line.close()


def test_a_sender_that_hangs_up_within_the_body_harms_nobody(
    nothing_recorded: DoorProcess,
) -> None:
    for _ in range(20):
        line = Line(nothing_recorded.port)
        line.send(request(BODY, sign(BODY))[:-20])
        line.close()
    assert nothing_recorded.post(deed(amount=0)).code == "unreadable"


def test_a_body_that_does_not_come_is_not_waited_for(nothing_recorded: DoorProcess) -> None:
    line = Line(nothing_recorded.port)
    line.send(request(BODY, sign(BODY))[:-20])
    answer = line.answer()
    assert (answer.status, answer.code) == (408, "too-slow")
    line.close()


def test_what_follows_a_body_is_not_read_as_its_part(nothing_recorded: DoorProcess) -> None:
    line = Line(nothing_recorded.port)
    body = encode(deed(amount=0))
    line.send(request(body, sign(body)) + b"GET /door/v1/health HTTP/1.1\r\nHost: door\r\n\r\n")
    assert line.answer().code == "unreadable"
    assert line.answer().status == 200
    line.close()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT"])
def test_only_post_is_taken(nothing_recorded: DoorProcess, method: str) -> None:
    answer = nothing_recorded.raw(request(BODY, sign(BODY), method=method))
    assert (answer.status, answer.code) == (405, "wrong-method")


@pytest.mark.parametrize(
    "path", ["/", "/door/v1/", "/door/v1/deeds/", "/door/v2/deeds", "/door/v1/../v1/deeds", "*"]
)
def test_an_unknown_address_is_not_found(nothing_recorded: DoorProcess, path: str) -> None:
    answer = nothing_recorded.raw(request(BODY, sign(BODY), path=path))
    assert (answer.status, answer.code) == (404, "not-found")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"not json",
        b"\xef\xbb\xbf" + BODY,
        BODY + b"{}",
        b'{"id":"\xff","asset":"CNY","amount":1}',
        b'{"id":"a","asset":"CNY","amount":1,"\xff":1}',
        b'{"id":"\\ud800","asset":"CNY","amount":1}',
        b"[" * 8_000,
        encode({"id": "a", "amount": 1}),
    ],
    ids=lambda body: body[:60].decode("latin-1"),
)
def test_a_message_that_is_not_as_agreed_is_unreadable(
    nothing_recorded: DoorProcess, body: bytes
) -> None:
    answer = nothing_recorded.post(body)
    assert (answer.status, answer.code) == (422, "unreadable")


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 0},
        {"amount": -1},
        {"amount": 10**13 + 1},
        {"amount": 10**30},
        {"amount": 5.0},
        {"amount": "500"},
        {"amount": True},
        {"amount": None},
        {"asset": "BTC"},
        {"asset": "cny"},
        {"colour": "red"},
        {"id": ""},
        {"id": "x" * 129},
        {"id": 7},
        {"order": "012"},
        {"order": "12\n"},
        {"order": 12},
        {"order": "1" * 19},
        {"project": "shan-books\n"},
        {"project": "山"},
        {"project": "x" * 41},
        {"payer": "x" * 129},
        {"paid_at": -1},
    ],
    ids=repr,
)
def test_a_field_that_is_not_as_agreed_is_unreadable(
    nothing_recorded: DoorProcess, change: dict[str, Any]
) -> None:
    answer = nothing_recorded.post(deed() | change)
    assert (answer.status, answer.code) == (422, "unreadable")


@pytest.mark.parametrize("no", ["", "0", "0123", "12a", "1" * 19, "12\n"])
def test_an_order_number_is_up_to_18_digits(nothing_recorded: DoorProcess, no: str) -> None:
    order = {"no": no, "asset": "CNY", "amount": 1, "project": "shan-books"}
    assert nothing_recorded.post(order, path=ORDERS).code == "unreadable"


@pytest.mark.parametrize(
    "batch",
    [
        {"items": []},
        {"items": [deed(f"gift-{n}") for n in range(1_001)]},
        {"items": [deed("good"), deed("bad", amount=-5), deed("good too")]},
        {"items": [deed("good"), "bad"]},
        {"items": [deed("good"), deed("odd", colour="red")]},
        {"items": {}},
        {"items": [deed()], "more": 1},
        [deed()],
        b'{"items":[' + b"[" * 200_000 + b"]" * 200_000 + b"]}",
    ],
    ids=["empty", "1001", "one-negative", "no-object", "colour", "no-list", "more", "bare", "deep"],
)
def test_a_batch_is_taken_whole_or_not_at_all(nothing_recorded: DoorProcess, batch: Any) -> None:
    answer = nothing_recorded.post(batch, path=BATCH)
    assert (answer.status, answer.code) == (422, "unreadable")


def test_a_refusal_repeats_no_value_of_the_message(nothing_recorded: DoorProcess) -> None:
    answer = nothing_recorded.post(deed(payer="payer-wx-alice" * 20))
    assert answer.code == "unreadable"
    assert b"alice" not in answer.body


def test_answers_come_in_the_order_of_what_was_sent_ahead(nothing_recorded: DoorProcess) -> None:
    line = Line(nothing_recorded.port)
    bad = encode(deed(amount=0))
    line.send(
        request(bad, sign(bad))
        + request(BODY, sign(BODY, channel="nobody"))
        + request(bad, sign(bad))
        + request(BODY, sign(BODY), path="/nowhere")
        + request(bad, sign(bad))
    )
    told = [line.answer().code for _ in range(4)]
    assert told == ["unreadable", "unauthentic", "unreadable", "not-found"]
    assert line.is_closed_by_the_door()  # what came behind the unknown address is not read
    line.close()


def test_a_sender_that_asks_to_be_hung_up_on_is(nothing_recorded: DoorProcess) -> None:
    line = Line(nothing_recorded.port)
    body = encode(deed(amount=0))
    line.send(request(body, sign(body) | {"Connection": "close"}))
    answer = line.answer()
    assert (answer.code, answer.headers["connection"]) == ("unreadable", "close")
    assert line.is_closed_by_the_door()
    line.close()


def test_a_sender_that_asks_before_its_body_is_told_to_go_on(
    nothing_recorded: DoorProcess,
) -> None:
    line = Line(nothing_recorded.port)
    body = encode(deed(amount=0))
    raw = request(body, sign(body) | {"Expect": "100-continue"})
    line.send(raw[: -len(body)])
    assert line.answer().status == 100
    line.send(body)
    assert line.answer().code == "unreadable"
    line.close()


def test_a_head_byte_by_byte_is_read_as_one(nothing_recorded: DoorProcess) -> None:
    line = Line(nothing_recorded.port)
    body = encode(deed(amount=0))
    for byte in request(body, sign(body)):
        line.send(bytes([byte]))
    assert line.answer().code == "unreadable"
    line.close()


def test_a_head_that_does_not_come_is_not_waited_for(nothing_recorded: DoorProcess) -> None:
    line = Line(nothing_recorded.port)
    line.send(b"POST /door/v1/deeds HTTP/1.1\r\nHost: do")
    assert line.is_closed_by_the_door()
    line.close()


def test_a_refused_sender_may_go_on_upon_the_same_connection(
    nothing_recorded: DoorProcess,
) -> None:
    line = Line(nothing_recorded.port)
    for amount in (0, -1, 10**14):
        body = encode(deed(amount=amount))
        line.send(request(body, sign(body, secret=SECRET)))
        assert line.answer().code == "unreadable"
    line.close()
