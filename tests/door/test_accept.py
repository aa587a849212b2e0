"""What the door takes, and what becomes of it in settlement."""

import json
import socket
import struct
import threading
from typing import Any

import psycopg
import pytest

from jusha.config.postgres import Cluster, database_url
from jusha.inbox.envelopes import Deed, Order, decode
from jusha.inbox.keys import deed_key, person_key
from jusha.people.vault import load
from tests.cast import BOOKS, WATER, House
from tests.door.wire import (
    BATCH,
    CHANNEL,
    ORDERS,
    ORDERS_BATCH,
    Answer,
    DoorProcess,
    Line,
    deed,
    door_on,
    encode,
    give_secret,
    request,
    sign,
)
from tests.home import HOME

PAYER = "payer-wx-alice"


def envelopes(house: House) -> list[Any]:
    rows = house.web.execute("SELECT payload FROM inbox_row WHERE lane = 1 ORDER BY n").fetchall()
    return [envelope for (payload,) in rows for envelope in decode(payload)]


def sums(house: House) -> dict[str, tuple[int, int]]:
    """What is booked: {project: (given, matched)}."""
    rows = house.web.execute(
        "SELECT f.code, t.donated, t.matched FROM campaigns_total t"
        " JOIN projects_fund f ON f.project = t.project"
    ).fetchall()
    return {code: (donated, matched) for code, donated, matched in rows}


def cases(house: House) -> list[str]:
    return [row[0] for row in house.web.execute("SELECT reason FROM giving_case ORDER BY number")]


def hold_lane(database: str) -> psycopg.Connection[Any]:
    """Keep the lane's row locked: what the door takes now waits until the lock is let go."""
    connection = psycopg.connect(database_url("owner", HOME, database))
    connection.execute("SELECT 1 FROM inbox_lane WHERE name = 'door' FOR UPDATE")
    return connection


def test_a_deed_is_answered_when_it_is_durable_and_settled_as_sent(
    house: House, door: DoorProcess
) -> None:
    body = encode(deed("20261123091500-7", 2_000, paid_at=1_700_000_000, payee=""))
    answer = door.post(body)
    assert (answer.status, json.loads(answer.body)) == (200, {"accepted": 1})
    (envelope,) = envelopes(house)
    assert isinstance(envelope, Deed)
    assert envelope.key == deed_key(load(HOME, "dedupe"), CHANNEL, "20261123091500-7")
    assert envelope.person == person_key(load(HOME, "person"), CHANNEL, PAYER)
    assert (envelope.channel, envelope.amount, envelope.asset) == (CHANNEL, 2_000, "CNY")
    assert (envelope.project, envelope.campaign, envelope.paid_at) == (BOOKS, "day", 1_700_000_000)
    house.settle()
    assert sums(house) == {BOOKS: (2_000, 2_000)}
    house.check()


def test_header_names_are_read_in_any_case_and_values_without_their_blanks(
    house: House, door: DoorProcess
) -> None:
    body = encode(deed())
    for number, change in enumerate((str.upper, str.lower, str.swapcase)):
        headers = {change(name): f"  {value} " for name, value in sign(body).items()}
        raw = request(body, headers)
        assert door.raw(raw.replace(b"Content-Length", b"cOnTeNt-LeNgTh")).status == 200, number


def test_the_same_id_and_body_is_accepted_twice_and_settled_once(
    house: House, door: DoorProcess
) -> None:
    body = encode(deed("twice"))
    first, second = door.post(body), door.post(body)
    assert (first.status, first.body) == (second.status, second.body) == (200, b'{"accepted":1}')
    house.settle()
    assert door.post(body).status == 200
    house.settle()
    assert sums(house) == {BOOKS: (500, 500)}
    assert cases(house) == []
    house.check()


def test_the_same_id_with_another_body_opens_a_case(house: House, door: DoorProcess) -> None:
    assert door.post(deed("x", 500)).status == 200
    assert door.post(deed("x", 900)).status == 200
    house.settle()
    assert sums(house) == {BOOKS: (500, 500)}
    assert cases(house) == ["same-id-other-body"]
    house.check()


