"""Messages become envelopes; problems become documents."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.door.messages import BATCH_MAX, BODY_MAX, PATHS, Keys, UnreadableError
from jusha.door.problems import PROBLEMS, UNREADABLE, Problem, problem_body
from jusha.inbox.envelopes import NO_PERSON, Deed, Order, decode, encode
from jusha.inbox.keys import deed_key, person_key

KEYS = Keys(deed=b"d" * 32, person=b"p" * 32)
DEED = b'{"id":"a","asset":"CNY","amount":100,"payer":"wx-7"}'


def test_a_deed_keeps_the_hash_of_its_own_bytes_and_the_names_of_id_and_payer() -> None:
    (envelope,) = KEYS.read("/door/v1/deeds", "rail", DEED)
    assert isinstance(envelope, Deed)
    assert envelope == Deed(
        channel="rail",
        key=deed_key(b"d" * 32, "rail", "a"),
        body=hashlib.sha256(DEED).digest(),
        asset="CNY",
        amount=100,
        person=person_key(b"p" * 32, "rail", "wx-7"),
    )


def test_a_payer_has_another_key_at_another_rail_and_nobody_has_none() -> None:
    here, there = (KEYS.read_deed(rail, DEED) for rail in ("rail", "other"))
    assert here.person != there.person
    assert here.key != there.key
    assert KEYS.read_deed("rail", b'{"id":"a","asset":"CNY","amount":1}').person == NO_PERSON


def test_an_item_of_a_batch_is_read_as_if_it_came_alone() -> None:
    spaced = b'{ "id" : "b", "asset":"USD","amount":7 }'
    batch = b'{"items": [\n' + DEED + b" , " + spaced + b"\n]}"
    assert KEYS.read("/door/v1/deeds/batch", "rail", batch) == [
        KEYS.read_deed("rail", DEED),
        KEYS.read_deed("rail", spaced),
    ]


def test_an_order_becomes_its_envelope() -> None:
    raw = b'{"no":"202611230000000001","asset":"CNY","amount":5,"project":"p-1","campaign":"c"}'
    assert KEYS.read("/door/v1/orders", "rail", raw) == [
        Order(no=202611230000000001, project="p-1", campaign="c", asset="CNY", amount=5)
    ]


@given(st.sampled_from(sorted(PATHS)), st.binary(max_size=200))
def test_any_bytes_are_read_or_unreadable(path: str, raw: bytes) -> None:
    try:
        found = KEYS.read(path, "rail", raw)
    except UnreadableError as error:
        json.loads(problem_body(UNREADABLE, str(error)))  # can be told
    else:
        assert decode(encode(found)) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELDS = ("id", "asset", "amount", "order", "project", "campaign", "payee", "payer", "paid_at")


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.sampled_from(sorted(PATHS)))
def test_any_object_is_read_or_unreadable_and_what_is_read_is_money(
    more: dict[str, object], path: str
) -> None:
    raw = json.dumps({"id": "a", "asset": "CNY", "amount": 1} | more).encode()
    try:
        found = KEYS.read(path, "rail", raw)
    except UnreadableError:
        return
    for envelope in found:
        assert isinstance(envelope, Deed)
        assert 0 < envelope.amount <= 10**13
        assert type(envelope.amount) is int


@given(st.text(min_size=1, max_size=128), st.text(min_size=1, max_size=128))
def test_the_longest_names_fit_into_the_body(external_id: str, payer: str) -> None:
    told = {"id": external_id, "asset": "CNY", "amount": 10**13, "order": "9" * 18}
    told |= dict.fromkeys(("project", "campaign", "payee"), "x" * 40) | {"payer": payer}
    raw = json.dumps(told | {"paid_at": 4_102_444_800}).encode()  # every letter escaped
    assert len(raw) <= BODY_MAX["/door/v1/deeds"]
    assert KEYS.read_deed("rail", raw).amount == 10**13


def test_a_full_batch_of_usual_messages_fits_into_the_body() -> None:
    usual = 900  # bytes, twice what rails send
    assert BATCH_MAX * usual < BODY_MAX["/door/v1/deeds/batch"]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.code)
def test_a_problem_says_what_happened_what_is_safe_and_what_to_do(problem: Problem) -> None:
    told = json.loads(problem_body(problem))
    assert told["type"].startswith("urn:jusha:problem:")
    assert 400 <= told["status"] <= 503
    assert "recorded. " in told["detail"]
    assert told["detail"].endswith(".")


def test_problems_have_codes_of_their_own() -> None:
    assert len({problem.code for problem in PROBLEMS}) == len(PROBLEMS)
