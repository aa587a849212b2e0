"""Canonical JSON and the sealed private part, against someone else's canonical JSON."""

import unicodedata
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from jusha.merkle import commitment
from jusha.merkle.encoding import encode64
from jusha.merkle.errors import CanonicalJsonError, CommitmentMismatchError
from tests.merkle import logs

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(
    lambda text: unicodedata.normalize("NFC", text)
)
VALUES = st.recursive(
    TEXTS | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.none(),
    lambda each: (
        st.lists(each, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), each, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
@settings(deadline=None)
def test_our_canonical_json_is_rfc_8785(value: Any) -> None:
    data = commitment.canonical_json(value)
    assert data == rfc8785.dumps(value)
    assert commitment.parse_canonical_json(data) == value


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        2**53,
        {"钱": 1},
        {1: 2},
        "\ud800",
        "e\u0301",
        b"bytes",
        (1, 2),
        {"a": {1}},
    ],
)
def test_values_outside_the_subset_are_refused(value: object) -> None:
    with pytest.raises(CanonicalJsonError):
        commitment.canonical_json(value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b'"\\u0041"',
        b"1.0",
        b"1e2",
        b"-0",
        b"NaN",
        b"",
        b"\xff",
        b"[" * 100_000,
        b"1" * 10_000,
        b'{"a":1}\n',
    ],
)
def test_other_spellings_of_json_are_refused(data: bytes) -> None:
    with pytest.raises(CanonicalJsonError):
        commitment.parse_canonical_json(data)


def test_the_commitment_is_the_hash_that_the_format_names() -> None:
    expected = sha256(b"jusha-commit/v1\n" + logs.R + rfc8785.dumps(logs.PRIVATE)).digest()
    assert commitment.commit(private=logs.PRIVATE, r=logs.R) == expected
    with pytest.raises(CommitmentMismatchError):
        commitment.commit(private=logs.PRIVATE, r=logs.R[:31])


def test_a_shared_receipt_carries_the_leaf_and_nothing_private() -> None:
    leaf = logs.leaf(4)
    extra = commitment.share_extra(leaf=leaf)
    assert extra == b'{"leaf":' + leaf + b"}"
    assert commitment.read_extra(extra) == commitment.Opening(leaf, None, None)


def test_a_kept_receipt_opens_the_commitment() -> None:
    leaf = logs.leaf(4)
    extra = commitment.opening_extra(leaf=leaf, private=logs.PRIVATE, r=logs.R)
    opening = commitment.read_extra(extra)
    assert opening == commitment.Opening(leaf, logs.PRIVATE, logs.R)


@pytest.mark.parametrize(
    ("private", "r"), [(logs.PRIVATE | {"name": "王芳"}, logs.R), (logs.PRIVATE, bytes(32))]
)
def test_an_opening_that_does_not_fit_is_never_written(private: dict[str, Any], r: bytes) -> None:
    with pytest.raises(CommitmentMismatchError):
        commitment.opening_extra(leaf=logs.leaf(4), private=private, r=r)


@pytest.mark.parametrize(
    "extra",
    [
        b"{}",
        b"[]",
        b'{"leaf":[]}',
        b'{"leaf":{},"private":{}}',
        b'{"leaf":{},"r":""}',
        b'{"leaf":{},"more":1}',
        b'{"leaf":{"cm":""},"private":[],"r":""}',
        b'{"leaf":{"cm":""},"private":{},"r":"not base64"}',
        b'{"leaf":' + b"[" * 20 + b"]" * 20 + b"}",
        logs.pretty(commitment.share_extra(leaf=logs.leaf(4))),
    ],
)
def test_extras_of_another_shape_are_refused(extra: bytes) -> None:
    with pytest.raises((CanonicalJsonError, CommitmentMismatchError)):
        commitment.read_extra(extra)


def test_a_leaf_without_a_commitment_cannot_be_opened() -> None:
    extra = commitment.canonical_json({"leaf": {"v": 1}, "private": {}, "r": encode64(bytes(32))})
    with pytest.raises(CommitmentMismatchError, match="missing"):
        commitment.read_extra(extra)