def test_a_deed_has_one_identity_alone_and_in_a_batch(house: House, door: DoorProcess) -> None:
    one = encode(deed("both ways"))
    assert door.post(one).status == 200
    assert door.post(b'{"items":[' + one + b"," + one + b"]}", path=BATCH).status == 200
    house.settle()
    assert sums(house) == {BOOKS: (500, 500)}
    assert cases(house) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"order": "202611230000000009"}, "unknown-order"),
        ({"order": "202611230000000001", "amount": 501}, "wrong-amount"),
        ({"order": "202611230000000001", "asset": "USD"}, "wrong-asset"),
        ({"order": "202611230000000001", "project": WATER}, "wrong-project"),
        ({"project": "nowhere"}, "unknown-project"),
        ({"project": ""}, "unknown-project"),
        ({"payee": "another"}, "wrong-payee"),
    ],
    ids=repr,
)
def test_authentic_money_that_does_not_agree_is_accepted_and_held(
    house: House, door: DoorProcess, change: dict[str, Any], reason: str
) -> None:
    order = {"no": "202611230000000001", "asset": "CNY", "amount": 500, "project": BOOKS}
    assert door.post(order | {"campaign": "day"}, path=ORDERS).status == 200
    assert door.post(deed() | change).status == 200
    house.settle()
    assert cases(house) == [reason]
    assert sums(house) == {}
    asset = 2 if change.get("asset") == "USD" else 1
    held = house.balance(f"channel:{CHANNEL}", "suspense", CHANNEL, asset)
    assert held == change.get("amount", 500)
    house.check()


def test_an_order_is_paid_by_its_number(house: House, door: DoorProcess) -> None:
    orders = [
        {"no": f"20261123{n:010d}", "asset": "CNY", "amount": 100 * n, "project": WATER}
        for n in (1, 2)
    ]
    assert door.post({"items": orders}, path=ORDERS_BATCH).body == b'{"accepted":2}'
    assert all(isinstance(envelope, Order) for envelope in envelopes(house))
    paid = {"id": "p", "asset": "CNY", "amount": 200, "order": "202611230000000002"}
    assert door.post(paid).status == 200
    house.settle()
    assert (sums(house), cases(house)) == ({WATER: (200, 0)}, [])
    house.check()


def test_a_closed_campaign_takes_the_gift_without_a_match(house: House, door: DoorProcess) -> None:
    terms = {"opens": "2020-01-01T00:00Z", "closes": "2021-01-01T00:00Z", "channels": [CHANNEL]}
    assert house.instruct("open-campaign", code="past", terms=terms)[0] == "done"
    body: dict[str, Any] = {"code": "old", "campaign": "past", "sponsor": "Tree Ltd"}
    assert house.instruct("fund-pool", how="secured", amount=10**6, **body)[0] == "done"
    assert door.post(deed(campaign="past")).status == 200
    house.settle()
    assert (sums(house), cases(house)) == ({BOOKS: (500, 0)}, [])
    house.check()


def test_a_batch_of_a_thousand_is_one_answer_and_one_row(house: House, door: DoorProcess) -> None:
    items = [deed(f"gift-{n}", 1 + n) for n in range(1_000)]
    assert door.post({"items": items}, path=BATCH).body == b'{"accepted":1000}'
    assert house.web.execute("SELECT count FROM inbox_row WHERE lane = 1").fetchall() == [(1_000,)]
    house.settle()
    assert sums(house)[BOOKS][0] == sum(range(1, 1_001))


def test_the_payer_is_in_no_table_and_the_raw_message_is_sealed(
    house: House, door: DoorProcess
) -> None:
    assert door.post(deed("a-secret-id")).status == 200
    assert door.post({"items": [deed("another-id")]}, path=BATCH).status == 200
    house.settle()
    with psycopg.connect(database_url("owner", HOME, house.database)) as owner:
        columns = owner.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public'"
            " AND data_type IN ('bytea', 'text', 'character varying', 'jsonb', 'USER-DEFINED')"
        ).fetchall()
        assert {"inbox_row", "inbox_raw", "giving_deed"} <= {table for table, _, _ in columns}
        for table, column, kind in columns:
            shown = f'"{column}"' if kind == "bytea" else f"convert_to(\"{column}\"::text, 'UTF8')"
            for needle in (PAYER, "a-secret-id", "another-id"):
                found = owner.execute(
                    f'SELECT count(*) FROM "{table}" WHERE position(%s::bytea in {shown}) > 0',
                    (needle.encode(),),
                ).fetchone()
                assert found == (0,), (table, column, needle)
        sealed = owner.execute("SELECT length(sealed) FROM inbox_raw").fetchall()
    assert len(sealed) == 2


def test_a_full_door_says_so_and_loses_nothing(house: House, door: DoorProcess) -> None:
    answers: list[Answer] = []

    def send(number: int) -> None:
        items = [deed(f"gift-{number}-{n}", 1) for n in range(1_000)]
        answers.append(door.post({"items": items}, path=BATCH))

    senders = [threading.Thread(target=send, args=(number,)) for number in range(20)]
    with hold_lane(house.database):
        for sender in senders:
            sender.start()
        door.wait_for(waiting=20_000)
        refused = door.post(deed("one too many"))
        assert (refused.status, refused.code) == (503, "full")
        assert refused.headers["retry-after"] == "1"
        assert answers == []
    for sender in senders:
        sender.join()
    assert [answer.status for answer in answers] == [200] * 20
    assert len({envelope.key for envelope in envelopes(house)}) == 20_000
    assert door.post(deed("one too many")).status == 200


