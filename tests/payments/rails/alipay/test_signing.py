"""Alipay's signatures, checked against values computed elsewhere, and the answer's exact bytes."""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from jusha.payments.rails.alipay.signing import (
    KeyRefusedError,
    NotAnAnswerError,
    is_signed,
    notice_text,
    private_key,
    public_key,
    request_text,
    sign,
    spans,
)
from jusha.payments.rails.alipay.values import ValueRefusedError, fen, seconds, time_text, yuan

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = KEY.public_key()


def test_openssl_makes_the_same_signature(tmp_path: Path) -> None:
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(pem)
    (tmp_path / "text").write_bytes(b"a=1&b=\xe5\x96\x84")
    command = ["openssl", "dgst", "-sha256", "-sign", str(tmp_path / "key"), str(tmp_path / "text")]
    made = subprocess.run(command, check=True, capture_output=True).stdout
    assert is_signed(PUBLIC, b"a=1&b=\xe5\x96\x84", _base64(made))
    assert sign(KEY, b"a=1&b=\xe5\x96\x84").encode() == _base64(made)


def _base64(raw: bytes) -> bytes:
    command = ["openssl", "base64", "-A"]
    return subprocess.run(command, check=True, capture_output=True, input=raw).stdout


def test_sha1_is_refused_and_so_is_another_text_and_what_is_no_base64() -> None:
    sha1 = KEY.sign(b"x", padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - what must not pass
    assert not is_signed(PUBLIC, b"x", _base64(sha1))
    assert not is_signed(PUBLIC, b"y", sign(KEY, b"x").encode())
    assert not is_signed(PUBLIC, b"x", b"\xff no")
    assert not is_signed(PUBLIC, b"x", b"")


def test_keys_are_read_with_and_without_their_frames_and_short_ones_are_refused() -> None:
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        pem = KEY.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
        bare = "".join(pem.splitlines()[1:-1])
        assert private_key(pem).private_numbers() == private_key(bare).private_numbers()
    pem = PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert public_key("".join(pem.splitlines()[1:-1])).public_numbers() == PUBLIC.public_numbers()
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - refused
    short_pem = short.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for text in (short_pem, "", "AAAA", "no key", pem):
        with pytest.raises(KeyRefusedError):
            private_key(text)
    with pytest.raises(KeyRefusedError):
        public_key("AAAA")


def test_a_request_leaves_out_what_is_empty_and_a_notice_does_not() -> None:
    assert (
        request_text({"b": "2", "sign": "x", "a": "", "sign_type": "RSA2"}) == b"b=2&sign_type=RSA2"
    )
    form = {b"b": b"2", b"sign": b"x", b"a": b"", b"sign_type": b"RSA2"}
    assert notice_text(form) == b"a=&b=2"


@pytest.mark.parametrize(
    ("raw", "inner"),
    [
        (b'{"r":{"a":"}\\"{"},"sign":"s"}', b'{"a":"}\\"{"}'),
        (b' { "sign" : "s" , "r" : { "a" : [1, 1.0] } } ', b'{ "a" : [1, 1.0] }'),
        (b'{"r":{"a":"\\\\"},"sign":"s"}', b'{"a":"\\\\"}'),
        ('{"r":{"a":"善"},"sign":"s"}'.encode(), '{"a":"善"}'.encode()),
        (b'{"r":{},"sign":"s"}', b"{}"),
    ],
)  # fmt: skip
def test_the_inner_object_comes_out_byte_for_byte(raw: bytes, inner: bytes) -> None:
    assert spans(raw) == {"r": inner, "sign": b'"s"'}


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"{", b'{"a"}', b'{"a":}', b'{"a":1', b'{"a":1}x', b'{"a":1,}', b'{"a":[}]}',
        b'{"a":1,"a":2}', b'{"\\u0061":1}', b'{"a":{"b":"}}', b'{"a":"\n"}', b'{"a":' + b"[" * 99,
    ],
)  # fmt: skip
def test_what_is_not_one_object_with_each_name_once_is_refused(raw: bytes) -> None:
    with pytest.raises(NotAnAnswerError):
        spans(raw)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.text(alphabet="abc_", min_size=1, max_size=5)


@given(whole=st.dictionaries(NAMES, VALUES, max_size=5), indent=st.none() | st.just(2))
def test_every_span_is_the_value_as_json_reads_it(
    whole: dict[str, object], indent: int | None
) -> None:
    found = spans(json.dumps(whole, ensure_ascii=False, indent=indent).encode())
    assert {name: json.loads(raw) for name, raw in found.items()} == whole


@given(amount=st.integers(1, 10**13))
def test_yuan_and_fen_are_each_others_way_back(amount: int) -> None:
    assert fen(yuan(amount)) == amount


@pytest.mark.parametrize(
    "text",
    ["", "1.001", "1.", ".5", "-1", "+1", "1e2", "01", "１", "1,000", " 1", "1\n", None, "9" * 14],
)  # fmt: skip
def test_what_is_no_exact_amount_is_refused(text: object) -> None:
    with pytest.raises(ValueRefusedError):
        fen(text)


@pytest.mark.parametrize("amount", [0, -1, 10**13 + 1])
def test_what_nobody_can_pay_is_not_written(amount: int) -> None:
    with pytest.raises(ValueRefusedError):
        yuan(amount)


def test_times_are_shanghais() -> None:
    assert time_text(1_790_049_600) == "2026-09-22 12:00:00"
    assert seconds("2026-09-22 12:00:00") == 1_790_049_600
    for text in ("2026-02-30 00:00:00", "2026-09-22T12:00:00", "2026-09-22 24:00:00", "", None):
        with pytest.raises(ValueRefusedError):
            seconds(text)
