"""Signatures: fixed vectors, computed by hand from the protocol and checked by the code."""

import hashlib
import hmac
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.door.signature import WINDOW_SECONDS, is_authentic, is_fresh, signature

SECRET = bytes(range(32))
PARTS = {
    "method": "POST",
    "path": "/door/v1/deeds",
    "channel": "demo",
    "timestamp": "1795395600",
}


@pytest.mark.parametrize(
    ("secret", "body", "wanted"),
    [
        # openssl dgst -sha256 -mac HMAC over the text that the module's docstring tells
        (SECRET, b"", "4dec87e5e7c59f8c421ecec32789a88c4b89e678989fe50e3843c7e61b9b0d4a"),
        (SECRET, b'{"id":"a"}', "c6c566d7f9be5fb82cafb8af2d5c1e58f7addd1c46b8d11f07aae8ecfd9617c7"),
        (
            bytes(32),
            "山".encode(),
            "2b53bc927a082b0fdf214e6ca99b84e3a713ed7fba49824713c3484e436626fd",
        ),
    ],
)
def test_the_signature_is_hmac_sha256_of_the_signed_text(
    secret: bytes, body: bytes, wanted: str
) -> None:
    assert signature(secret, **PARTS, body=body) == f"v1={wanted}"
    assert is_authentic(secret, f"v1={wanted}", **PARTS, body=body)


def test_rfc_4231_agrees_with_the_primitive_that_is_used() -> None:
    wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert hmac.digest(b"Jefe", b"what do ya want for nothing?", "sha256").hex() == wanted


@given(st.sampled_from(sorted(PARTS)), st.text(max_size=20))
def test_no_other_part_has_the_same_signature(part: str, other: str) -> None:
    right = signature(SECRET, **PARTS, body=b"{}")
    assert is_authentic(SECRET, right, **(PARTS | {part: other}), body=b"{}") == (
        other == PARTS[part]
    )


@given(st.binary(max_size=60))
def test_no_other_body_has_the_same_signature(body: bytes) -> None:
    right = signature(SECRET, **PARTS, body=b"{}")
    assert is_authentic(SECRET, right, **PARTS, body=body) == (body == b"{}")


@given(st.text())
def test_any_text_may_be_given_as_a_signature_and_none_fits(given_text: str) -> None:
    assert not is_authentic(SECRET, given_text, **PARTS, body=b"{}")
    assert not is_authentic(SECRET, f"v1={given_text}", **PARTS, body=b"{}")


@pytest.mark.parametrize(
    "change",
    [str.upper, str.title, lambda right: right + " ", lambda right: right[3:]],
    ids=["upper", "title", "blank", "bare"],
)
def test_a_signature_has_one_spelling(change: Callable[[str], str]) -> None:
    right = signature(SECRET, **PARTS, body=b"{}")
    assert not is_authentic(SECRET, change(right), **PARTS, body=b"{}")


def test_nobody_is_authentic_even_who_signs_with_the_stand_in_for_no_secret() -> None:
    text = b"jusha-hmac-v1\nPOST\n/door/v1/deeds\ndemo\n1795395600\n{}"
    forged = "v1=" + hmac.new(bytes(32), text, hashlib.sha256).hexdigest()
    assert not is_authentic(None, forged, **PARTS, body=b"{}")


@pytest.mark.parametrize("off_seconds", [0, 1, -1, WINDOW_SECONDS, -WINDOW_SECONDS])
def test_a_timestamp_within_the_window_is_fresh(off_seconds: int) -> None:
    assert is_fresh(str(1_795_395_600 + off_seconds), 1_795_395_600.0)


@pytest.mark.parametrize("off_seconds", [WINDOW_SECONDS + 1, -WINDOW_SECONDS - 1, 10**9])
def test_a_timestamp_outside_is_not(off_seconds: int) -> None:
    assert not is_fresh(str(1_795_395_600 + off_seconds), 1_795_395_600.0)


@pytest.mark.parametrize("odd", ["", " 1795395600", "+1795395600", "1795395600.0", "١٧٩٥٣٩٥٦٠٠"])
def test_a_timestamp_has_one_spelling(odd: str) -> None:
    assert not is_fresh(odd, 1_795_395_600.0)