def test_a_door_that_is_told_to_stop_answers_what_waits_first(
    house: House, door: DoorProcess
) -> None:
    body = encode(deed("last minute"))
    waiting, idle = Line(door.port), Line(door.port)
    with hold_lane(house.database):
        waiting.send(request(body, sign(body)))
        door.wait_for(waiting=1)
        door.process.terminate()
        assert idle.is_closed_by_the_door()
    answer = waiting.answer()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert waiting.is_closed_by_the_door()
    for line in (waiting, idle):
        line.close()
    assert door.process.wait(30) == 0
    assert len(envelopes(house)) == 1


def test_a_thousand_senders_may_come_at_once(house: House, door: DoorProcess) -> None:
    lines = [Line(door.port) for _ in range(1_000)]
    for number, line in enumerate(lines):
        body = encode(deed(f"gift-{number}", 1))
        line.send(request(body, sign(body)))
    assert [line.answer().status for line in lines] == [200] * 1_000
    for line in lines:
        line.close()
    assert len({envelope.key for envelope in envelopes(house)}) == 1_000


def test_a_sender_that_goes_away_while_waiting_is_served_all_the_same(
    house: House, door: DoorProcess
) -> None:
    body = encode(deed("impatient"))
    with hold_lane(house.database):
        for number, rude in enumerate((False, True)):
            line = Line(door.port)
            line.send(request(body, sign(body)))
            door.wait_for(waiting=number + 1)
            if rude:  # a reset, not a farewell
                linger = struct.pack("ii", 1, 0)
                line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            line.close()
    door.wait_for(waiting=0, durable=2)
    assert door.post(body).status == 200
    house.settle()
    assert (sums(house), cases(house)) == ({BOOKS: (500, 500)}, [])
    house.check()


def test_a_database_that_is_gone_leaves_it_unsure_and_the_repeat_settles_once(
    database: str,
) -> None:
    house = House(database)
    house.furnish()
    house.close()
    give_secret(database)
    body = encode(deed("through a storm"))
    with door_on(database) as door, Cluster(HOME).connect("postgres") as admin:
        assert door.post(body).status == 200
        admin.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,)
        )
        lost = door.post(body)
        assert (lost.status, lost.code) == (503, "unsure")
        assert lost.headers["retry-after"] == "1"
        admin.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        while (again := door.post(body)).status == 503:
            assert again.code == "unsure"
        assert again.status == 200
    house = House(database)
    house.settle()
    assert (sums(house), cases(house)) == ({BOOKS: (500, 500)}, [])
    house.check()
    house.close()


def test_a_door_that_has_not_read_its_channels_asks_to_wait(database: str) -> None:
    nowhere = database_url("web", HOME, f"{database}_absent")
    with door_on(database, web_url=nowhere, wait=False) as door:
        answer = door.post(deed())
        assert (answer.status, answer.code) == (503, "starting")
        assert answer.headers["retry-after"] == "1"


def test_a_secret_is_obeyed_and_revoked_while_the_door_runs(
    house: House, door: DoorProcess, owner: psycopg.Connection
) -> None:
    fresh = b"a second channel's secret, 32 by"
    unknown = door.post(deed(), channel="second", secret=fresh)
    assert unknown.code == "unauthentic"
    give_secret(house.database, "second", fresh)
    while (answer := door.post(deed(), channel="second", secret=fresh)).status != 200:
        assert answer.body == unknown.body
    owner.execute("UPDATE jusha_channelsecret SET revoked_at = now() WHERE code = 'second'")
    while (answer := door.post(deed(), channel="second", secret=fresh)).status == 200:
        pass
    assert answer.body == unknown.body
    assert door.post(deed()).status == 200


def test_a_damaged_secret_shuts_out_its_channel_alone(
    house: House, door: DoorProcess, owner: psycopg.Connection
) -> None:
    owner.execute(
        "INSERT INTO jusha_channelsecret (code, sealed, created_at) VALUES (%s, %s, now())",
        ("damaged", bytes(60)),
    )
    fresh = b"the third channel's secret, 32 b"
    give_secret(house.database, "third", fresh)
    while door.post(deed(), channel="third", secret=fresh).status != 200:
        pass
    assert door.post(deed(), channel="damaged", secret=fresh).code == "unauthentic"
    assert door.post(deed()).status == 200
