"""The fast writer of gift leaves against canonical JSON by somebody else."""

import base64
import json
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from jusha.inbox.envelopes import CODE
from jusha.tlog.leaves import LeafMatch, canonical, gift_leaf, leaf_words

CODES = st.from_regex(CODE, fullmatch=True)
AMOUNTS = st.integers(1, 10**13)
MATCHES = st.lists(
    st.builds(LeafMatch, AMOUNTS, st.sampled_from(["rule", "pool"]), CODES, CODES), max_size=3
)


@given(
    number=st.integers(0, 2**40),
    amount=AMOUNTS,
    codes=st.tuples(CODES, CODES, CODES | st.just("")),
    tag=st.just(b"") | st.binary(min_size=16, max_size=16),
    commitment=st.just(b"") | st.binary(min_size=32, max_size=32),
    matches=MATCHES,
)
def test_a_gift_leaf_is_canonical_json(
    number: int,
    amount: int,
    codes: tuple[str, str, str],
    tag: bytes,
    commitment: bytes,
    matches: list[LeafMatch],
) -> None:
    channel, project, campaign = codes
    leaf = gift_leaf(
        leaf_words(channel, "CNY", project, campaign), number, "2026-09-09T01:12Z", amount, tag,
        commitment, matches,
    )  # fmt: skip
    wanted: dict[str, Any] = {
        "amt": amount,
        "ch": channel,
        "cur": "CNY",
        "k": "don",
        "n": number,
        "prj": project,
        "t": "2026-09-09T01:12Z",
        "v": 1,
    }
    if campaign:
        wanted["rd"] = campaign
    if tag:
        wanted["tag"] = base64.b64encode(tag).decode()
    if commitment:
        wanted["cm"] = base64.b64encode(commitment).decode()
    if matches:
        wanted["m"] = [{"amt": m.amount, "by": m.by, "pool": m.pool, "r": m.rule} for m in matches]
    assert leaf == rfc8785.dumps(wanted)


@given(fields=st.dictionaries(CODES, st.integers(-(2**53) + 1, 2**53 - 1) | CODES, max_size=8))
def test_other_entries_are_canonical_json_too(fields: dict[str, Any]) -> None:
    assert canonical(fields) == rfc8785.dumps(fields)
    assert json.loads(canonical(fields)) == fields
