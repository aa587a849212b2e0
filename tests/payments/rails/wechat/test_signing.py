"""Signatures and seals against vectors made by cryptography alone."""

import base64
import pickle
import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from jusha.payments.rails.wechat.keys import KeyUnusableError, Merchant, Platform, Seal
from jusha.payments.rails.wechat.signing import NotSealedError, is_signed
from tests.payments.rails.wechat.oracle import KEY_ID, NOW, platform_key, platform_pem, signed
from tests.sandbox.wechat.world import APIV3, SERIAL, merchant_key, private_pem


def test_a_request_is_signed_over_its_five_lines() -> None:
    merchant = Merchant("1900000100", serial=SERIAL, private_pem=private_pem())
    body = '{"description":"山月"}'.encode()
    header = merchant.authorization(
        method="POST", target="/v3/pay?a=%E5%B1%B1", timestamp_s=NOW, nonce="5K8264", body=body
    )
    found = re.fullmatch(
        r'WECHATPAY2-SHA256-RSA2048 mchid="1900000100",nonce_str="5K8264",'
        rf'signature="([A-Za-z0-9+/=]+)",timestamp="{NOW}",serial_no="{SERIAL}"',
        header,
    )
    assert found
    text = f"POST\n/v3/pay?a=%E5%B1%B1\n{NOW}\n5K8264\n".encode() + body + b"\n"
    merchant_key().public_key().verify(
        base64.b64decode(found[1]), text, padding.PKCS1v15(), hashes.SHA256()
    )


def check(headers: dict[bytes, bytes], body: bytes) -> bool:
    return is_signed(
        platform_key().public_key(),
        given=headers[b"wechatpay-signature"],
        timestamp=headers[b"wechatpay-timestamp"],
        nonce=headers[b"wechatpay-nonce"],
        body=body,
    )


@given(st.binary(max_size=64), st.integers(0, 63), st.integers(1, 255))
def test_no_byte_of_a_signed_body_can_change(body: bytes, place: int, by: int) -> None:
    headers = signed(body)
    assert check(headers, body)
    changed = bytearray(body or b"x")
    changed[place % len(changed)] ^= by
    assert not check(headers, bytes(changed))


def test_a_signature_of_another_cut_of_the_same_text_is_none() -> None:
    whole = signed(b"second\nthird", nonce=b"first")
    assert check(whole, b"second\nthird")
    moved = whole | {b"wechatpay-nonce": b"first\nsecond"}
    assert not check(moved, b"third")


@pytest.mark.parametrize("given_", [b"", b"A" * 344, b"WECHATPAY/SIGNTEST/" + b"A" * 344, b"\xff"])
def test_what_is_no_signature_is_refused_without_an_error(given_: bytes) -> None:
    assert not check(signed(b"x") | {b"wechatpay-signature": given_}, b"x")


def test_a_signature_with_a_space_inside_is_not_read_as_if_it_had_none() -> None:
    headers = signed(b"x")
    made = headers[b"wechatpay-signature"]
    assert not check(headers | {b"wechatpay-signature": made[:8] + b" " + made[8:]}, b"x")


def test_what_was_sealed_with_the_old_key_opens_while_both_are_valid() -> None:
    old, new = b"o" * 32, b"n" * 32
    text = AESGCM(old).encrypt(b"n" * 12, b"told", b"transaction")
    seal = Seal(new, old)
    assert seal.open(nonce="n" * 12, associated="transaction", ciphertext=text) == b"told"
    with pytest.raises(NotSealedError):
        Seal(new).open(nonce="n" * 12, associated="transaction", ciphertext=text)
    with pytest.raises(NotSealedError):
        seal.open(nonce="n" * 12, associated="refund", ciphertext=text)
    for nonce, cipher in (
        ("n" * 11, text),
        ("山" * 4, text),
        ("n" * 12, text[:-1]),
        ("n" * 12, b""),
    ):
        with pytest.raises(NotSealedError):
            seal.open(nonce=nonce, associated="transaction", ciphertext=cipher)


def certificate(serial: int, *, ends: datetime) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(platform_key().public_key())
        .serial_number(serial)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(ends)
        .sign(platform_key(), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def test_several_keys_of_the_platform_are_valid_at_once_each_until_its_end() -> None:
    now = datetime.fromtimestamp(NOW, UTC)
    old = certificate(0xAB1, ends=now + timedelta(days=5))
    new = certificate(0xAB2, ends=now + timedelta(days=1_000))
    keys = Platform.from_pems(certificates=[old, new], public_keys={KEY_ID: platform_pem()})
    assert keys.ids == {"AB1", "AB2", KEY_ID}
    for id_ in (b"AB1", b"AB2", b"ab2", b"00AB2", KEY_ID.encode()):
        assert keys.key(id_, now_s=NOW) is not None, id_
    assert keys.key(b"AB1", now_s=NOW + 6 * 86_400) is None
    assert keys.key(b"AB2", now_s=NOW + 6 * 86_400) is not None
    assert keys.key(b"AB3", now_s=NOW) is None
    assert keys.key(b"", now_s=NOW) is None
    assert keys.preferred == KEY_ID


def test_no_secret_shows_itself() -> None:
    merchant = Merchant("1900000100", serial=SERIAL, private_pem=private_pem())
    seal = Seal(APIV3.encode())
    assert (repr(merchant), f"{seal}") == ("<Merchant>", "<Seal>")
    for secret in (merchant, seal):
        with pytest.raises(TypeError):
            pickle.dumps(secret)


def test_keys_of_another_kind_are_refused_and_not_repeated() -> None:
    short = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)  # noqa: S505 - refused
    other = ec.generate_private_key(ec.SECP256R1())
    kinds = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for pem in (short.private_bytes(*kinds), other.private_bytes(*kinds), b"hello", b""):
        with pytest.raises(KeyUnusableError) as refused:
            Merchant("1900000100", serial=SERIAL, private_pem=pem)
        assert pem.decode() not in str(refused.value) or not pem
    with pytest.raises(KeyUnusableError):
        Seal(b"short")
    with pytest.raises(KeyUnusableError):
        Platform.from_pems()
    with pytest.raises(KeyUnusableError):
        Platform.from_pems(public_keys={"PUB_KEY": platform_pem()})
    with pytest.raises(KeyUnusableError):
        Platform.from_pems(public_keys={KEY_ID: b"hello"}, certificates=[b"no"])
